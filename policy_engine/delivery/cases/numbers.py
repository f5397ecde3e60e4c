"""Official numbers: 办件编号 for a case, 文号 for a written decision, a number for a payment batch."""

from datetime import date
from typing import Literal

from sqlalchemy.orm import Session

from policy_engine.catalogue.divisions import prefix_of
from policy_engine.delivery.cases import repository

#: Granted, refused, on an appeal, on money to be paid back, and that such a decision does not stand.
DecisionKind = Literal["准", "不准", "复", "追", "撤"]


def case_number(session: Session, division: str, on: date) -> str:
    """Division, day and a serial of five digits: ``420203-20261123-00001``."""
    head = f"{division[:6]}-{on:%Y%m%d}"
    return f"{head}-{repository.next_in_series(session, f'case/{head}'):05d}"


def decision_number(session: Session, kind: DecisionKind, division: str, on: date) -> str:
    """A 文号 in the usual form, gapless per division and year: ``420203待遇不准〔2026〕12号``."""
    place = prefix_of(division)[:6]
    serial = repository.next_in_series(session, f"decision/{kind}/{place}/{on.year}")
    return f"{place}待遇{kind}〔{on.year}〕{serial}号"


def means_number(session: Session, division: str, on: date) -> str:
    """核对编号: county, day and a serial."""
    head = f"{division[:6]}-{on:%Y%m%d}"
    return f"HD{head}-{repository.next_in_series(session, f'means/{head}'):04d}"


def batch_number(session: Session, division: str, on: date) -> str:
    place = prefix_of(division)[:6]
    return f"FK{place}-{on:%Y%m}-{repository.next_in_series(session, f'batch/{place}/{on:%Y%m}'):04d}"
