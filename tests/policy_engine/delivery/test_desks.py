"""A work list is read from an index: a claim lies on the desk its map says, and a seat finds, counts and orders its own."""

import importlib
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.web.principal import Duty, SeatView
from policy_engine.delivery import views
from policy_engine.delivery.access import serves
from policy_engine.delivery.claims.desks import desk_of, desks_served
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import WAITS_FOR, decide_index
from policy_engine.delivery.states import ClaimState
from policy_engine.delivery.terms import Signatory, Stage
from policy_engine.delivery.views import WorkFilter, WorkPage
from policy_engine.delivery.views.parts import clock_left
from policy_engine.delivery.views.work import _bounds, is_overdue, is_soon
from tests.policy_engine.delivery.city import (
    DAUGHTER,
    FATHER,
    GRANDMOTHER,
    MOTHER,
    Office,
    clerk,
    decider,
    federation,
    official,
)

_DEPARTMENTS = st.sampled_from(["", "民政局", "残联", "人社局"])
_STAGE = st.builds(
    Stage,
    key=st.just("k"),
    title=st.just("环节"),
    outcome=st.sampled_from(["accept", "joint_review"]),
    duty=st.sampled_from(["claim.accept", "claim.joint_review", "claim.decide"]),
    level=st.sampled_from([4, 6, 9]),
    department=_DEPARTMENTS,
    joint=st.lists(st.builds(Signatory, title=st.just("席"), department=_DEPARTMENTS), max_size=3).map(tuple),
)
_MAPS = st.tuples(st.lists(_STAGE, max_size=2), _STAGE).map(
    lambda parts: (*parts[0], msgspec.structs.replace(parts[1], outcome="decide"))
)
_SEATS = st.builds(
    SeatView,
    id=st.just(1),
    title=st.just("席"),
    division=st.sampled_from(["420200", "420203", "420203007"]),
    department=_DEPARTMENTS,
    duties=st.frozensets(st.sampled_from(sorted(get_args(Duty))[:9])),
)


@given(stages=_MAPS, seat=_SEATS, data=st.data())
def test_a_seat_serves_the_desk_exactly_where_it_may_act_at_the_stage(
    stages: tuple[Stage, ...], seat: SeatView, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(stages) - 1))
    written = [msgspec.to_builtins(stage) for stage in stages]
    for state in ClaimState:
        desk = desk_of(state, written, index)
        if state in WAITS_FOR.values():
            expected = serves(seat, stages[index], seat.division)
        elif state in (ClaimState.APPEALED, ClaimState.OBJECTION):
            expected = serves(seat, stages[decide_index(stages)], seat.division)
        else:
            assert desk is None
            continue
        assert desk is not None
        assert bool(desks_served([desk], seat)) == expected
        assert _as_migrated(state, written, index) == desk


def _as_migrated(state: str, stages: list[dict[str, Any]], index: int) -> str:
    migration: Any = importlib.import_module("kernel.migrations.versions.0042_desks")
    desk: str = migration._desk_of(SimpleNamespace(state=state, stages=stages, stage_index=index))
    return desk


@pytest.mark.parametrize("start", [date(2026, 9, 24), date(2026, 11, 27), date(2027, 1, 30)])
def test_clocks_are_told_apart_by_days_as_by_working_days(start: date) -> None:
    """Around holidays, days worked instead of them, and weekends."""
    for today in (start + timedelta(days=n) for n in range(20)):
        overdue_until, soon_until = _bounds(today)
        for due in (today + timedelta(days=n) for n in range(-15, 16)):
            item: Any = SimpleNamespace(
                working_days_left=clock_left(due, today)  # as a line of the page counts
            )
            assert is_overdue(item) == (due <= overdue_until), (today, due)
            assert is_soon(item) == (overdue_until < due <= soon_until), (today, due)


def _shown(office: Office, wanted: WorkFilter, *, limit: int = 50, offset: int = 0) -> WorkPage:
    with office.database.read() as session:
        return views.work_page(
            session, office.ports, clerk(), wanted, now=office.now, limit=limit, offset=offset
        )


