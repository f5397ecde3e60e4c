"""Firms and bank officers around a scratch house."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

import portals.tables
from kernel.house import House
from portals.financing.demands.schemas import Actor, Candidate, Wish

assert portals.tables.METADATA is not None
#: A Monday; the Tuesday after is a working day too.
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
FIRM = 880001
BANKS = ("dongchu-bank", "cihu-rural", "tonglu-bank")


@pytest.fixture
def session(house: House) -> Iterator[Session]:
    with house.database.write() as opened:
        yield opened


def firm(firm_id: int = FIRM) -> Actor:
    return Actor(side="firm", firm_id=firm_id, subject_id=7)


def bank(code: str) -> Actor:
    return Actor(side="bank", institution=code, subject_id=9)


def wish(**changes: object) -> Wish:
    given: dict[str, object] = {"amount_fen": 50_000_000, "term_months": 12, "purpose": "working_capital"}
    return Wish(**{**given, **changes})  # type: ignore[arg-type]


def candidates(*codes: str) -> list[Candidate]:
    return [
        Candidate(
            bank_code=code, product_id=f"{code}-loan", product_version=1, verdict="eligible", limit_fen=10**8
        )
        for code in codes
    ]
