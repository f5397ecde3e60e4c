"""What a bank's people can reach: every door of Rongtong is tried, with real numbers of another bank, and with the city's.

The doors are taken from the app itself, so that one that is added tomorrow is tried too.
"""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.testing import TestClient
from sqlalchemy.orm import Session

from identity.clients.portals import ensure_portals
from kernel.clock import FixedClock
from kernel.errors import Unauthenticated
from kernel.house import House, open_house
from kernel.settings import Settings
from kernel.web.bearer import Possession
from kernel.web.principal import Principal, SeatView
from policy_engine.policies.published import NOTHING
from portals.financing.banks import repository as bank_rows
from portals.financing.demands.models import Authorisation
from portals.financing.guarantees.models import Guarantee
from portals.financing.guarantees.pool import compensation
from portals.financing.guarantees.pool.schemas import OverdueLoan
from portals.financing.institutions import institution
from portals.financing.loans.models import Loan
from portals.financing.products.library import product_library
from portals.financing.products.service import save_draft
from portals.main import open_pages, open_services
from portals.rongtong.app import create_app
from tests.conftest import NOON
from tests.made_once import lay_tables
from tests.portals.described import Described, Operation
from tests.portals.financing import lending
from tests.portals.financing.guarantees import stories

#: What an officer may see though it is no bank's: signing in and out, the bank's own messages, the API's description.
OPEN = (
    "/rongtong/login",
    "/rongtong/callback",
    "/rongtong/logout",
    "/rongtong/switch",
    "/rongtong/live",
    "/rongtong/inbox",
    "/rongtong/check",
    "/rongtong/schema",
    "/rongtong/api/v1/inbox",
)
#: What makes a token of a part's name: no word of any store ends so.
_TOKEN = "-at-the-door"
REFUSED = (400, 403, 404, 405, 413)


def officer(code: str, *duties: str, person: int = 901) -> Principal:
    name = institution(code).name
    return Principal(
        subject_id=person,
        name="银行职员",
        capacity="seat",
        acting_for=5_000_000,
        acting_for_name=name,
        seat=SeatView(
            id=person,
            title=f"{name}席",
            division="420200",
            department=name,
            duties=frozenset(duties),
            institution=5_000_000,
        ),
        scopes=frozenset({"rongtong"}),
        acr="L3",
        client_id="rongtong",
        grant_id=uuid.uuid4(),
    )


def replace_duties(principal: Principal) -> Principal:
    """On the right bank's seat, with a duty that is none of lending's."""
    assert principal.seat is not None
    seat = msgspec.structs.replace(principal.seat, duties=frozenset({"counter.assist"}))
    return msgspec.structs.replace(principal, seat=seat)


def replace_loan(late: OverdueLoan, loan_id: uuid.UUID) -> OverdueLoan:
    return msgspec.structs.replace(late, loan_id=loan_id, overdue_since=date(2026, 9, 1))


def a_firm(firm_id: int) -> Principal:
    return msgspec.structs.replace(
        officer("dongchu-bank"),
        capacity="enterprise",
        seat=None,
        acting_for=firm_id,
        scopes=frozenset({"rongtong", "financing"}),
    )


def an_official() -> Principal:
    """On a seat of the city."""
    made = officer("dongchu-bank", person=904)
    assert made.seat is not None
    seat = msgspec.structs.replace(
        made.seat,
        department="财政局",
        institution=None,
        duties=frozenset({"financing.pool", "financing.oversee"}),
    )
    return msgspec.structs.replace(made, seat=seat)


