"""What firms undertake: research, growth, retrofits, exports, young founders; and how people are taken on."""

from datetime import date

import numpy as np
import polars as pl

from policy_engine.profiles.city.drawing import (
    NOBODY,
    Numbers,
    day_number,
    days,
    flags,
    labels,
    numbers,
    weighted,
)
from policy_engine.profiles.city.enterprises import (
    CATERING,
    COMPANY,
    MANUFACTURING,
    MICRO,
    RETAIL,
    SMALL,
    SOLE_TRADER,
    Firms,
    Items,
)
from policy_engine.profiles.city.families import YEAR, People
from policy_engine.profiles.city.homes import YUAN

FOUNDERS = ("就业困难人员", "高校毕业生", "返乡入乡人员", "退役军人", "登记失业人员")
SPECIALITIES = ("专精特新中小企业", "小巨人企业")
FOOD_BUSINESSES = ("食品销售经营者", "餐饮服务经营者", "集中用餐单位食堂")
PROJECTS = ("节能改造", "技术改造", "新建扩建")
FORMS = ("劳动合同", "就业见习", "以工代训")
CONTRACT, INTERNSHIP, TRAINING = range(3)
YOUNG_FIRM_DAYS = 5 * 365


def more_of_firms(
    rng: np.random.Generator, firms: Firms, facts: dict[str, pl.Series], as_of: date
) -> dict[str, pl.Series]:
    """The base attributes of firms beyond register and insurance; ``facts`` are those already drawn."""
    count = len(firms)
    is_unfiled = facts["main_revenue_this_year__unknown"].to_numpy()
    revenue = facts["main_revenue_this_year"].fill_null(0).to_numpy()
    young = firms.registered < YOUNG_FIRM_DAYS
    founded = young & (firms.kind <= SOLE_TRADER) & (rng.random(count) < 0.10)
    jobs = np.where(founded, np.minimum(firms.insured, rng.geometric(0.3, count) - 1), 0)
    return {
        "revenue_last_year": numbers((revenue * rng.uniform(0.75, 1.1, count)).astype(np.int64), ~is_unfiled),
        "revenue_last_year__unknown": flags(is_unfiled),
        "is_first_registration": flags(rng.random(count) < np.where(young, 0.8, 0.5)),
        "founder_kind": labels(FOUNDERS, weighted(rng, (0.15, 0.3, 0.3, 0.1, 0.15), count), founded),
        "is_labour_agency": flags(rng.random(count) < 0.002),
        "has_serious_violation": flags(rng.random(count) < 0.003),
        "rent_paid": numbers(np.where(founded, rng.integers(5, 60, count) * 1_000 * YUAN, 0)),
        "jobs_created": numbers(jobs),
        **_industry(rng, firms, as_of),
        **_research(rng, firms, revenue),
        **_trade(rng, firms),
    }


