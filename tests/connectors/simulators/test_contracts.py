"""Clients against their systems over real HTTP: whatever goes wrong on the way, money moves once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import msgspec
import pytest

from connectors.banks.client import BankClient
from connectors.market_regulation.client import MarketRegulationClient
from connectors.messaging.client import MessagingClient
from connectors.public_security.client import PublicSecurityClient
from connectors.settings import ConnectorSettings
from connectors.simulators.app import create_app
from connectors.simulators.faults import Fault, set_fault
from connectors.simulators.population import BANK, account_number_of
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from connectors.treasury.client import TreasuryClient
from connectors.treasury.messages import PaymentOrder
from kernel.clock import FixedClock, business_date
from kernel.errors import InvalidInput, OutsideRefused, OutsideTimeout, OutsideUnavailable
from kernel.web.pages import Pages
from tests.conftest import NOON
from tests.connectors.conftest import FATHER, FIRM, PERSON, eventually, free_port, populate, serving

ACCOUNT = account_number_of(PERSON)


@dataclass(frozen=True)
class Order:
    instruction_id: str = "pay-00000001"
    amount_fen: int = 10_000
    bank: str = BANK
    number: str = ACCOUNT
    holder: str = "柳如是"
    purpose: str = "民生资金"
    appropriation: str = "2026-420202-2081107"


@dataclass
class Town:
    """The world being served, and the clients the system talks to it with."""

    world: World
    url: str
    outside: ConnectorSettings
    treasury: TreasuryClient
    bank: BankClient
    messaging: MessagingClient

    def submit_in_a_hurry(self) -> None:
        """By a client that does not wait long."""
        system = msgspec.structs.replace(self.outside.systems["treasury"], answer_seconds=0.3)
        client = TreasuryClient(system)
        try:
            client.submit(Order())
        finally:
            client.close()

    def settled(self, instruction_id: str = "pay-00000001") -> str:
        return eventually(
            lambda: (
                (answer := self.treasury.query(instruction_id))
                and answer.status in ("paid", "returned")
                and answer.status
            )
        )

    def moved(self) -> list[tuple[str, str]]:
        """What the bank really booked today."""
        lines = self.bank.statement(business_date(NOON)).lines
        return [(line.direction, line.amount) for line in lines]


@pytest.fixture
def town(tmp_path: Path, pages: Pages) -> Iterator[Town]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    outside = ConnectorSettings.embedded(base, tmp_path)
    settings = SimulatorSettings(
        home=tmp_path, outside=outside, events_url="http://127.0.0.1:9", payout_seconds=0.1, is_pushing=False
    )
    world = World(settings, FixedClock(NOON))
    populate(world)
    with serving(create_app(settings, FixedClock(NOON), world=world, pages=pages), port):
        systems = outside.systems
        town = Town(
            world,
            base,
            outside,
            TreasuryClient(systems["treasury"], first_pause=0.01),
            BankClient(systems["banks"], first_pause=0.01),
            MessagingClient(systems["messaging"], first_pause=0.01),
        )
        yield town
        town.treasury.close()
        town.bank.close()
        town.messaging.close()


def test_an_order_is_accepted_paid_and_booked(town: Town) -> None:
    assert town.treasury.submit(Order()).status == "accepted"
    assert town.settled() == "paid"
    answer, payout = town.treasury.query("pay-00000001"), town.bank.payout("pay-00000001")
    assert answer is not None
    assert payout is not None
    assert answer.reference == payout.bank_reference
    assert (payout.status, payout.amount, payout.account) == ("paid", "100.00", ACCOUNT)
    assert town.moved() == [("D", "100.00")]


def test_the_same_order_sent_three_times_is_one_payment(town: Town) -> None:
    for _ in range(3):
        town.treasury.submit(Order())
    town.settled()
    assert town.treasury.submit(Order()).status == "paid"
    assert town.moved() == [("D", "100.00")]


def test_orders_in_one_message_are_answered_and_paid_one_by_one(town: Town) -> None:
    orders = [Order(), replace(Order(), instruction_id="pay-00000002", amount_fen=0)]
    orders += [replace(Order(), instruction_id="pay-00000003", holder="别人")]
    answers = town.treasury.submit_many(orders)
    assert {key: (one.status, one.reason) for key, one in answers.items()} == {
        "pay-00000001": ("accepted", ""),
        "pay-00000002": ("refused", "amount_zero"),
        "pay-00000003": ("accepted", ""),
    }
    assert (town.settled("pay-00000001"), town.settled("pay-00000003")) == ("paid", "returned")
    asked = town.treasury.query_many(["pay-00000001", "pay-00000002", "pay-00000003", "pay-00000004"])
    assert {key: one.status for key, one in asked.items()} == {
        "pay-00000001": "paid",
        "pay-00000003": "returned",
    }
    assert town.treasury.submit_many(orders)["pay-00000001"].status == "paid", "again it pays nothing"
    assert sorted(direction for direction, _ in town.moved()) == ["C", "D", "D"]


def test_one_key_cannot_stand_for_two_orders(town: Town) -> None:
    town.treasury.submit(Order())
    with pytest.raises(OutsideRefused) as refused:
        town.treasury.submit(replace(Order(), amount_fen=20_000))
    assert refused.value.code == "key_reused"


def test_after_a_time_out_the_key_tells_that_it_was_accepted_and_one_payment_is_made(town: Town) -> None:
    set_fault(town.world.store, "treasury", Fault(mode="timeout_after_accepting", times=1, seconds=1))
    with pytest.raises(OutsideTimeout):
        town.submit_in_a_hurry()
    assert town.treasury.query("pay-00000001") is not None
    assert town.treasury.submit(Order()).status in ("accepted", "sent", "paid")
    town.settled()
    assert town.moved() == [("D", "100.00")]


def test_after_a_time_out_the_key_tells_that_it_never_arrived_and_sending_again_pays_once(town: Town) -> None:
    set_fault(town.world.store, "treasury", Fault(mode="timeout_before_accepting", times=1, seconds=1))
    with pytest.raises(OutsideTimeout):
        town.submit_in_a_hurry()
    assert town.treasury.query("pay-00000001") is None
    town.treasury.submit(Order())
    assert town.settled() == "paid"
    assert town.moved() == [("D", "100.00")]


def test_a_refusal_is_final_and_repeated(town: Town) -> None:
    set_fault(town.world.store, "treasury", Fault(mode="refuse", times=1, code="appropriation_frozen"))
    for _ in range(2):
        with pytest.raises(OutsideRefused) as refused:
            town.treasury.submit(Order())
        assert refused.value.code == "appropriation_frozen"
    answer = town.treasury.query("pay-00000001")
    assert answer is not None
    assert (answer.status, answer.reason) == ("refused", "appropriation_frozen")
    assert town.moved() == []


def test_returned_money_is_out_and_back_on_the_statement(town: Town) -> None:
    set_fault(town.world.store, "banks", Fault(mode="return", times=1, code="account_closed"))
    town.treasury.submit(Order())
    assert town.settled() == "returned"
    answer = town.treasury.query("pay-00000001")
    assert answer is not None
    assert answer.reason == "account_closed"
    assert town.moved() == [("D", "100.00"), ("C", "100.00")]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (replace(Order(), holder="柳如烟"), "name_mismatch"),
        (replace(Order(), number="9900009999999999999"), "account_unknown"),
    ],
)
def test_money_for_the_wrong_account_comes_back(town: Town, order: Order, reason: str) -> None:
    town.treasury.submit(order)
    assert town.settled() == "returned"
    answer = town.treasury.query(order.instruction_id)
    assert answer is not None
    assert answer.reason == reason


def test_a_treasury_that_is_down_did_nothing_and_says_so(town: Town) -> None:
    set_fault(town.world.store, "treasury", Fault(mode="down"))
    with pytest.raises(OutsideUnavailable):
        town.treasury.submit(Order())
    set_fault(town.world.store, "treasury", Fault())
    assert town.treasury.query("pay-00000001") is None


def test_a_short_outage_is_ridden_out(town: Town) -> None:
    set_fault(town.world.store, "treasury", Fault(mode="down", times=2))
    assert town.treasury.submit(Order()).status == "accepted"


def test_duplicated_callbacks_carry_one_event_id(town: Town) -> None:
    set_fault(town.world.store, "treasury", Fault(mode="duplicate_callbacks", times=1))
    town.treasury.submit(Order())
    town.settled()
    rows = town.world.store.rows("SELECT deliveries FROM event WHERE department = 'treasury'")
    assert [row["deliveries"] for row in rows] == [3]


def test_nothing_is_not_an_amount(town: Town) -> None:
    with pytest.raises(OutsideRefused) as refused:
        town.treasury.submit(replace(Order(), amount_fen=0))
    assert refused.value.code == "amount_zero"


def test_an_unfinished_payment_is_finished_after_a_restart(tmp_path: Path) -> None:
    outside = ConnectorSettings.embedded("http://127.0.0.1:9", tmp_path)
    settings = SimulatorSettings(
        home=tmp_path, outside=outside, events_url="http://127.0.0.1:9", payout_seconds=0
    )
    order = PaymentOrder("pay-00000001", "2026", "100.00", BANK, ACCOUNT, "柳如是", "民生资金")
    before = World(settings, FixedClock(NOON))
    populate(before)
    before.treasury.submit(order)
    before.store.close()  # nothing was handed on yet
    after = World(settings, FixedClock(NOON))
    after.step()
    assert after.treasury.query("pay-00000001").status == "paid"
    assert [line.direction for line in after.bank.statement("2026-11-23").lines] == ["D"]
    after.stop()


@pytest.mark.parametrize(
    ("number", "holder", "result"),
    [
        (ACCOUNT, "柳如是", "match"),
        (ACCOUNT, "柳如烟", "mismatch"),
        (account_number_of(FATHER), "阿卜杜拉•买买提", "match"),
        ("9900009999999999999", "柳如是", "closed"),
    ],
)
def test_an_account_is_checked_against_its_holder(town: Town, number: str, holder: str, result: str) -> None:
    assert town.bank.check(BANK, number, holder) == result


def test_a_closed_account_says_so(town: Town) -> None:
    httpx.put(f"{town.url}/simulators/admin/accounts/{ACCOUNT}", json={"is_closed": True}).raise_for_status()
    assert town.bank.check(BANK, ACCOUNT, "柳如是") == "closed"


def test_an_unknown_payout_is_none(town: Town) -> None:
    assert town.bank.payout("pay-99999999") is None


def test_a_message_is_sent_once_per_key(town: Town) -> None:
    text = "【东楚通】您有一条新消息，请打开东楚通查看。核验编号 3141592653。"
    for _ in range(2):
        assert town.messaging.send_message("10000000000", text, key="notice-1").status == "delivered"
    assert len(httpx.get(f"{town.url}/simulators/admin/messages").json()) == 1


def test_a_text_that_says_too_much_never_leaves(town: Town) -> None:
    with pytest.raises(InvalidInput):
        town.messaging.send_message("10000000000", "您的护理补贴100元已到账", key="notice-1")
    assert httpx.get(f"{town.url}/simulators/admin/messages").json() == []


@pytest.mark.parametrize(
    ("name", "number", "is_match"),
    [("柳如是", PERSON, True), ("柳如烟", PERSON, False), ("柳如是", FATHER, False)],
)
def test_public_security_confirms_name_and_number_together(
    town: Town, name: str, number: str, is_match: bool
) -> None:
    client = PublicSecurityClient(town.outside.systems["public_security"])
    assert client.is_identity(name, number) is is_match
    client.close()


@pytest.mark.parametrize(
    ("uscc", "number", "is_match"),
    [(FIRM, FATHER, True), (FIRM, PERSON, False), ("91420200MA4C00003X", FATHER, False)],
)
def test_the_register_of_firms_names_who_represents_one(
    town: Town, uscc: str, number: str, is_match: bool
) -> None:
    client = MarketRegulationClient(town.outside.systems["market_regulation"])
    assert client.is_legal_representative(uscc, number) is is_match
    client.close()


@pytest.mark.parametrize("path", ["/treasury/orders/x", "/banks/payouts/x", "/health/events"])
def test_strangers_get_nothing(town: Town, path: str) -> None:
    assert httpx.get(f"{town.url}/simulators{path}").status_code == 401
