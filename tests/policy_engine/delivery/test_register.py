"""The public register: nothing in it gives away a group of fewer than five, also not by subtraction."""

from hypothesis import given
from hypothesis import strategies as st

from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.register.repository import Cell
from policy_engine.delivery.register.service import make
from policy_engine.delivery.register.suppression import FEWEST, shown
from tests.policy_engine.delivery.city import FIRM, Office, agent, decider
from tests.policy_engine.delivery.stories import paid, pay


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_no_figure_tells_of_a_small_group(people: list[int]) -> None:
    cells = [Cell("p", "2026", f"42020{i}", count, count * 100) for i, count in enumerate(people)]
    (told,) = shown(cells)
    hidden = [cell for cell, county in zip(cells, told.counties, strict=True) if county.people is None]
    assert all(county.people is None or county.people >= FEWEST for county in told.counties)
    assert all((county.people is None) == (county.fen is None) for county in told.counties)
    if told.people is not None and hidden:
        assert len(hidden) > 1
        assert sum(cell.people for cell in hidden) >= FEWEST
    if all(count >= FEWEST for count in people):
        assert told.people == sum(people)
        assert not hidden


def test_firms_stand_by_name_and_persons_in_groups(office: Office) -> None:
    paid(office)
    budget = office.budget(500_000, "hiring", "quota")
    office.reconcile(office.effect("hiring", FIRM, 302))
    claim = office.confirm(office.offer("hiring", FIRM, 302), office.account(FIRM), agent(304, FIRM))
    office.act(claim, decider(), "grant")
    pay(office, claim)
    with office.database.read() as session:
        register = make(session, office.ports, now=office.now)
        assert balances(session, budget.id)["paid"] == 100_000
    assert [(one.firm, one.year, one.fen) for one in register.firms] == [("某301", "2026", 100_000)]
    (group,) = register.people
    assert (group.policy_id, group.people, group.fen) == ("nursing", None, None), (
        "one person is nobody's figure"
    )
