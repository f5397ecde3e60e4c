"""What families meet: schooling, illness, sudden hardship, a home bought, an old age that needs help.

Drawn after everything else and from dice of its own, so that the people of a seed stay who they are when a fact is
added here. Nothing but the order of magnitude is published; most people have none of it, which is absent, not unknown.
"""

from datetime import date

import numpy as np
import polars as pl

from policy_engine.profiles.city.calibration import ByAge
from policy_engine.profiles.city.drawing import (
    NOBODY,
    Bools,
    Ints,
    Numbers,
    day_number,
    days,
    flags,
    happens,
    labels,
    numbers,
    weighted,
)
from policy_engine.profiles.city.enterprises import Items
from policy_engine.profiles.city.families import YEAR, People
from policy_engine.profiles.city.homes import YUAN, Homes
from policy_engine.profiles.city.residents import AT_SCHOOL, FLEXIBLE, JOBLESS, Disabilities

SITUATIONS = ("死亡", "失踪", "重残", "重病", "服刑在押", "强制隔离戒毒", "限制人身自由", "失联")
STAGES = ("学前", "小学", "初中", "普通高中", "中职", "高职", "本科", "研究生")
PRESCHOOL, PRIMARY, JUNIOR, SENIOR, VOCATIONAL, COLLEGE, UNIVERSITY, GRADUATE = range(8)
STUDENT_HARDSHIP = ("一般困难", "困难", "特别困难")
LOST_ABILITY = ("轻度", "中度", "重度")
FATES = ("健在", "伤残", "死亡")
#: Years from birth to the end of each stage.
STAGE_ENDS = (6, 12, 15, 18, 18, 21, 22, 25)

DRIVING_CLASSES = ("A1", "A2", "B1", "B2", "C1", "C2", "D", "E")
DRIVING_CLASS_SHARES = (0.005, 0.015, 0.01, 0.05, 0.66, 0.22, 0.01, 0.03)
DRIVERS = ByAge((17.5, 18.5, 30, 45, 60, 70, 80), (0.0, 0.15, 0.62, 0.58, 0.25, 0.06, 0.0))
CARD_HOLDERS = ByAge((0, 6, 16, 30, 90), (0.35, 0.70, 0.92, 0.98, 0.97))


def more_of_persons(
    rng: np.random.Generator,
    people: People,
    homes: Homes,
    disabilities: Disabilities,
    work: Ints,
    as_of: date,
) -> dict[str, pl.Series]:
    """The base attributes of persons that families and departments add."""
    return {
        **_children(rng, people, homes),
        **_care(rng, people, homes, disabilities),
        **_schooling(rng, people, work, as_of),
        **_late_work(rng, people, work),
    }


def _children(rng: np.random.Generator, people: People, homes: Homes) -> dict[str, pl.Series]:
    """Parents' situations for the few children of whom one was reported; births where the health commission kept them."""
    count, age = len(people), people.age
    reported = (age < 18) & ~people.is_orphan & (rng.random(count) < 0.002)
    both = reported & (rng.random(count) < 0.7)
    father, mother = (
        weighted(rng, (3, 1, 2, 2, 2, 1, 1, 3), count),
        weighted(rng, (1, 1, 2, 2, 1, 1, 1, 4), count),
    )
    living = np.zeros(count, np.int32)
    daughters = np.zeros(count, np.int32)
    grown = np.flatnonzero(people.mother >= 0)
    np.add.at(living, people.mother[grown], 1)
    np.add.at(daughters, people.mother[grown], people.is_female[grown])
    fathers = np.flatnonzero(people.father >= 0)
    np.add.at(living, people.father[fathers], 1)
    np.add.at(daughters, people.father[fathers], people.is_female[fathers])
    kept = (age >= 45) & (living <= 2) & homes.is_rural[people.household] & (rng.random(count) < 0.35)
    one_child = (age >= 49) & (living <= 1) & (rng.random(count) < 0.20)
    return {
        "living_children": numbers(living),
        "living_daughters": numbers(daughters),
        "is_family_planning_registered": flags(kept),
        "only_child_fate": labels(FATES, weighted(rng, (0.97, 0.018, 0.012), count), one_child),
        "father_situation": labels(SITUATIONS, father, reported),
        "mother_situation": labels(SITUATIONS, mother, both),
        "is_unsupported_child": flags(both & (rng.random(count) < 0.6)),
    }


