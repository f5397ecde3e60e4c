"""What departments know about each resident: certificates, recognitions, work, insurance, skills."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from policy_engine.profiles.city import calibration as figures
from policy_engine.profiles.city.drawing import (
    NOBODY,
    Bools,
    Ints,
    day_number,
    days,
    flags,
    happens,
    labels,
    numbers,
    weighted,
)
from policy_engine.profiles.city.families import People
from policy_engine.profiles.city.homes import HUKOU_TYPES, Homes

CATEGORIES = ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")
CARE = ("社会散居", "集中供养")
WORK = ("企业在职", "机关事业在职", "灵活就业", "登记失业", "退休", "在校", "其他")
EMPLOYED, IN_OFFICE, FLEXIBLE, JOBLESS, RETIRED, AT_SCHOOL, NEITHER = range(7)
SKILLS = ("初级", "中级", "高级")
#: Months of benefit by months paid: 12 from one year, 18 from five, 24 from ten (社会保险法 Art. 46).
LONGEST_BENEFIT = ((120, 24), (60, 18), (12, 12))


@dataclass
class Disabilities:
    """Level 1 to 4, 0 without a certificate; the assessment reached only some."""

    level: Ints
    category: Ints
    is_assessed: Bools
    needs_care: Bools


def draw_disabilities(rng: np.random.Generator, people: People) -> Disabilities:
    count = len(people)
    certified = happens(rng, figures.DISABILITY, people.age)
    level = np.where(certified, weighted(rng, figures.DISABILITY_LEVELS, count) + 1, 0).astype(np.int32)
    severe = (level == 1) | (level == 2)
    assessed = severe & (rng.random(count) < figures.CARE_ASSESSED)
    needs = assessed & (rng.random(count) < figures.CARE_NEEDED)
    return Disabilities(level, weighted(rng, figures.DISABILITY_CATEGORIES, count), assessed, needs)


def draw_work(rng: np.random.Generator, people: People, homes: Homes) -> Ints:
    """What each person does, by age, sex and register."""
    age, count = people.age, len(people)
    rural = homes.is_rural[people.household]
    work = weighted(rng, (0.46, 0.07, 0.325, 0.025, 0.0, 0.0, 0.12), count)
    work[rural & (work == EMPLOYED) & (rng.random(count) < 0.45)] = FLEXIBLE
    schooling = np.interp(age, (15, 16, 18, 22, 24), (1.0, 0.97, 0.75, 0.30, 0.0))
    work[rng.random(count) < schooling] = AT_SCHOOL
    work[age < 6] = NEITHER
    pensionable = age >= np.where(people.is_female, 55, 60)
    draws_pension = rng.random(count) < np.where(rural, 0.45, 0.93)
    work[pensionable] = np.where(draws_pension, RETIRED, NEITHER)[pensionable]
    return work


def person_columns(
    rng: np.random.Generator,
    people: People,
    homes: Homes,
    disabilities: Disabilities,
    work: Ints,
    as_of: date,
) -> dict[str, pl.Series]:
    """The base attributes of persons."""
    today = day_number(as_of)
    lives_at = people.household
    return {
        "birth_date": days(people.born),
        "sex": labels(("男", "女"), people.is_female),
        "hukou_division": labels(homes.divisions, homes.hukou[lives_at]),
        "hukou_type": labels(HUKOU_TYPES, homes.is_rural[lives_at]),
        "residence_division": labels(homes.divisions, homes.residence[lives_at]),
        **_deaths(rng, people, today),
        "disability_level": numbers(disabilities.level, disabilities.level > 0),
        "disability_category": labels(CATEGORIES, disabilities.category, disabilities.level > 0),
        "has_long_term_care_need": flags(disabilities.needs_care, disabilities.is_assessed),
        "has_long_term_care_need__unknown": flags(~disabilities.is_assessed),
        **_recognitions(rng, people, homes),
        **_employment(rng, people, disabilities, work, today),
        **_skills(rng, people, work, as_of),
        **_births(rng, people),
    }


def _deaths(rng: np.random.Generator, people: People, today: int) -> dict[str, pl.Series]:
    """Those who died in the last half year are still in the register."""
    died = happens(rng, figures.DEATHS, people.age) & (people.born < today - 200)
    return {
        "is_deceased": flags(died),
        "death_date": days(today - rng.integers(1, 180, len(people)), died),
    }


def _recognitions(rng: np.random.Generator, people: People, homes: Homes) -> dict[str, pl.Series]:
    count = len(people)
    is_parent = np.zeros(count, bool)
    for parents in (people.mother, people.father):
        is_parent[parents[parents != NOBODY]] = True
    alone = homes.size[people.household] == 1
    lone_elder = alone & (people.age >= 60) & (people.spouse == NOBODY) & ~is_parent
    tekun = (
        lone_elder & (rng.random(count) < figures.TEKUN_AMONG_LONE_ELDERS) & ~homes.is_dibao[people.household]
    )
    institution = (rng.random(count) < figures.ORPHANS_IN_INSTITUTIONS).astype(np.int8)
    return {
        "is_orphan": flags(people.is_orphan),
        "orphan_care": labels(CARE, institution, people.is_orphan),
        "is_tekun": flags(tekun),
        "receives_injury_care": flags((people.age >= 20) & (rng.random(count) < 0.0005)),
    }


def _employment(
    rng: np.random.Generator, people: People, disabilities: Disabilities, work: Ints, today: int
) -> dict[str, pl.Series]:
    count, age = len(people), people.age
    jobless = work == JOBLESS
    registered_on = today - rng.integers(5, 720, count)
    months_jobless = (today - registered_on) // 30
    insured_years = np.clip(age - 20, 0, 38) * rng.random(count)
    pays = (work == EMPLOYED) | (work == IN_OFFICE) | (jobless & (rng.random(count) < 0.7))
    paid = np.where(pays, insured_years * 12, 0).astype(np.int64)
    involuntary = jobless & (rng.random(count) < 0.8)
    longest = np.select(
        [paid >= paid_from for paid_from, _ in LONGEST_BENEFIT], [m for _, m in LONGEST_BENEFIT], 0
    )
    claimed = np.where(involuntary & (rng.random(count) < 0.6), np.minimum(months_jobless, longest), 0)
    paid_elsewhere = jobless & (rng.random(count) < 0.03)
    hard = jobless & (
        (age >= np.where(people.is_female, 40, 50)) | (disabilities.level > 0) | (months_jobless > 14)
    )
    late_alone = (work == FLEXIBLE) & (age >= np.where(people.is_female, 40, 50))
    return {
        "employment_status": labels(WORK, work),
        "unemployment_registered_on": days(registered_on, jobless),
        "unemployment_is_involuntary": flags(involuntary),
        "seeks_work": flags(jobless & (rng.random(count) < 0.92)),
        "is_hard_to_employ": flags((hard | late_alone) & (rng.random(count) < np.where(jobless, 0.6, 0.04))),
        "ui_paid_months": numbers(paid, ~paid_elsewhere),
        "ui_paid_months__unknown": flags(paid_elsewhere),
        "ui_claimed_months": numbers(claimed),
        "is_ui_recipient": flags((claimed > 0) & (claimed < longest)),
        "receives_pension": flags((work == RETIRED) | ((work == NEITHER) & (age >= 60))),
    }


def _skills(rng: np.random.Generator, people: People, work: Ints, as_of: date) -> dict[str, pl.Series]:
    count, today = len(people), day_number(as_of)
    works = (work == EMPLOYED) | (work == JOBLESS) | (work == FLEXIBLE)
    certified = works & (people.age >= 18) & (rng.random(count) < np.where(work == EMPLOYED, 0.10, 0.03))
    obtained_on = today - rng.integers(1, 8 * 365, count)
    this_year = certified & (obtained_on >= day_number(date(as_of.year, 1, 1)))
    return {
        "skill_certificate_level": labels(SKILLS, weighted(rng, (0.30, 0.45, 0.25), count), certified),
        "skill_certificate_on": days(obtained_on, certified),
        "skill_grants_this_year": numbers(this_year & (rng.random(count) < 0.4)),
        "has_training_grant": flags(certified & (rng.random(count) < 0.06)),
    }


def _births(rng: np.random.Generator, people: People) -> dict[str, pl.Series]:
    """Known where a birth was registered with the health commission, which keeps small children only."""
    known = (people.age < 7) & (rng.random(len(people)) < 0.994)
    return {
        "is_birth_lawful": flags(people.age < 7, known),
        "is_birth_lawful__unknown": flags(~known),
    }
