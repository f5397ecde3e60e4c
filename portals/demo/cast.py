"""Who plays which part: found among the generated residents by what the part needs, the same for the same city."""

from datetime import date
from pathlib import Path

import msgspec
import polars as pl

#: The street where most of the cast live, and the county around it.
STREET = "420202007"
STREET_NAME = "胜阳港街道"
COUNTY = "420202"
DAYE = "420281"


class Cast(msgspec.Struct, frozen=True):
    """Subject numbers by part. ``officials`` are grown-ups without another part, enough for every seat, the city's
    first, then the banks'. The ``accountant`` acts for ``firm`` and for ``other_firm``, which ``other_head`` represents.
    """

    resident: int
    elder: int
    daughter: int
    parent: int
    baby: int
    firm: int
    legal_representative: int
    agent: int
    accountant: int
    other_firm: int
    other_head: int
    officials: tuple[int, ...]


def choose(directory: Path, as_of: date, officials: int) -> Cast:
    """Choose the cast from the Parquet files in ``directory``. Raises ``LookupError`` when the city is too small."""
    persons = pl.read_parquet(directory / "persons.parquet").filter(~pl.col("is_deceased"))
    payable = pl.read_parquet(directory / "registry.parquet").filter("has_payee_account")["subject_id"]
    firms = pl.read_parquet(directory / "firms.parquet")
    hires = pl.read_parquet(directory / "hires.parquet")
    age = (as_of.year - pl.col("birth_date").dt.year()).alias("age")
    persons = persons.with_columns(age, is_payable=pl.col("subject_id").is_in(payable.implode()))
    local = persons.filter(pl.col("hukou_division").str.starts_with(COUNTY))
    grown = local.filter(
        pl.col("age").is_between(25, 55) & pl.col("is_payable") & pl.col("disability_level").is_null()
    )

    resident = _first(
        persons.filter(
            (pl.col("disability_level") <= 2)
            & pl.col("has_long_term_care_need")
            & ~pl.col("is_tekun")
            & ~pl.col("receives_injury_care")
            & pl.col("is_payable")
            & (pl.col("age") >= 18)
        ).sort(
            pl.col("hukou_division") != STREET,
            ~pl.col("hukou_division").str.starts_with(COUNTY),
            "subject_id",
        ),
        "a severely disabled resident whose need of care is recognised",
    )
    elder, daughter = _elder_and_daughter(local)
    parent, baby = _parent_and_baby(persons, as_of)
    known = (
        firms.filter(
            pl.col("registered_division").str.starts_with(DAYE)
            & (pl.col("firm_kind") == "企业")
            & pl.col("hitech_recognition").is_null()
            & ~pl.col("is_abnormal")
            & ~pl.col("is_dishonest")
            & ~pl.col("main_revenue_this_year__unknown")
            & pl.col("main_revenue_this_year").is_not_null()
        )
        .sort(
            ~pl.col("subject_id").is_in(_with_graduates(hires).implode()) | (pl.col("size") == "大型"),
            "main_revenue_this_year",
            "subject_id",
            descending=[False, True, False],
        )
        .unique("legal_representative_id", keep="first", maintain_order=True)
    )
    if len(known) < 2:
        raise LookupError(
            "the city has no two enterprises in Daye whose revenue is known; generate more firms"
        )
    firm, other_firm = known["subject_id"][:2].to_list()
    representative, other_head = known["legal_representative_id"][:2].to_list()
    taken = {resident, elder, daughter, parent, baby, representative, other_head}
    others = [number for number in grown["subject_id"].to_list() if number not in taken]
    if len(others) < officials + 2:
        raise LookupError(
            "the city has too few grown-ups for the demonstration; generate at least 5,000 residents"
        )
    return Cast(
        resident=resident,
        elder=elder,
        daughter=daughter,
        parent=parent,
        baby=baby,
        firm=firm,
        legal_representative=representative,
        agent=others[0],
        accountant=others[officials + 1],
        other_firm=other_firm,
        other_head=other_head,
        officials=tuple(others[1 : officials + 1]),
    )


def _with_graduates(hires: pl.DataFrame) -> pl.Series:
    """Firms that have taken on a graduate, for which a grant waits to be claimed."""
    return hires.filter(
        pl.col("graduation_stage").is_not_null()
        & pl.col("pays_social_insurance")
        & (pl.col("contract_months") >= 12)
    )["owner_id"]


def _elder_and_daughter(local: pl.DataFrame) -> tuple[int, int]:
    """An elderly woman without a certificate, and a daughter of hers; any younger woman where no daughter is known."""
    elders = local.filter(
        (pl.col("sex") == "女")
        & pl.col("age").is_between(70, 88)
        & pl.col("disability_level").is_null()
        & ~pl.col("is_tekun")
        & ~pl.col("receives_injury_care")
        & pl.col("is_payable")
    ).sort(pl.col("hukou_division") != STREET, "subject_id")
    women = local.filter((pl.col("sex") == "女") & pl.col("age").is_between(35, 60)).sort("subject_id")
    pairs = elders.join(
        women.select(daughter_id="subject_id", mother_id="mother_id"),
        left_on="subject_id",
        right_on="mother_id",
        maintain_order="left",
    )
    if not pairs.is_empty():
        return int(pairs["subject_id"][0]), int(pairs["daughter_id"][0])
    return _first(elders, "an elderly woman"), _first(women, "a woman of middle age")


def _parent_and_baby(persons: pl.DataFrame, as_of: date) -> tuple[int, int]:
    babies = persons.filter(
        (pl.col("birth_date") > as_of.replace(year=as_of.year - 2))
        & pl.col("is_birth_lawful")
        & pl.col("mother_id").is_not_null()
    )
    mothers = persons.filter("is_payable").select(mother_id="subject_id")
    known = babies.join(mothers, on="mother_id").sort(
        pl.col("hukou_division") != STREET, ~pl.col("hukou_division").str.starts_with(COUNTY), "subject_id"
    )
    return int(_row(known, "a baby with a mother")["mother_id"]), int(
        _row(known, "a baby with a mother")["subject_id"]
    )


def _first(frame: pl.DataFrame, what: str) -> int:
    return _row(frame, what)["subject_id"]


def _row(frame: pl.DataFrame, what: str) -> dict[str, int]:
    if frame.is_empty():
        raise LookupError(f"the city has nobody for the part of {what}; generate more residents")
    return {name: value for name, value in frame.row(0, named=True).items() if name.endswith("_id")}
