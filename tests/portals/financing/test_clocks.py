"""1, 3 and 5 working days: reminded at the half, breached at the end, passed by when nobody answers; and the order of asking."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.notices import inbox
from portals.financing.demands import repository, routing, service
from portals.financing.demands.clocks import end_of
from portals.financing.demands.jobs import ring
from portals.financing.demands.models import Demand
from portals.financing.demands.routing import BankRecords
from portals.financing.demands.states import ApplicationState as A
from portals.financing.products.document import ProductDocument, as_policy
from portals.financing.products.library import product_library
from portals.financing.products.matching import Match
from portals.financing.products.offered import OfferedProduct
from tests.portals.financing.conftest import BANKS, FIRM, NOW, bank, firm, wish
from tests.portals.financing.test_demand_life import posted


@pytest.mark.parametrize(
    ("day", "days", "end"),
    [
        ("2026-03-02", 1, "2026-03-04"),  # Monday: the whole of Tuesday
        ("2026-03-06", 1, "2026-03-10"),  # Friday: the whole of Monday
        ("2026-02-13", 3, "2026-02-26"),  # a working Saturday, the Spring Festival, then two more days
    ],
)
def test_working_days_are_those_of_the_calendar(day: str, days: int, end: str) -> None:
    at = end_of(datetime.fromisoformat(day).date(), days)
    assert at.astimezone(SHANGHAI).isoformat()[:16] == f"{end}T00:00"


def test_half_the_time_reminds_and_the_end_is_a_breach_on_the_banks_record(session: Session) -> None:
    (one,) = posted(session, BANKS[0])
    assert routing.records_of(session, NOW).breach_permille[BANKS[0]] == 0
    assert one.next_clock_at == NOW + (end_of(NOW.date(), 1) - NOW) / 2
    ring(session, one.id, now=NOW)
    assert (one.reminded, one.breaches) == ([], [])
    ring(session, one.id, now=NOW + timedelta(hours=20))
    assert (one.reminded, one.breaches) == (["accept"], [])
    over = end_of(NOW.date(), 1)
    for _ in range(2):  # again changes nothing
        ring(session, one.id, now=over)
    assert [breach["clock"] for breach in one.breaches] == ["accept"]
    service.move(session, one.id, "accept", by=bank(BANKS[0]), now=over)
    assert [breach["clock"] for breach in one.breaches] == ["accept"]
    assert routing.records_of(session, over).breach_permille[BANKS[0]] > 0


def test_a_bank_that_does_not_answer_is_passed_by(session: Session) -> None:
    (first,) = posted(session, routing="rotation")
    ring(session, first.id, now=end_of(NOW.date(), 3))
    assert first.state == A.UNANSWERED
    asked = repository.applications_of(session, first.demand_id)
    assert [one.bank_code for one in asked] == [BANKS[0], BANKS[1]]
    told = {one.kind for one in inbox(session, FIRM)}
    assert {"financing.route", "financing.pass_by"} <= told


def test_a_bank_that_accepted_in_time_is_not_passed_by(session: Session) -> None:
    (first,) = posted(session, BANKS[0])
    service.move(session, first.id, "accept", by=bank(BANKS[0]), now=NOW)
    ring(session, first.id, now=end_of(NOW.date(), 3))
    assert (first.state, [one["clock"] for one in first.breaches]) == (A.ACCEPTED, ["contact"])
    assert first.next_clock_at is None


def test_disbursement_has_five_days_from_the_contract(session: Session) -> None:
    (one,) = posted(session, BANKS[0])
    for command in ("accept", "contact", "approve", "offer"):
        service.move(session, one.id, command, by=bank(BANKS[0]), now=NOW)
    service.move(session, one.id, "accept_offer", by=firm(), now=NOW)
    service.move(session, one.id, "contract", by=bank(BANKS[0]), now=NOW)
    ring(session, one.id, now=end_of(NOW.date(), 5))
    assert [breach["clock"] for breach in one.breaches] == ["disburse"]


def match(institution: str, low_bp: int, limit_fen: int, verdict: str = "eligible", number: int = 1) -> Match:
    base = product_library()[0].document
    document: ProductDocument = msgspec.structs.replace(
        base,
        id=f"{institution}-{number}",
        institution=institution,
        rate=msgspec.structs.replace(base.rate, low_bp=low_bp, high_bp=low_bp, formula=None),
    )
    product = OfferedProduct(document=document, policy=as_policy(document), is_demonstration=True)
    return Match(product=product, verdict=verdict, limit_fen=limit_fen)  # type: ignore[arg-type]


def order(matches: list[Match], records: BankRecords | None = None, **changes: object) -> list[str]:
    given = wish(**changes)
    demand = Demand(number="RZ1", routing=given.routing, wanted_bank=given.wanted_bank, wanted_product=None)
    found = routing.in_order(matches, demand, records or BankRecords())
    return [one.bank_code for one in found]


def test_the_order_is_sure_then_cheap_then_punctual_then_generous() -> None:
    a, b, c = BANKS
    assert order([match(a, 300, 9, "unknown"), match(b, 400, 9)]) == [b, a]
    assert order([match(a, 345, 9), match(b, 344, 1)]) == [b, a]
    late = BankRecords({a: 200, b: 100})
    assert order([match(a, 345, 9), match(b, 345, 1)], late) == [b, a]
    assert order([match(a, 345, 1), match(b, 345, 2), match(c, 345, 3)]) == [c, b, a]
    assert order([match(a, 345, 1), match(b, 500, 9)], routing="named", wanted_bank=b) == [b, a]
    assert order([match(a, 400, 9, number=1), match(a, 300, 1, number=2), match(b, 350, 1)]) == [a, b]


def test_in_rotation_whoever_waited_longest_is_next() -> None:
    a, b, c = BANKS
    turns = BankRecords({}, {a: datetime(2026, 3, 1, tzinfo=UTC), b: datetime(2026, 2, 1, tzinfo=UTC)})
    three = [match(a, 300, 9), match(b, 400, 1), match(c, 500, 1)]
    assert order(three, turns, routing="rotation") == [c, b, a]


def test_the_order_does_not_depend_on_who_comes_first_in_the_list() -> None:
    equals = [match(code, 345, 5) for code in (*BANKS, "fuhe-bank", "xisai-village")]
    assert order(equals) == order(equals[::-1])
    assert order([]) == []