def _industry(rng: np.random.Generator, firms: Firms, as_of: date) -> dict[str, pl.Series]:
    """The city had 914 industrial firms above scale in June 2024, 256 specialised ones and 24 little giants."""
    count, today = len(firms), day_number(as_of)
    maker = (firms.industry == MANUFACTURING) & (firms.kind == COMPANY)
    above = maker & ((firms.size < MICRO) & (rng.random(count) < 0.8))
    since = as_of.year - np.minimum(rng.geometric(0.18, count), np.maximum(firms.registered // 365, 1))
    special = above & (rng.random(count) < 0.28)
    green = above & (rng.random(count) < 0.06)
    retrofit = above & (rng.random(count) < 0.10)
    recognised = np.minimum(rng.integers(5, 4 * 365, count), firms.registered)
    return {
        "is_above_scale": flags(above),
        "first_above_scale_year": numbers(np.where(above, since, 0)),
        "value_added_growth": numbers(np.where(above, rng.normal(85, 90, count), 0)),
        "speciality": labels(SPECIALITIES, rng.random(count) < 0.09, special),
        "speciality_on": days(today - recognised, special),
        "green_factory": labels(("省级", "国家级"), rng.random(count) < 0.3, green),
        "green_factory_on": days(today - recognised // 2, green),
        "green_award_received": numbers(np.where(green & (rng.random(count) < 0.2), 200_000 * YUAN, 0)),
        "retrofit_investment": numbers(
            np.where(retrofit, rng.integers(100, 3_000, count) * 10_000 * YUAN, 0)
        ),
        "energy_saved": numbers(np.where(retrofit, rng.integers(20, 9_000, count), 0)),
    }


def _research(rng: np.random.Generator, firms: Firms, revenue: Numbers) -> dict[str, pl.Series]:
    """Spending, staff and rights of the firms that do research at all."""
    count = len(firms)
    does = (firms.kind == COMPANY) & (firms.size < MICRO) & (rng.random(count) < 0.25)
    share = np.where(does, rng.gamma(4.0, 14.0, count), 0).astype(np.int64)  # per mille of sales
    return {
        "is_technology_sme": flags(does & (rng.random(count) < 0.5)),
        "has_core_rights": flags(does & (rng.random(count) < 0.7)),
        "is_in_key_field": flags(does & (rng.random(count) < 0.6)),
        "technical_staff_share": numbers(np.where(does, rng.integers(40, 320, count), 0)),
        "research_share": numbers(share),
        "domestic_research_share": numbers(np.where(does, rng.integers(500, 1_001, count), 0)),
        "hitech_revenue_share": numbers(np.where(does, rng.integers(300, 1_000, count), 0)),
        "research_spending": numbers(revenue // 1_000 * share),
        "higher_level_grant": numbers(
            np.where(does & (rng.random(count) < 0.12), rng.integers(10, 300, count) * 10_000 * YUAN, 0)
        ),
    }


def _trade(rng: np.random.Generator, firms: Firms) -> dict[str, pl.Series]:
    count = len(firms)
    exports = (firms.kind == COMPANY) & (firms.size < MICRO) & (rng.random(count) < 0.06)
    premium = rng.integers(5, 900, count) * 1_000 * YUAN
    return {
        "export_insurance_mature": numbers(np.where(exports, premium, 0)),
        "export_insurance_emerging": numbers(np.where(exports & (rng.random(count) < 0.4), premium // 2, 0)),
        "homes_brokered": numbers(np.where(rng.random(count) < 0.002, rng.integers(1, 60, count), 0)),
    }


def permits_of_firms(rng: np.random.Generator, firms: Firms) -> dict[str, pl.Series]:
    """What the licences of firms rest on: whom the food business permit stands for, by the firm's trade."""
    caters = firms.industry == CATERING
    sells = (firms.industry == RETAIL) & (rng.random(len(firms)) < 0.25)
    feeds_staff = (firms.size <= SMALL) & (rng.random(len(firms)) < 0.15)
    business = np.where(caters, 1, np.where(sells, 0, 2))
    return {"food_business": labels(FOOD_BUSINESSES, business, caters | sells | feeds_staff)}


def projects_of_firms(rng: np.random.Generator, facts: dict[str, pl.Series], as_of: date) -> Items:
    """The retrofits that the firms' facts speak of, whole or in two parts, and as many other undertakings again."""
    today, invested = day_number(as_of), facts["retrofit_investment"].to_numpy()
    saved = facts["energy_saved"].to_numpy()
    retrofits = np.flatnonzero(invested > 0)
    is_split = rng.random(len(retrofits)) < 0.25
    others = np.flatnonzero((facts["is_above_scale"].to_numpy()) & (rng.random(len(invested)) < 0.08))
    owner = np.concatenate([retrofits, retrofits[is_split], others])
    share = np.concatenate([np.where(is_split, 0.6, 1.0), np.full(int(is_split.sum()), 0.4)])
    part = np.concatenate([retrofits, retrofits[is_split]])
    investment = np.concatenate(
        [
            (invested[part] * share).astype(np.int64) // YUAN * YUAN,
            rng.integers(50, 8_000, len(others)) * 10_000 * YUAN,
        ]
    )
    count, is_retrofit = len(owner), np.arange(len(owner)) < len(part)
    filed = rng.integers(200, 900, count)
    is_done = is_retrofit | (rng.random(count) < 0.5)
    return Items(
        owner.astype(np.int32),
        np.full(count, NOBODY, np.int32),
        {
            "kind": labels(PROJECTS, np.where(is_retrofit, 0, rng.integers(1, 3, count))),
            "filed_on": days(today - filed),
            "completed_on": days(today - filed // 3, is_done),
            "is_accepted": flags(is_done & (rng.random(count) < 0.9)),
            "investment": numbers(investment),
            "energy_saved": numbers(
                np.concatenate([(saved[part] * share).astype(np.int64), np.zeros(len(others), np.int64)])
            ),
        },
    )


def more_of_hires(
    rng: np.random.Generator, hires: Items, people: People, as_of: date
) -> dict[str, pl.Series]:
    """The kind of work and who was taken on; interns and trainees are few."""
    count, person = len(hires.person), hires.person
    age, woman = people.age[person], people.is_female[person]
    hired = hires.columns["hired_on"].cast(pl.Int32).to_numpy()
    form = np.where(
        age < 27, weighted(rng, (0.88, 0.10, 0.02), count), weighted(rng, (0.98, 0.0, 0.02), count)
    )
    hard = (age >= np.where(woman, 40, 50)) & (rng.random(count) < 0.12)
    retires = people.born[person] + (np.where(woman, 55.0, 63.0) * YEAR).astype(np.int64)
    insured = (day_number(as_of) - hired) // 30
    return {
        "kind": labels(FORMS, form),
        "age_at_hire": numbers(((hired - people.born[person]) / YEAR).astype(np.int64)),
        "is_hard_to_employ": flags(hard),
        "was_registered_jobless": flags(hard | (rng.random(count) < 0.08)),
        "insured_months": numbers(np.where(form == CONTRACT, insured * (rng.random(count) < 0.93), 0)),
        "employer_premium": numbers(np.where(form == CONTRACT, rng.integers(800, 1_800, count) * YUAN, 0)),
        "intern_pay": numbers(np.where(form == INTERNSHIP, rng.integers(1_100, 2_600, count) * YUAN, 0)),
        "retires_on": days(retires),
    }
