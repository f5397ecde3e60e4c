"""The examination after a struck run can fail: what the bank booked twice, or otherwise than we did, is found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chaos.examination import bank_findings
from connectors.simulators.store import Store
from tests.policy_engine.delivery.city import Office
from tests.policy_engine.delivery.stories import paid, payments_of


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "world")
    yield store
    store.close()


def book(bank: Store, instruction: str, fen: int = 10_000, direction: str = "D") -> None:
    bank.run(
        "INSERT INTO booking (day, booked_at, direction, amount_fen, instruction_id, reference, account) "
        "VALUES ('2026-11-23', '2026-11-23', ?, ?, ?, 'YH1', '1')",
        direction,
        fen,
        instruction,
    )


def found(office: Office, bank: Store) -> list[str]:
    with office.database.read() as session:
        return list(bank_findings(session, bank))


def test_a_bank_that_agrees_is_silent_and_any_other_is_heard(office: Office, bank: Store) -> None:
    [payment] = payments_of(office, paid(office))
    key = payment.instruction_id or ""
    assert found(office, bank) == ["1 sums differ from the bank's"], "paid here and not there"
    book(bank, f"{payment.id.hex}-0")
    book(bank, f"{payment.id.hex}-0", direction="C")  # sent back, then ordered anew
    book(bank, key)
    assert found(office, bank) == []
    book(bank, f"{key}x", 10_000)  # the same payment under a key of its own
    assert f"payment {payment.id.hex} was paid 2 times" in found(office, bank)


def test_one_order_that_left_twice_is_found(office: Office, bank: Store) -> None:
    [payment] = payments_of(office, paid(office))
    for _ in range(2):
        book(bank, payment.instruction_id or "", 5_000)
    assert found(office, bank) == [f"{payment.instruction_id} left the bank 2 times"]
