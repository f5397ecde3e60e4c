"""Firms and bank officers around one scratch house; every test has a firm of its own."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy.orm import Session

import portals.tables
from identity.clients.portals import ensure_portals
from identity.grants.models import OAuthGrant
from identity.registry import service as registry
from identity.registry.identifiers import uscc_check_character
from identity.sessions.service import open_session
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.ids import new_id
from kernel.settings import Settings
from policy_engine.profiles import service as profiles
from policy_engine.profiles.schemas import FactChange, RawValue, SubjectAdded
from portals.financing.demands.schemas import Actor, Candidate, Wish
from tests.identity.conftest import DAUGHTER_PHONE, settle
from tests.made_once import lay_tables

assert portals.tables.METADATA is not None
#: A Monday; the days after are working days too.
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
FIRM = 880001
BANKS = ("dongchu-bank", "cihu-rural", "tonglu-bank")
_numbers = count(1)


@dataclass(frozen=True)
class Firm:
    """A firm, whoever acts for it, and a grant of theirs."""

    house: House
    number: int
    name: str
    agent: int
    phone: str
    grant: uuid.UUID

    def learn(self, session: Session, **facts: RawValue) -> None:
        """Facts by the last part of their ids, from whoever keeps them."""
        changes: list[FactChange] = [
            FactChange(
                subject_id=self.number,
                attribute=f"firm.{key}",
                value=value,
                source=_SOURCES.get(key, "market_regulation"),
                event_id=f"{key}-{new_id()}",
                observed_at=NOW,
            )
            for key, value in facts.items()
        ]
        profiles.apply_changes(session, changes, now=NOW)


_SOURCES = {
    "revenue_last_year": "tax",
    "insured_employees": "human_resources",
    "is_dishonest": "credit",
    "size": "industry",
}


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all tests of this folder."""
    home = tmp_path_factory.mktemp("market")
    house = open_house(
        Settings(home=home, database_url=f"sqlite:///{home / 'dongchu.db'}", is_demo=True), FixedClock(NOW)
    )
    lay_tables(house.database)
    with house.database.write() as session:
        ensure_portals(session, house=house)
    yield house
    house.database.close()
    house.ephemeral.close()


@pytest.fixture(scope="session")
def market_agent(market: House) -> int:
    """Who acts for the firms: a person with an account and a phone."""
    return settle(market).daughter


@pytest.fixture
def session(market: House) -> Iterator[Session]:
    """What a test writes is gone afterwards."""
    with market.database.write() as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def there(market: House, market_agent: int) -> Firm:
    """A firm that nobody knows anything of yet but that it is registered."""
    first_17 = f"91429900MA{next(_numbers):07d}"
    name = f"磁湖第{first_17[-4:]}演示有限公司"
    with market.database.write() as session:
        number = registry.ensure(
            session,
            kind="firm",
            name=name,
            identifier_kind="uscc",
            identifier=first_17 + uscc_check_character(first_17),
            vault=market.vault,
            now=NOW,
        )
        added = SubjectAdded(
            subject_id=number,
            kind="firm",
            owner_id=number,
            division="420203",
            source="market_regulation",
            event_id=f"added-{number}",
            observed_at=NOW,
        )
        profiles.apply_changes(session, [added], now=NOW)
        grant = _grant(session, market, market_agent, number)
    return Firm(market, number, name, market_agent, DAUGHTER_PHONE, grant)


def _grant(session: Session, house: House, subject_id: int, firm_id: int) -> uuid.UUID:
    sid = open_session(
        session, subject_id=subject_id, address="127.0.0.1", device="", vault=house.vault, now=NOW
    )
    grant = OAuthGrant(
        grant_id=new_id(),
        epoch=1,
        sid=sid,
        client_id="rongtong",
        subject_id=subject_id,
        capacity="enterprise",
        acting_for=firm_id,
        basis=f"test:{firm_id}",
        scope="openid",
        acr="L2",
        methods=["sms"],
        auth_at=NOW,
        created_at=NOW,
        expires_at=NOW + timedelta(hours=8),
    )
    session.add(grant)
    session.flush()
    return grant.grant_id


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