def test_a_seat_narrows_orders_and_turns_the_pages_of_its_work(office: Office) -> None:
    claims = {who: office.claimed(subject_id=who) for who in (GRANDMOTHER, DAUGHTER, MOTHER)}
    late = office.claimed("childcare", FATHER)
    with office.database.write() as session:
        for claim, days, amount, is_held in (
            (claims[GRANDMOTHER], -10, 300, False),
            (claims[DAUGHTER], 1, 100, True),
            (claims[MOTHER], 30, 200, False),
        ):
            row = session.get_one(Claim, claim.id)
            row.stage_due_on = office.clock.today() + timedelta(days=days)
            row.amount_fen, row.is_held = amount, is_held
        session.get_one(Claim, late.id).stage_due_on = None
    everything = _shown(office, WorkFilter())
    assert [item.claim_id for item in everything.items][-1] == late.id, "what has no clock comes last"
    assert (everything.found, everything.total, everything.overdue, everything.held) == (4, 4, 1, 1)
    assert [title for _id, title in everything.policies] == ["育儿补贴", "重度残疾人护理补贴"]

    def people(wanted: WorkFilter, **page: int) -> list[str]:
        return [item.subject_name for item in _shown(office, wanted, **page).items]

    named = {who: f"某{who}" for who in (GRANDMOTHER, DAUGHTER, MOTHER, FATHER)}
    assert people(WorkFilter(clock="overdue")) == [named[GRANDMOTHER]]
    assert people(WorkFilter(clock="soon")) == [named[DAUGHTER]]
    assert people(WorkFilter(clock="held")) == [named[DAUGHTER]]
    assert people(WorkFilter(policy="childcare")) == [named[FATHER]]
    assert people(WorkFilter(words=f" {named[MOTHER]} ")) == [named[MOTHER]]
    assert people(WorkFilter(words="某")) == people(WorkFilter())
    assert people(WorkFilter(words=str(claims[MOTHER].case_number)[-5:])) == [named[MOTHER]]
    assert people(WorkFilter(words="100%_没有")) == []
    assert people(WorkFilter(policy="nursing", sort="amount")) == [
        named[DAUGHTER],
        named[MOTHER],
        named[GRANDMOTHER],
    ]
    assert people(WorkFilter(policy="nursing", sort="-amount"))[0] == named[GRANDMOTHER]
    assert people(WorkFilter(sort="policy"))[0] == named[FATHER]
    assert people(WorkFilter(sort="nonsense")) == people(WorkFilter())
    assert people(WorkFilter(), limit=3, offset=3) == [named[FATHER]]
    assert people(WorkFilter(), limit=3, offset=10**30) == [named[FATHER]], "behind the end the last page"
    assert people(WorkFilter(clock="overdue"), limit=3, offset=3) == [named[GRANDMOTHER]]


def test_a_claim_goes_from_desk_to_desk(office: Office) -> None:
    claim = office.claimed()

    def waits() -> list[bool]:
        seats = (clerk(), federation(), decider(), official(1, "claim.accept", division="420281"))
        with office.database.read() as session:
            found = [views.work_list(session, office.ports, seat, now=office.now) for seat in seats]
        return [[item.claim_id for item in items] == [claim.id] for items in found]

    assert waits() == [True, False, False, False]
    office.act(claim, clerk(), "accept")
    assert waits() == [False, True, False, False]
    office.act(claim, federation(), "recommend")
    assert waits() == [False, False, True, False]
    office.act(claim, decider(), "refuse", "不符合条件")
    assert waits() == [False] * 4


def test_only_what_waits_for_the_seat_is_taken_of_what_was_ticked(office: Office) -> None:
    mine, done = office.claimed(), office.claimed(subject_id=MOTHER)
    office.act(done, clerk(), "accept")
    with office.database.read() as session:
        found = views.chosen_work(session, office.ports, clerk(), [mine.id, done.id], now=office.now)
    assert [item.claim_id for item in found] == [mine.id]
