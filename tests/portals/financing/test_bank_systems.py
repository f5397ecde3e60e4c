"""Banks' systems over real HTTP: known by token and signature, each change once; and a simulated bank that lends."""

import itertools
import secrets
import socket
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from joserfc.jwk import ECKey

from connectors.lenders.client import API, FinancingApi
from connectors.lenders.rfc9421_signatures import Spoken, sign_request
from connectors.simulators.lenders.keys import client_id_of, key_of
from identity.registry.identifiers import uscc_check_character
from kernel.errors import OutsideRefused, OutsideTimeout
from portals.financing.banks import connecting, offers
from portals.financing.banks.repository import offers_of
from portals.financing.demands import repository as demand_rows
from portals.financing.demands.models import Application
from portals.financing.loans import repository as loan_rows
from portals.financing.loans.models import Loan
from tests.portals.financing import lending
from tests.portals.financing.lending import borrower
from tests.portals.financing.town import Town, eventually

BANK, OTHER = "fuhe-bank", "xisai-village"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    opened = Town(tmp_path_factory.mktemp("town"))
    yield opened
    opened.close()


_FIRMS = itertools.count(10_000)


@pytest.fixture
def firm_id(town: Town) -> int:
    """A firm of this test alone."""
    number = f"91429999{next(_FIRMS):09d}"
    with town.house.database.write() as session:
        return lending.registered_firm(session, town.house, number + uscc_check_character(number))


def posted(town: Town, firm_id: int, code: str = BANK) -> uuid.UUID:
    with town.house.database.write() as session:
        (application,) = lending.posted(session, firm_id, town.clock.now(), code)
        return application.id


def application(town: Town, application_id: uuid.UUID) -> Application:
    with town.house.database.read() as session:
        found = demand_rows.application(session, application_id)
        assert found is not None
        session.expunge(found)
        return found


def loan_of(town: Town, application_id: uuid.UUID) -> Loan | None:
    with town.house.database.read() as session:
        found = loan_rows.of_application(session, application_id)
        if found is not None:
            session.expunge(found)
        return found


class Raw:
    """A call put together by hand, so that one part of it can be wrong."""

    def __init__(self, town: Town, code: str = BANK) -> None:
        self._api: Any = town.at(code)
        self.key: ECKey = key_of(town.house.settings.home, code)
        self.town = town

    def headers(self, method: str, path: str, body: bytes, **changes: str) -> dict[str, str]:
        url = f"{self.town.base}{API}{path}"
        token = self._api._access_token()
        plain = {
            "authorization": f"DPoP {token}",
            "dpop": self._api._proof(method, url, token),
            "content-type": "application/json",
            "bank-officer": "E1001",
            "idempotency-key": secrets.token_hex(8),
            **changes,
        }
        signed = sign_request(
            self.key, Spoken(method, url, plain, body), now=self.town.clock.now(), nonce=secrets.token_hex(12)
        )
        return {**plain, **signed}

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return httpx.post(f"{self.town.base}{API}{path}", content=body, headers=headers, trust_env=False)


def test_a_simulated_bank_lends_from_queue_to_repayment(town: Town, firm_id: int) -> None:
    town.behave(BANK, "lend", rate_bp=330)
    try:
        asked = posted(town, firm_id)
        town.send_news()
        eventually(lambda: application(town, asked).state == "offered")
        with town.house.database.write() as session:
            (offer,) = offers_of(session, asked)
            assert offer.rate_bp == 330
            offers.accept(session, offer.id, by=borrower(firm_id), now=town.clock.now())
        town.send_news()
        loan = eventually(lambda: loan_of(town, asked))
        assert (loan.state, loan.principal_fen) == ("disbursed", 50_000_000)
        assert loan.unit_id is not None
        first_due = loan.next_due_on
        town.clock.move(timedelta(days=31))
        town.behave(BANK, "lend")
        paid = eventually(lambda: (found := loan_of(town, asked)) and found.settled_interest_fen and found)
        assert paid.state == "active"
        assert paid.next_due_on > first_due
        town.behave(BANK, "default")
        town.clock.move(timedelta(days=45))
        town.behave(BANK, "default")
        eventually(lambda: (found := loan_of(town, asked)) and found.state == "overdue")
    finally:
        town.behave(BANK, "off")


def test_a_simulated_bank_declines_with_its_reason(town: Town, firm_id: int) -> None:
    town.behave(OTHER, "decline", reason_code="quota")
    asked = posted(town, firm_id, OTHER)
    town.send_news()
    eventually(lambda: application(town, asked).state == "declined")
    assert application(town, asked).reason_code == "quota"
    town.behave(OTHER, "off")


