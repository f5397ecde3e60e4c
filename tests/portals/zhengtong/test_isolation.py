"""What a seat can reach whom a thing does not concern: every operation of Zhengtong's API is tried, with real numbers.

The operations are taken from the API's own description, so that one that is added tomorrow is tried too. Each is asked
with a body that is in order: it is the seat that is refused, and what it may not see is as if it were not there.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from kernel.web.principal import Principal
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger.models import Budget, LedgerTransaction
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.profiles.quality.models import QualityFinding
from tests.policy_engine.delivery.city import official
from tests.portals.described import Described, Operation
from tests.portals.zhengtong.conftest import City
from tests.portals.zhengtong.lines import Lines

API = "/zhengtong/api/v1"
PLACE, ELSEWHERE = "429004", "429005"
#: What any seat reads: nothing of anybody's, or only what waits for itself.
FOR_EVERY_SEAT = frozenset(
    {
        *(f"{API}/claims", f"{API}/findings", f"{API}/ratings/tasks", f"{API}/licence-types"),
        *(f"{API}/policies", f"{API}/policies/renewals", f"{API}/policies/vocabulary"),
        # What was ticked is narrowed to what waits for the seat; which data sets there are is no secret.
        *(f"{API}/claim-batches", f"{API}/exchange/datasets"),
        *(f"{API}/policies/{{version_id}}", f"{API}/policies/checks", f"{API}/policies/conditions"),
    }
)
#: What belongs to the whole city, whichever place a seat with the duty is in.
OF_THE_CITY = ("policies", "presentations", "reconciliation", "closings", "rights/losses")


def _seated(number: int, *duties: Any, division: str = PLACE) -> Principal:
    return official(number, *duties, division=division, department="民政局")


#: What is said where the description allows any word.
WORDS = {
    "action": "grant",
    "outcome": "uphold",
    "operation": "revoke",
    "authorisation": "signed_form",
    "reference": "授-1",
    "identifier": "11010519491231002X",
}
SEATS: dict[str, Principal] = {
    "without a duty": _seated(7801),
    "drafting policies": _seated(7802, "policy.author"),
    "of another county": _seated(
        7803,
        *("claim.accept", "claim.joint_review", "claim.decide", "payment.approve", "counter.assist"),
        "licence.issue",
        division=ELSEWHERE,
    ),
}


class Doors:
    """The API with somebody before it, and one of everything that lies in a county."""

    def __init__(self, city: City, client: TestClient[Litestar]) -> None:
        self.city, self._client = city, client
        with city.house.database.write() as session:
            self.lines = Lines(session, city.services.ports.people, PLACE, 2)
            self.lines.grow(2)
            self.numbers = self.lines.numbers()
        self.app: Litestar = client.app

    def operations(self) -> Iterator[Operation]:
        for one in Described(self.app, self._part, WORDS):
            is_objection = one.template.endswith("objection-decision")
            yield one._replace(body=one.body | {"outcome": "dismiss"}) if is_objection else one

    def ask(self, principal: Principal | None, method: str, path: str, body: Any) -> Any:
        headers = {"accept": "application/json"}
        if principal is not None:
            token = uuid.uuid4().hex
            self.city.tokens[token] = msgspec.structs.replace(principal, scopes=frozenset({"zhengtong"}))
            headers["authorization"] = f"Bearer {token}"
        sent = {} if method in ("GET", "DELETE") else {"json": body}
        return self._client.request(method, path, headers=headers, **sent)

    def state(self) -> list[tuple[Any, ...]]:
        """Everything of the place that any of it could have changed."""
        with self.city.house.database.read() as session:
            return [
                tuple(row)
                for model in (Claim, Award, Payment, PaymentBatch, Budget, QualityFinding)
                for row in session.execute(
                    sa.select(model.__table__)
                    .where(model.__table__.c.division.startswith(PLACE))
                    .order_by(model.__table__.c.id)
                )
            ] + [(session.scalar(sa.select(sa.func.count()).select_from(LedgerTransaction)),)]

    def _part(self, name: str, template: str) -> object:
        if name == "finding_id" and "data-quality" not in template:
            name = "oversight_id"
        known = {
            **self.numbers,
            "day": "2026-11-20",
            "on": "2026-11-20",
            "form": "csv",
            "command": "approve",
            "number": 1,
            "seat_id": 1,
            "division": PLACE,
            "year": 2026,
            "type_id": "disability-certificate",
        }
        return known.get(name) or (uuid.uuid4() if name.endswith("_id") else name)


@pytest.fixture(scope="module")
def doors(city: City, client: TestClient[Litestar]) -> Iterator[Doors]:
    made = Doors(city, client)
    yield made
    with city.house.database.write() as session:
        made.lines.forget(session)


def _concerns(who: str, operation: Operation) -> bool:
    """Whether the operation is one that this seat may very well be allowed."""
    part = operation.template.removeprefix(f"{API}/")
    if who == "of another county":
        return "{" not in part or part.startswith(OF_THE_CITY)
    return operation.template in FOR_EVERY_SEAT or (
        who == "drafting policies" and part.startswith(("policies", "income-rules"))
    )


@pytest.mark.parametrize("who", sorted(SEATS))
def test_a_seat_whom_it_does_not_concern_gets_nothing_by_any_operation(doors: Doors, who: str) -> None:
    before, tried = doors.state(), 0
    open_doors: list[tuple[object, ...]] = []
    for operation in doors.operations():
        if not _concerns(who, operation):
            answer = doors.ask(SEATS[who], operation.method, operation.path, operation.body)
            tried += 1
            if answer.status_code not in (403, 404):
                open_doors.append(
                    (operation.method, operation.template, answer.status_code, answer.text[:200])
                )
    assert not open_doors, "\n".join(map(str, open_doors))
    assert tried > 60, tried
    assert doors.state() == before


@pytest.mark.parametrize("who", sorted(SEATS))
def test_what_a_seat_may_list_holds_nothing_of_another_countys(doors: Doors, who: str) -> None:
    secrets = {str(number) for number in doors.numbers.values()}
    for operation in doors.operations():
        if operation.method == "GET" and "{" not in operation.template:
            answer = doors.ask(SEATS[who], "GET", operation.path, None)
            assert answer.status_code in (200, 403, 404), (operation, answer.text)
            assert not [one for one in secrets if one in answer.text], operation


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/claim-batches", {"claim_ids": ["claim_id"], "action": "grant", "reason": "齐全"}),
        ("/payment-batches", {"payment_ids": ["payment_id"]}),
        ("/rights/adjustments", {"award_ids": ["award_id"], "reason": "标准调整"}),
    ],
)
def test_numbers_of_another_county_in_a_body_do_nothing(
    doors: Doors, path: str, body: dict[str, Any]
) -> None:
    named = {
        key: [doors.numbers[one] for one in value] if isinstance(value, list) else value
        for key, value in body.items()
    }
    before = doors.state()
    answer = doors.ask(SEATS["of another county"], "POST", API + path, msgspec.to_builtins(named))
    assert answer.status_code in (200, 201, 400, 403, 404, 409), answer.text
    assert doors.state() == before


def test_without_a_seat_or_a_sign_in_there_is_no_operation(doors: Doors) -> None:
    private = msgspec.structs.replace(SEATS["without a duty"], capacity="self", seat=None)
    for operation in doors.operations():
        for principal, refused in ((private, 403), (None, 401)):
            answer = doors.ask(principal, operation.method, operation.path, operation.body)
            assert answer.status_code == refused, (operation, answer.status_code)


@pytest.mark.parametrize(
    ("duty", "path"),
    [
        ("claim.decide", "/claims/{claim_id}"),
        ("payment.approve", "/payment-batches/{batch_id}"),
        ("payment.approve", "/payments/{payment_id}/movements"),
        ("claim.decide", "/overpayments/{overpayment_id}"),
    ],
)
def test_their_own_county_finds_them(doors: Doors, duty: Any, path: str) -> None:
    """The numbers are real: else every refusal above would prove nothing."""
    named = path.format_map({name: str(number) for name, number in doors.numbers.items()})
    answer = doors.ask(_seated(7804, duty), "GET", API + named, None)
    assert answer.status_code == 200, answer.text
