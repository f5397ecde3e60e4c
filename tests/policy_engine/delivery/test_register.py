"""The public register: nothing in it gives away a group of fewer than five, also not by subtraction."""

import uuid
from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Unavailable
from kernel.outbox import Message, OutboxMessage
from policy_engine.delivery.ledger import looking
from policy_engine.delivery.ledger.models import LedgerAccount
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.register.jobs import MAKE, handlers, settle
from policy_engine.delivery.register.repository import Cell, Counted
from policy_engine.delivery.register.service import PublicRegister, make
from policy_engine.delivery.register.settling import FEWEST, Key, key_of, steps
from policy_engine.delivery.register.suppression import shown
from tests.policy_engine.delivery.city import FIRM, Office, agent, decider
from tests.policy_engine.delivery.stories import paid, pay

#: What the worker's clock puts before a handler.
LETTER = Message(1, uuid.UUID(int=1), "scheduled", "schedule", {}, 1, uuid.UUID(int=2))


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
    assert register.people == (), "one person is nobody's figure"


Town = list[tuple[int, int, int, int]]  # day, person, county, fen
_PAID: st.SearchStrategy[Town] = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 14), st.integers(0, 2), st.integers(1, 999)), max_size=120
)


def nights(paid: Town) -> list[tuple[int, dict[Key, Cell]]]:
    """What stood published after each night on which anything moved, with the day."""
    standing: dict[Key, Cell] = {}
    settled: dict[Key, int] = {}
    told: list[tuple[int, dict[Key, Cell]]] = [(-1, {})]
    for day in range(13):
        counted: list[Counted] = []
        for county in range(3):
            rows = [one for one in paid if one[0] <= day and one[2] == county]
            key = ("p", "2026", f"42020{county}")
            cell = Cell(*key, len({one[1] for one in rows}), sum(one[3] for one in rows))
            newly = {one[1] for one in rows if one[0] > settled.get(key, -1)}
            counted += [Counted(cell, len(newly))] if rows else []
        for cell in steps(standing, counted):
            standing[key_of(cell)] = cell
            settled[key_of(cell)] = day
        told.append((day, dict(standing)))
    return told


@settings(max_examples=60)
@given(_PAID)
def test_registers_of_any_two_days_taken_from_one_another_hide_everybody(paid: Town) -> None:
    """The attack: somebody kept every register, and takes counties and totals of any two of them from one another."""
    told = nights(paid)
    for earlier, (_, before) in enumerate(told):
        for _, after in told[earlier + 1 :]:
            moved = {key for key in after if after[key] != before.get(key)}
            for key in moved:  # each figure by itself, and with it every sum of figures
                old = before.get(key)
                gained = after[key].people - (old.people if old else 0)
                assert gained == 0 or abs(gained) >= FEWEST
            (group,) = shown(after.values()) or (None,)
            (was,) = shown(before.values()) or (None,)
            if group is not None and was is not None and group.people is not None and was.people is not None:
                assert group.people - was.people == 0 or group.people - was.people >= FEWEST


@settings(max_examples=60)
@given(_PAID)
def test_a_step_is_made_of_five_people_who_were_paid(paid: Town) -> None:
    told = nights(paid)
    last: dict[Key, int] = {}
    for (_, before), (day, after) in pairwise(told):
        for key in after:
            if after[key] != before.get(key):
                county = int(key[2][-1])
                since = last.get(key, -1)
                people = {one[1] for one in paid if since < one[0] <= day and one[2] == county}
                assert len(people) >= FEWEST, "one person's money can be had by subtraction"
                last[key] = day


def test_without_the_rule_the_attack_succeeds() -> None:
    """Five people were paid, and the next night a sixth: the old register minus the new one is what the sixth got."""
    paid = [(0, person, 0, 100) for person in range(1, 6)] + [(1, 6, 0, 777)]
    naive = [sum(fen for at, _, _, fen in paid if at <= day) for day in (0, 1)]
    assert naive[1] - naive[0] == 777
    assert {cell.fen for _, standing in nights(paid) for cell in standing.values()} == {500}


def test_published_sums_wait_for_five_who_were_paid(any_office: Office) -> None:
    office = any_office
    office.budget(10_000_000)

    def published() -> list[tuple[int | None, int | None]]:
        office.clock.move(timedelta(hours=12))
        with office.database.write() as session:
            settle(session, office.clock)
        office.clock.move(timedelta(hours=12))
        with office.database.read() as session:
            return [(one.people, one.fen) for one in make(session, office.ports, now=office.now).people]

    def pay_for(*people: int) -> None:
        for one in people:
            pay(office, office.grant(office.claimed(subject_id=one)))

    pay_for(3_001, 3_002, 3_003, 3_004)
    assert published() == []
    pay_for(3_005)
    assert published() == [(5, 50_000)]
    pay_for(3_006)
    assert published() == [(5, 50_000)], "the difference would be one person's"
    pay_for(3_007, 3_008, 3_009)
    assert published() == [(5, 50_000)]
    pay_for(3_010)
    assert published() == [(10, 100_000)]


def test_the_register_is_made_by_the_worker_and_only_read_by_who_asks(office: Office) -> None:
    register = PublicRegister(office.database)
    with pytest.raises(Unavailable):
        register.current()
    make_afresh = handlers(office.database, office.clock, office.ports)[MAKE]
    make_afresh(LETTER)
    first = register.current()
    assert first.made_at == office.now
    assert register.current() is first, "decoded once for everybody"
    office.clock.set(office.now + timedelta(minutes=1))
    make_afresh(LETTER)
    assert register.current() is first, "another worker has just made it"
    office.clock.set(office.now + timedelta(minutes=10))
    make_afresh(LETTER)
    assert register.current().made_at == office.now


def test_the_books_are_looked_through_by_the_worker(office: Office) -> None:
    look = looking.handlers(office.database, office.clock)[looking.TOPIC]
    paid(office)
    with office.database.read() as session:
        assert looking.last_look(session) is None
    look(LETTER)
    with office.database.write() as session:
        whole = looking.last_look(session)
        account = session.scalars(sa.select(LedgerAccount).where(LedgerAccount.name == "paid")).first()
        assert account is not None
        account.balance_fen += 1
    assert whole == looking.Looked(at=office.now, defects=())
    look(LETTER)
    with office.database.write() as session:
        assert looking.last_look(session) == whole, "looked through within the hour"
        looking.ask(session, now=office.now)
        looking.ask(session, now=office.now)
        (asked,) = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.topic == looking.TOPIC))
    look(msgspec.structs.replace(LETTER, key=asked.key))
    with office.database.read() as session:
        found = looking.last_look(session)
    assert found is not None
    assert any("do not sum to nothing" in one for one in found.defects)