def _care(
    rng: np.random.Generator, people: People, homes: Homes, disabilities: Disabilities
) -> dict[str, pl.Series]:
    """Illness, old age, service and assistive devices."""
    count, age, lives_at = len(people), people.age, people.household
    severe = (disabilities.level == 1) | (disabilities.level == 2)
    ill = rng.random(count) < np.interp(age, (0, 40, 60, 85), (0.001, 0.004, 0.015, 0.03))
    alone = homes.is_marginal[lives_at] & (ill | severe) & (rng.random(count) < 0.5)
    assessed = (age >= 60) & (rng.random(count) < np.interp(age, (60, 75, 90), (0.01, 0.05, 0.25)))
    has_device = (disabilities.level > 0) & (rng.random(count) < 0.05)
    first = rng.integers(3, 70, count) * 100 * YUAN
    return {
        "has_severe_illness": flags(ill),
        "is_single_dibao": flags(alone),
        "lost_ability": labels(LOST_ABILITY, weighted(rng, (0.45, 0.33, 0.22), count), assessed),
        "is_entitled_to_preference": flags(~people.is_female & (age >= 60) & (rng.random(count) < 0.03)),
        "is_resident_insured": flags(
            rng.random(count) < np.where(homes.is_rural[lives_at] | (age < 18), 0.93, 0.30)
        ),
        "first_device_cost": numbers(np.where(has_device, first, 0)),
        "second_device_cost": numbers(np.where(has_device & (rng.random(count) < 0.3), first // 2, 0)),
    }


def _schooling(rng: np.random.Generator, people: People, work: Ints, as_of: date) -> dict[str, pl.Series]:
    """The stage by age; the day of graduation is the end of June of the stage's last year."""
    count, age = len(people), people.age
    stage = np.select(
        [age < 6, age < 12, age < 15, age < 18, age < 22],
        [
            np.full(count, PRESCHOOL),
            np.full(count, PRIMARY),
            np.full(count, JUNIOR),
            np.where(rng.random(count) < 0.55, SENIOR, VOCATIONAL),
            np.where(rng.random(count) < 0.5, UNIVERSITY, COLLEGE),
        ],
        GRADUATE,
    )
    enrolled = ((age >= 3) & (age < 6)) | (work == AT_SCHOOL)
    born_year = 1970 + people.born / YEAR
    ends = np.maximum(np.ceil(born_year + np.array(STAGE_ENDS)[stage]), as_of.year + (as_of.month > 6))
    left = ~enrolled & (age >= 18) & (age < 30)
    left_year = np.minimum(np.ceil(born_year + np.where(rng.random(count) < 0.5, 18, 22)), as_of.year)
    end_of_june = np.array([day_number(date(year, 6, 30)) for year in range(1970, as_of.year + 30)])
    year = np.where(enrolled, ends, left_year).astype(np.int64)
    hardship = enrolled & (stage >= SENIOR) & (rng.random(count) < 0.18)
    return {
        "school_stage": labels(STAGES, stage, enrolled),
        "student_hardship": labels(STUDENT_HARDSHIP, weighted(rng, (0.5, 0.3, 0.2), count), hardship),
        "graduates_on": days(end_of_june[np.clip(year - 1970, 0, len(end_of_june) - 1)], enrolled | left),
        "has_student_loan": flags((stage >= COLLEGE) & (enrolled | left) & (rng.random(count) < 0.10)),
    }


def _late_work(rng: np.random.Generator, people: People, work: Ints) -> dict[str, pl.Series]:
    """Retirement by the rules of 2025 in round figures, what the self-employed pay, and public-benefit posts."""
    count, age = len(people), people.age
    of_age = (age >= 16) & (age < 63)
    retires = people.born + (np.where(people.is_female, 55.0, 63.0) * YEAR).astype(np.int64)
    pays_alone = (work == FLEXIBLE) & (rng.random(count) < 0.25)
    on_post = (work == JOBLESS) & (age >= 40) & (rng.random(count) < 0.06)
    drawn = rng.integers(0, 40, count)
    return {
        "retires_on": days(retires, of_age),
        "own_premium": numbers(np.where(pays_alone, rng.integers(400, 1_300, count) * YUAN, 0)),
        "premium_subsidy_months": numbers(np.where(pays_alone, drawn * (rng.random(count) < 0.4), 0)),
        "is_on_public_post": flags(on_post),
        "public_posts": numbers(np.where(on_post, 1 + (rng.random(count) < 0.15), 0)),
        "public_post_months": numbers(np.where(on_post, drawn, 0)),
    }


def papers_of_persons(rng: np.random.Generator, people: People) -> dict[str, pl.Series]:
    """What the licences of persons rest on: a marriage, a social security card, a class of vehicles."""
    drives = happens(rng, DRIVERS, people.age)
    return {
        "is_married": flags(people.spouse != NOBODY),
        "has_social_security_card": flags(happens(rng, CARD_HOLDERS, people.age)),
        "driving_class": labels(DRIVING_CLASSES, weighted(rng, DRIVING_CLASS_SHARES, len(people)), drives),
    }


def more_of_households(
    rng: np.random.Generator, people: People, homes: Homes, as_of: date
) -> dict[str, pl.Series]:
    """The base attributes of households beyond their register and their means."""
    count, today = len(homes), day_number(as_of)
    lifted = homes.is_rural & (rng.random(count) < 0.09)
    watched = homes.is_rural & (rng.random(count) < 0.008)
    struck = rng.random(count) < np.where(homes.is_dibao | homes.is_marginal, 0.03, 0.001)
    cremated = rng.random(count) < 0.003
    return {
        "is_lifted_from_poverty": flags(lifted),
        "is_watched_for_relapse": flags(watched),
        "hardship_kind": labels(("急难型", "支出型"), rng.random(count) < 0.5, struck),
        "hardship_on": days(today - rng.integers(1, 420, count), struck),
        "hardship_spending": numbers(np.where(struck, rng.integers(10, 700, count) * 100 * YUAN, 0)),
        "relief_this_year": numbers(np.where(struck & (rng.random(count) < 0.2), 2_000 * YUAN, 0)),
        "funeral_cost": numbers(np.where(cremated, rng.integers(8, 30, count) * 100 * YUAN, 0)),
        "cremated_on": days(today - rng.integers(1, 360, count), cremated),
        **_homes_bought(rng, homes, today),
        **_latest_births(people, homes),
    }


def homes_of_households(rng: np.random.Generator, facts: dict[str, pl.Series], as_of: date) -> Items:
    """The latest purchase that a household's facts speak of as a home of its own; of some second ones the first too."""
    today = day_number(as_of)
    latest = np.flatnonzero(facts["bought_on"].is_not_null().to_numpy())
    rank = facts["bought_rank"].to_numpy()[latest]
    earlier = latest[(rank > 1) & (rng.random(len(latest)) < 0.5)]
    count = len(latest) + len(earlier)
    signed = facts["bought_on"].cast(pl.Int32).fill_null(0).to_numpy()
    area = facts["bought_area"].to_numpy()
    taxes = facts["deed_tax_paid"].to_numpy()
    kinds = ("二手房", "新建普通商品住房")
    is_new = (facts["bought_kind"].cast(pl.String) == kinds[1]).fill_null(False).to_numpy()
    places = ("大冶城区", "大冶建制镇", "其他")
    lies = facts["bought_place"].cast(pl.String).replace_strict(dict(zip(places, range(3), strict=True)))
    where = lies.fill_null(2).to_numpy()[latest]
    before = np.minimum(signed[earlier] - rng.integers(400, 3_000, len(earlier)), today)
    return Items(
        np.concatenate([latest, earlier]).astype(np.int32),
        np.full(count, NOBODY, np.int32),
        {
            "signed_on": days(np.concatenate([signed[latest], before])),
            "kind": labels(kinds, np.concatenate([is_new[latest], rng.random(len(earlier)) < 0.65])),
            "place": labels(places, np.concatenate([where, rng.integers(0, 3, len(earlier))])),
            "rank": numbers(np.concatenate([rank, np.ones(len(earlier), np.int64)])),
            "area": numbers(np.concatenate([area[latest], rng.integers(50, 150, len(earlier))])),
            "deed_tax_paid": numbers(
                np.concatenate([taxes[latest], rng.integers(1_000, 9_000, len(earlier)) * YUAN])
            ),
        },
    )


def _homes_bought(rng: np.random.Generator, homes: Homes, today: int) -> dict[str, pl.Series]:
    count = len(homes)
    owns = rng.random(count) < np.where(
        homes.is_rural, 0.97, np.where(homes.is_dibao | homes.is_marginal, 0.6, 0.88)
    )
    rents = ~owns & (rng.random(count) < 0.8)
    bought = owns & (rng.random(count) < 0.12)
    area = rng.integers(50, 150, count)
    price = area * rng.integers(3_000, 7_000, count) * YUAN
    is_new = rng.random(count) < 0.65
    county = np.array(homes.counties)[homes.residence]
    place = np.where(county == "420281", weighted(rng, (0.6, 0.4), count), 2)
    return {
        "owned_area": numbers(np.where(owns, area, 0)),
        "is_waiting_for_housing": flags(
            rents & (homes.is_dibao | homes.is_marginal) & (rng.random(count) < 0.7)
        ),
        "rents_on_market": flags(rents),
        "bought_on": days(today - rng.integers(10, 4 * 365, count), bought),
        "bought_kind": labels(("二手房", "新建普通商品住房"), is_new, bought),
        "bought_place": labels(("大冶城区", "大冶建制镇", "其他"), place, bought),
        "bought_rank": numbers(np.where(bought, 1 + (rng.random(count) < 0.25), 0)),
        "bought_area": numbers(np.where(bought, area, 0)),
        "bought_by_swap": flags(bought & (rng.random(count) < 0.05)),
        "has_county_staff": flags(rng.random(count) < 0.002),
        "deed_tax_paid": numbers(np.where(bought, price // 100, 0)),
        "taxable_price": numbers(np.where(bought, price, 0)),
    }


def _latest_births(people: People, homes: Homes) -> dict[str, pl.Series]:
    """The youngest child of a household and how many children it has."""
    minors = np.flatnonzero(people.age < 18)
    order: Numbers = np.bincount(people.household[minors], minlength=len(homes))
    latest = np.full(len(homes), np.iinfo(np.int32).min, np.int64)
    np.maximum.at(latest, people.household[minors], people.born[minors])
    has_child: Bools = order > 0
    return {
        "latest_birth_order": numbers(order),
        "latest_birth_on": days(np.where(has_child, latest, 0), has_child),
    }