class Doors:
    """Rongtong with somebody before it, chosen by the token."""

    def __init__(self, house: House) -> None:
        self.people = {
            "own": officer("dongchu-bank", "financing.work", "financing.approve"),
            "other": officer("cihu-rural", "financing.work", "financing.approve"),
            "guarantor": officer("dongchu-guarantee", "financing.work", "financing.approve", person=902),
            "dutiless": replace_duties(officer("dongchu-bank", person=903)),
            "stranger": a_firm(4_242_424),
            "official": an_official(),
        }
        with house.database.write() as session:
            ensure_portals(session, house=house)
            self.loan: Loan = lending.disbursed(session, house, lending.registered_firm(session, house))
            contract = bank_rows.contract_of(session, self.loan.application_id)
            (offer,) = bank_rows.offers_of(session, self.loan.application_id)
            assert contract is not None
            draft = self._draft_of_a_product(session)
            asked = self._compensation(session)
            authorisation = self._authorisation(session, offer.demand_id)
            self.numbers = {
                "application_id": self.loan.application_id,
                "loan_id": self.loan.id,
                "document_id": contract.document_id,
                "offer_id": offer.id,
                "demand_id": offer.demand_id,
                "row_id": draft,
                "compensation_id": asked,
                "authorisation_id": authorisation,
                "guarantee_id": self._guarantee(session),
            }
        services = replace(open_services(house), resolve=self._resolve)
        self.app: Litestar = create_app(services, open_pages(house))

    def _draft_of_a_product(self, session: Session) -> uuid.UUID:
        entry = next(one for one in product_library() if one.document.id == "dongchu-mortgage")
        row = save_draft(
            session,
            text=entry.text,
            cases_text=entry.cases_text,
            actor=self.people["own"],
            published=NOTHING,
            now=NOON,
        )
        return row.id

    def _compensation(self, session: Session) -> uuid.UUID:
        """Asked for by the bank itself: no guarantor has a part in it."""
        stories.pool_with(session, 1_000_000_00)
        late = replace_loan(stories.overdue(guarantor=None), self.loan.id)
        return compensation.request(
            session, late, stories.PAPERS, pool_code="sme-pool", by=stories.BANK, now=stories.NOW
        ).id

    def _authorisation(self, session: Session, demand_id: uuid.UUID) -> uuid.UUID:
        row = Authorisation(
            firm_id=self.loan.firm_id,
            demand_id=demand_id,
            state="revoked",
            items=["identity"],
            bank_codes=["dongchu-bank"],
            purpose="working_capital",
            is_once=False,
            asked_at=NOON,
            given_at=NOON,
            ended_at=NOON,
            expires_at=NOON + timedelta(days=30),
        )
        session.add(row)
        session.flush()
        return row.id

    def _guarantee(self, session: Session) -> uuid.UUID:
        """At a guarantor whom none of the others is."""
        row = Guarantee(
            number="DB-1",
            application_id=self.loan.application_id,
            firm_id=self.loan.firm_id,
            bank_code="dongchu-bank",
            guarantor_code="another-guarantee",
            amount_fen=50_000_000,
            term_months=12,
            state="requested",
            requested_at=NOON,
        )
        session.add(row)
        session.flush()
        return row.id

    def client(self, who: str) -> TestClient[Litestar]:
        client = TestClient(self.app, base_url="http://dongchu.test")
        client.headers.update(
            {"authorization": f"Bearer {who}{_TOKEN}", "accept": "text/html, application/json"}
        )
        client.follow_redirects = False
        return client

    def routes(self) -> Iterator[tuple[str, str]]:
        """Every method and address, with the numbers of another bank's loan where it takes numbers."""
        for route in self.app.routes:
            if not isinstance(route, HTTPRoute) or "/live" in route.path:
                continue
            path = "/".join(self._part(one) for one in route.path_components)
            for method in sorted(route.methods - {"OPTIONS", "HEAD"}):
                yield method, f"/{path}"

    def _part(self, component: Any) -> str:
        if isinstance(component, str):
            return component
        known = self.numbers.get(component.name)
        if known is not None:
            return str(known)
        return str(uuid.uuid4()) if component.type is uuid.UUID else "1"

    def _resolve(self, token: str, possession: Possession | None = None) -> Principal:  # noqa: ARG002
        who = token.removesuffix(_TOKEN)
        if who not in self.people:
            raise Unauthenticated("请先登录，再继续办理。")
        return self.people[who]


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    home = tmp_path_factory.mktemp("doors")
    house = open_house(
        Settings(home=home, database_url=f"sqlite:///{home / 'dongchu.db'}", is_demo=True), FixedClock(NOON)
    )
    lay_tables(house.database)
    yield Doors(house)
    house.database.close()
    house.ephemeral.close()


