"""Standards by place and date."""

from datetime import date

from policy_engine.catalogue import DatedValue, Parameter, Source, catalogue

TODAY = date(2026, 11, 23)
SOURCE = Source("试验标准", "https://example.invalid", "official", TODAY)


def parameter(*values: tuple[str, date, int | None]) -> Parameter:
    dated = tuple(DatedValue(division, (), since, value, SOURCE) for division, since, value in values)
    return Parameter("trial", "试验标准", "trial", "money", "元", (), dated)


def test_2025_standards_are_those_of_the_notice() -> None:
    dibao = catalogue().parameters["低保标准"]
    orphan = catalogue().parameters["孤儿养育标准"]
    assert dibao.value_on(TODAY, "420202007", "城镇") == 815_00
    assert dibao.value_on(TODAY, "420281001", "农村") == 711_00
    assert dibao.value_on(TODAY, "420222100", "农村") == 575_00
    assert orphan.value_on(TODAY, "420222100", "集中供养") == 2608_00


def test_nothing_applies_before_the_first_date_or_outside_the_city() -> None:
    dibao = catalogue().parameters["低保标准"]
    assert dibao.value_on(date(2025, 6, 30), "420202007", "城镇") is None
    assert dibao.value_on(TODAY, "360402001", "城镇") is None


def test_nearest_enclosing_division_counts_first() -> None:
    trial = parameter(("420000", date(2026, 1, 1), 1), ("420222", date(2020, 1, 1), 2))
    assert trial.value_on(TODAY, "420222100") == 2
    assert trial.value_on(TODAY, "420202007") == 1


def test_latest_date_counts_inside_one_division() -> None:
    trial = parameter(
        ("420200", date(2024, 1, 1), 1), ("420200", date(2025, 1, 1), 2), ("420200", date(2027, 1, 1), 3)
    )
    assert trial.value_on(TODAY, "420202007") == 2
    assert trial.value_on(date(2024, 12, 31), "420202007") == 1


def test_repeal_nearby_says_that_nothing_applies() -> None:
    trial = parameter(
        ("420000", date(2020, 1, 1), 1), ("420200", date(2021, 1, 1), 2), ("420200", date(2025, 1, 1), None)
    )
    assert trial.value_on(TODAY, "420202007") is None
    assert trial.value_on(date(2024, 1, 1), "420202007") == 2


def test_outer_value_counts_until_the_nearer_one_begins() -> None:
    trial = parameter(("420000", date(2020, 1, 1), 1), ("420200", date(2027, 1, 1), 2))
    assert trial.value_on(TODAY, "420202007") == 1


def test_only_the_standards_of_social_assistance_are_official() -> None:
    worst = {name: one.standing_in("420200", TODAY) for name, one in catalogue().parameters.items()}
    assert worst == {
        "低保标准": "official",
        "特困标准": "official",
        "孤儿养育标准": "official",
        "失业保险金标准": "unverified",
        "最低工资标准": "press",
        "居民医保个人缴费标准": "unverified",
        "人均住房保障面积": "unverified",
    }