def test_each_part_of_the_proof_is_needed(town: Town, firm_id: int) -> None:
    asked = posted(town, firm_id)
    path, body, raw = f"/applications/{asked}/steps/accept", b"{}", Raw(town)
    good = raw.headers("POST", path, body)

    def without(*names: str) -> dict[str, str]:
        return {name: value for name, value in raw.headers("POST", path, body).items() if name not in names}

    stranger = Raw(town)
    stranger.key = ECKey.generate_key("P-256", parameters={"kid": str(raw.key.kid)})
    wrong: list[tuple[dict[str, str], bytes, int]] = [
        (without("signature", "signature-input"), body, 401),
        (without("dpop"), body, 401),
        (without("authorization"), body, 401),
        (raw.headers("POST", path, body), b'{"note":"changed"}', 401),
        (raw.headers("POST", f"/applications/{uuid.uuid4()}/steps/accept", body), body, 401),
        ({**raw.headers("POST", path, body), "bank-officer": "E9"}, body, 401),
        (stranger.headers("POST", path, body), body, 401),
        (raw.headers("POST", path, body, **{"bank-officer": ""}), body, 400),
        (raw.headers("POST", path, body, **{"idempotency-key": ""}), body, 400),
    ]
    for headers, sent, status in wrong:
        answer = raw.send(path, sent, headers)
        assert answer.status_code == status, (answer.text, headers)
    assert application(town, asked).state == "routed"
    assert raw.send(path, body, good).status_code == 200
    assert raw.send(path, body, good).status_code == 401  # the same signature and proof again
    assert application(town, asked).state == "accepted"


def test_the_same_key_is_the_same_change(town: Town, firm_id: int) -> None:
    asked, api = posted(town, firm_id), town.at(BANK)
    place = f"/applications/{asked}/steps/accept"
    first = api.post(place, {}, officer="E1001", key="once-1")
    assert api.post(place, {}, officer="E1001", key="once-1") == first
    with pytest.raises(OutsideRefused) as refused:
        api.post(place, {"note": "other"}, officer="E1001", key="once-1")
    assert refused.value.code == "conflict"
    with pytest.raises(OutsideRefused) as refused:  # another key: the state has moved on
        api.post(place, {}, officer="E1001", key="once-2")
    assert refused.value.code == "illegal-transition"


def test_a_second_officer_approves(town: Town, firm_id: int) -> None:
    asked, api = posted(town, firm_id), town.at(BANK)
    for number, step in enumerate(("accept", "contact")):
        api.post(f"/applications/{asked}/steps/{step}", {}, officer="E1001", key=f"{asked}-{number}")
    with pytest.raises(OutsideRefused) as refused:
        api.post(f"/applications/{asked}/approve", {}, officer="E1001", key=f"{asked}-a")
    assert refused.value.code == "forbidden"
    assert api.post(f"/applications/{asked}/approve", {}, officer="E2001", key=f"{asked}-b")


def test_another_banks_system_finds_nothing_by_any_number(town: Town, firm_id: int) -> None:
    asked, stranger = posted(town, firm_id), town.at(OTHER)
    assert str(asked) not in msgspec.json.encode(stranger.get("/applications?all=true")).decode()
    for call in (
        lambda: stranger.get(f"/applications/{asked}"),
        lambda: stranger.post(f"/applications/{asked}/steps/accept", {}, officer="E1", key=f"x{asked}"),
        lambda: stranger.post(f"/applications/{asked}/file", {}, officer="E1", key=f"y{asked}"),
    ):
        with pytest.raises(OutsideRefused) as refused:
            call()
        assert refused.value.code == "not-found"
    assert application(town, asked).state == "routed"


def test_a_bank_believes_only_the_city(town: Town, firm_id: int) -> None:
    """Answers are checked against the city's keys, errors too; what somebody else says counts for nothing."""
    posted(town, firm_id)
    home = town.house.settings.home
    deceived = FinancingApi(town.base, client_id_of(BANK), key_of(home, BANK), town.clock)
    deceived.city_key = lambda _kid: ECKey.generate_key("P-256")  # type: ignore[method-assign]
    with pytest.raises(OutsideTimeout):
        deceived.get("/applications")
    deceived.close()
    forged = httpx.post(
        f"{town.base}/simulators/lenders/{BANK}/events",
        json={"id": str(uuid.uuid4()), "type": "route"},
        headers={"signature-input": "sig1=()", "signature": "sig1=:AAAA:"},
        trust_env=False,
    )
    assert forged.status_code == 401


def test_a_suspended_bank_is_out_at_once(town: Town, firm_id: int) -> None:
    posted(town, firm_id, OTHER)
    api = town.at(OTHER)
    assert api.get("/applications")
    with town.house.database.write() as session:
        connecting.suspend(session, OTHER, now=town.clock.now())
    with pytest.raises(OutsideRefused):
        api.get("/applications")
    with town.house.database.write() as session:
        connecting.resume(session, OTHER, now=town.clock.now())
    assert api.get("/applications")


def test_a_contract_of_two_hundred_megabytes_is_refused_before_it_is_sent(town: Town, firm_id: int) -> None:
    path = f"{API}/applications/{posted(town, firm_id)}/documents"
    host, port = town.base.removeprefix("http://").split(":")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/pdf\r\n"
        f"Content-Length: {200 * 1024 * 1024}\r\nSignature-Input: sig1=()\r\nSignature: sig1=:AAAA:\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 413"
