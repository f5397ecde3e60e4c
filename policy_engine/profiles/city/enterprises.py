"""Firms with their size, insurance and recognitions; the people they took on; the loans they drew."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from policy_engine.catalogue import Catalogue
from policy_engine.profiles.city import calibration as figures
from policy_engine.profiles.city.drawing import (
    Bools,
    Ints,
    day_number,
    days,
    flags,
    labels,
    numbers,
    weighted,
)
from policy_engine.profiles.city.families import People
from policy_engine.profiles.city.homes import YUAN, township_weights
from policy_engine.profiles.city.residents import EMPLOYED, FLEXIBLE

KINDS = (
    "企业",
    "个体工商户",
    "农民专业合作社",
    "社会团体",
    "社会服务机构",
    "律师事务所",
    "会计师事务所",
    "分支机构",
)
KIND_WEIGHTS = (0.262, 0.70, 0.015, 0.003, 0.006, 0.0008, 0.0006, 0.0126)
COMPANY, SOLE_TRADER, COOPERATIVE, SOCIETY, SERVICE, LAWYERS, ACCOUNTANTS, BRANCH = range(8)
#: The second character of a credit code under market regulation.
CODE_CATEGORIES = (1, 2, 3, 1, 1, 1, 1, 1)
ENDINGS = ("有限公司", "店", "专业合作社", "协会", "服务中心", "律师事务所", "会计师事务所", "有限公司分公司")

#: industry, its word in a firm's name, share among companies, share among sole traders
INDUSTRIES = (
    ("制造业", "制造", 0.15, 0.05),
    ("批发零售业", "商贸", 0.30, 0.47),
    ("住宿餐饮业", "餐饮", 0.03, 0.19),
    ("建筑业", "建设", 0.10, 0.02),
    ("租赁商务服务业", "商务", 0.11, 0.03),
    ("信息传输软件业", "信息", 0.06, 0.01),
    ("科学研究技术服务业", "科技", 0.07, 0.00),
    ("交通运输仓储邮政业", "物流", 0.04, 0.05),
    ("居民服务业", "生活服务", 0.03, 0.13),
    ("农林牧渔业", "农业", 0.05, 0.02),
    ("文化体育娱乐业", "文化", 0.03, 0.02),
    ("采矿业", "矿业", 0.01, 0.00),
    ("房地产业", "置业", 0.02, 0.01),
)
MANUFACTURING, RETAIL, CATERING, BUSINESS_SERVICES, INFORMATION, SCIENCE = 0, 1, 2, 4, 5, 6
SIZES = ("大型", "中型", "小型", "微型")
LARGE, MEDIUM, SMALL, MICRO = range(4)


@dataclass
class Firms:
    """One entry per firm; the place is a position in ``divisions``."""

    divisions: tuple[str, ...]
    place: Ints
    kind: Ints
    industry: Ints
    size: Ints
    registered: Ints
    insured: Ints
    legal_representative: Ints

    def __len__(self) -> int:
        return len(self.kind)


def draw_firms(
    rng: np.random.Generator, count: int, people: People, work: Ints, catalogue: Catalogue
) -> Firms:
    """Seven sole traders to three others; every legal representative is a grown-up resident."""
    weights = township_weights(catalogue, favours_towns=True)
    kind = weighted(rng, KIND_WEIGHTS, count)
    industry = np.where(
        kind == SOLE_TRADER,
        weighted(rng, [share for *_, share in INDUSTRIES], count),
        weighted(rng, [share for _, _, share, _ in INDUSTRIES], count),
    )
    industry[(kind == LAWYERS) | (kind == ACCOUNTANTS)] = BUSINESS_SERVICES
    size = np.where(
        kind == SOLE_TRADER,
        weighted(rng, (0, 0, 0.01, 0.99), count),
        weighted(rng, (0.0012, 0.008, 0.10, 0.8908), count),
    )
    insured = np.select(
        [size == LARGE, size == MEDIUM, size == SMALL],
        [rng.integers(400, 3_000, count), rng.integers(80, 300, count), rng.integers(8, 40, count)],
        rng.geometric(0.35, count) * (rng.random(count) < np.where(kind == SOLE_TRADER, 0.15, 0.55)),
    )
    fit = np.flatnonzero((people.age >= 22) & (people.age < 76) & ((work == FLEXIBLE) | (work == EMPLOYED)))
    fit = fit if len(fit) else np.arange(len(people))
    return Firms(
        divisions=tuple(weights),
        place=weighted(rng, list(weights.values()), count),
        kind=kind,
        industry=industry.astype(np.int32),
        size=size.astype(np.int32),
        registered=np.minimum(rng.exponential(7 * 365, count), 32 * 365).astype(np.int32) + 20,
        insured=insured.astype(np.int32),
        legal_representative=rng.choice(fit, count).astype(np.int32),
    )


def _has_size(firms: Firms) -> npt.NDArray[np.bool_]:
    """Sole traders are classed by nobody."""
    return (firms.kind <= COOPERATIVE) | (firms.kind == BRANCH)


def firm_columns(rng: np.random.Generator, firms: Firms, as_of: date) -> dict[str, pl.Series]:
    """The base attributes of firms; revenue is known where the tax office has a filing it may share."""
    count, today = len(firms), day_number(as_of)
    paid_months = np.where(firms.insured > 0, firms.registered // 30 * rng.uniform(0.5, 1, count), 0).astype(
        np.int64
    )
    layoffs = np.where(rng.random(count) < 0.7, 0, np.minimum(rng.lognormal(3.8, 0.8, count), 700))
    premium = firms.insured * np.minimum(paid_months, 12) * rng.integers(34, 60, count) * YUAN
    per_head = rng.lognormal(11.6, 0.7, count)
    revenue = (np.maximum(firms.insured, 1) * per_head).astype(np.int64) * YUAN
    hitech = _hitech(rng, firms)
    revenue[hitech] = (rng.lognormal(16.8, 0.8, int(hitech.sum()))).astype(np.int64) * YUAN
    filed = rng.random(count) < np.select(
        [firms.kind == SOLE_TRADER, firms.size == MICRO], [0.08, 0.40], 0.85
    )
    filed |= hitech & (rng.random(count) < 0.9)
    recognised = np.minimum(rng.integers(5, 3 * 365, count), firms.registered)
    return {
        "registered_division": labels(firms.divisions, firms.place),
        "firm_kind": labels(KINDS, firms.kind),
        "industry": labels(tuple(name for name, *_ in INDUSTRIES), firms.industry),
        "registered_on": days(today - firms.registered),
        "is_abnormal": flags(rng.random(count) < np.where(firms.insured == 0, 0.035, 0.006)),
        "size": labels(SIZES, firms.size, _has_size(firms)),
        "insured_employees": numbers(firms.insured),
        "layoff_rate_last_year": numbers(np.where(firms.insured > 0, layoffs, 0)),
        "ui_premium_paid_last_year": numbers(premium),
        "ui_paid_months": numbers(paid_months),
        "is_dishonest": flags(rng.random(count) < 0.004),
        "hitech_recognition": labels(("首次", "重新"), rng.random(count) < 0.55, hitech),
        "hitech_recognised_on": days(today - recognised, hitech),
        "main_revenue_this_year": numbers(revenue, filed),
        "main_revenue_this_year__unknown": flags(~filed),
    }


def _hitech(rng: np.random.Generator, firms: Firms) -> Bools:
    """As many as the city had, in proportion, among companies of the technical industries."""
    wanted = round(figures.HITECH_FIRMS * len(firms) / figures.REFERENCE_FIRMS)
    technical = np.isin(firms.industry, (MANUFACTURING, INFORMATION, SCIENCE))
    score = rng.random(len(firms)) + (firms.size < MICRO) + 0.5 * (firms.insured > 0)
    score[(firms.kind != COMPANY) | ~technical | (firms.registered < 365)] = -1
    best = np.argsort(-score, kind="stable")[:wanted]
    is_hitech = np.zeros(len(firms), bool)
    is_hitech[best[score[best] >= 0]] = True
    return is_hitech


@dataclass
class Items:
    """Hires, loans, projects or homes: whose each is, whom it is about, and its attributes."""

    owner: Ints
    person: Ints
    columns: dict[str, pl.Series]


def draw_hires(rng: np.random.Generator, firms: Firms, people: People, work: Ints, as_of: date) -> Items:
    """People who took a job in the last two and a half years, each once, with firms that insure staff."""
    today = day_number(as_of)
    staff = rng.permutation(np.flatnonzero((work == EMPLOYED) & (people.age >= 18)))
    employers = np.flatnonzero(firms.insured > 0)
    count = min(round(figures.HIRES_PER_FIRM * len(firms)), len(staff)) if len(employers) else 0
    person = staff[:count]
    firm = (
        np.sort(employers[weighted(rng, np.sqrt(firms.insured[employers]).tolist(), count)])
        if count
        else staff[:0]
    )
    age = people.age[person]
    hired = np.minimum(rng.integers(3, 900, count), firms.registered[firm])
    young = (age >= 20) & (age <= 26)
    graduate = rng.random(count) < np.where(young, 0.55, 0.0)
    veteran = ~people.is_female[person] & (age >= 20) & (age < 45) & (rng.random(count) < 0.03)
    columns = {
        "hired_on": days(today - hired),
        "contract_months": numbers(
            np.array((6, 12, 24, 36, 60))[weighted(rng, (0.1, 0.3, 0.15, 0.4, 0.05), count)]
        ),
        "pays_social_insurance": flags(rng.random(count) < 0.92),
        "graduation_stage": labels(("毕业年度", "离校两年内未就业"), rng.random(count) < 0.6, graduate),
        "is_poverty_alleviated": flags(rng.random(count) < 0.03),
        "discharged_on": days(today - hired - rng.integers(20, 700, count), veteran),
        "employer_size": labels(SIZES, firms.size[firm], _has_size(firms)[firm]),
    }
    return Items(firm.astype(np.int32), person.astype(np.int32), columns)


#: One-year LPR since May 2025.
LPR_BP = 300


def draw_loans(rng: np.random.Generator, firms: Firms, as_of: date) -> Items:
    """Loans to sole traders and small firms, most under the startup guarantee."""
    today = day_number(as_of)
    borrowers = np.flatnonzero((firms.size >= SMALL) & (firms.kind <= COOPERATIVE))
    count = round(figures.LOANS_PER_FIRM * len(firms)) if len(borrowers) else 0
    firm = np.sort(rng.choice(borrowers, count)) if count else borrowers[:0]
    small_business = firms.size[firm] == SMALL
    principal = (
        np.where(small_business, rng.integers(50, 400, count), rng.integers(5, 31, count)) * 10_000 * YUAN
    )
    asked = rng.integers(300, 460, count)  # hundredths of a per cent a year
    drawn = np.minimum(rng.integers(20, 3 * 365, count), firms.registered[firm])
    overdue = rng.random(count) < 0.02
    extended = rng.random(count) < 0.03
    guaranteed = rng.random(count) < 0.7
    rate = np.where(guaranteed, np.minimum(asked, LPR_BP + 50), asked)  # no startup loan costs more
    interest = np.where(overdue, 0, principal * rate // 10_000 * np.minimum(drawn, 91) // 365)
    columns = {
        "principal": numbers(principal),
        "interest_settled_this_quarter": numbers(interest),
        "subsidised_interest": numbers(np.where(extended, 0, interest)),
        "is_first_loan": flags(np.zeros(count, dtype=np.bool_)),
        "rate_bp": numbers(rate),
        "reference_rate_bp": numbers(np.full(count, LPR_BP)),
        "is_overdue": flags(overdue),
        "is_extended": flags(extended),
        "drawn_on": days(today - drawn),
        "is_startup_guaranteed": flags(guaranteed),
    }
    return Items(firm.astype(np.int32), firms.legal_representative[firm], columns)