def test_an_officer_finds_nothing_of_another_banks_by_any_address(doors: Doors) -> None:
    client, tried = doors.client("other"), 0
    shown = {str(number) for number in doors.numbers.values()} | {doors.loan.contract_number}
    for method, path in doors.routes():
        if path.startswith(OPEN):
            continue
        answer = client.request(method, path, json={} if method == "POST" else None)
        tried += 1
        names_another = any(str(number) in path for number in doors.numbers.values())
        is_a_banks = path == "/rongtong" or path.startswith(("/rongtong/bank", "/rongtong/api/v1/bank"))
        allowed = (200, 303, 409, *REFUSED) if is_a_banks and not names_another else REFUSED
        assert answer.status_code in allowed, (method, path, answer.status_code)
        assert not any(number in answer.text for number in shown if number not in path), (method, path)
    assert tried > 60


def described(doors: Doors) -> Iterator[Operation]:
    """The operations of financing that take a number."""

    def part(name: str, template: str) -> object:
        words = {"command": "accept" if "steps" in template else "claim", "product_id": "no-such-product"}
        return doors.numbers.get(name) or words.get(name, name)

    for operation in Described(doors.app, part):
        of_financing = any(f"/v1/{one}/" in operation.template for one in ("bank", "financing", "guarantor"))
        if "{" in operation.template and of_financing:
            yield operation


@pytest.mark.parametrize("who", ["other", "guarantor", "dutiless", "stranger", "official"])
def test_whom_it_does_not_concern_gets_nothing_by_any_described_operation(doors: Doors, who: str) -> None:
    """With a body in order, so that it is the person who is refused: never a 400 that hides it, never a 409 that tells."""
    client, tried = doors.client(who), 0
    client.headers["accept"] = "application/json"
    for method, _template, path, body in described(doors):
        pdf: dict[str, Any] = {"content": b"%PDF-1.7", "headers": {"content-type": "application/pdf"}}
        sent: dict[str, Any] = pdf if path.endswith("/documents") else {"json": body}
        answer = client.request(method, path, **({} if method == "GET" else sent))
        assert answer.status_code in (403, 404), (who, method, path, answer.status_code, answer.text)
        assert doors.loan.contract_number not in answer.text
        tried += 1
    assert tried >= 35, tried


def test_their_own_bank_finds_it_all(doors: Doors) -> None:
    client, numbers = doors.client("own"), doors.numbers
    for path in (
        "/rongtong/bank",
        f"/rongtong/bank/applications/{numbers['application_id']}",
        f"/rongtong/bank/loans/{numbers['loan_id']}",
        f"/rongtong/api/v1/bank/applications/{numbers['application_id']}",
        f"/rongtong/api/v1/bank/loans/{numbers['loan_id']}",
        f"/rongtong/bank/applications/{numbers['application_id']}/documents/{numbers['document_id']}",
    ):
        assert client.get(path).status_code == 200, path


def test_nobody_else_comes_in(doors: Doors) -> None:
    """Without a sign-in, and with the doors' own numbers."""
    client = doors.client("nobody")
    for method, path in doors.routes():
        if path.startswith(OPEN) or path == "/rongtong/api/v1/bank/keys":
            continue
        answer = client.request(method, path, json={} if method == "POST" else None)
        assert answer.status_code in (303, 400, 401, 404), (method, path, answer.status_code)
        assert doors.loan.contract_number not in answer.text


def test_an_unauthorised_file_stays_shut_to_its_own_bank(doors: Doors) -> None:
    path = f"/applications/{doors.numbers['application_id']}/file"
    for front in ("/rongtong/bank", "/rongtong/api/v1/bank"):
        answer = doors.client("own").post(front + path, json={})
        assert answer.status_code == 403, answer.text
        assert lending.USCC not in answer.text


def test_a_contract_that_is_no_pdf_by_its_own_word_is_refused(doors: Doors) -> None:
    path = f"/rongtong/api/v1/bank/applications/{doors.numbers['application_id']}/documents"
    answer = doors.client("own").post(path, content=b"%PDF-1.7", headers={"content-type": "text/html"})
    assert answer.status_code == 400
