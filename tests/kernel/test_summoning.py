"""When people are summoned: decided by a pure function, whatever waits, whenever it is."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import SHANGHAI
from kernel.notices.summoning import Decision, Habits, Waiting, decide, is_quiet, is_urgent

START = datetime(2026, 11, 23, tzinfo=UTC)
KINDS = ("offer", "award", "grant", "account.device", "account.recovery")

times = st.times().map(lambda one: one.replace(second=0, microsecond=0))
habits = st.builds(
    Habits, quiet_from=times, quiet_until=times, pace=st.sampled_from(("each", "hourly", "daily"))
)
instants = st.integers(0, 3 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
waiting = st.lists(st.builds(Waiting, st.integers(1, 30), st.sampled_from(KINDS), instants, st.booleans()), max_size=6,
                   unique_by=lambda one: one.number)  # fmt: skip


@given(waiting, habits, st.none() | instants, st.booleans(), instants)
def test_nobody_is_disturbed_for_what_can_wait(
    all_waiting: list[Waiting], likes: Habits, last: datetime | None, is_wanted: bool, now: datetime
) -> None:
    decision = decide(all_waiting, likes, last_at=last, is_wanted=is_wanted, now=now)
    kinds = {one.number: one.kind for one in all_waiting}
    if decision.covered and not any(is_urgent(kinds[number]) for number in decision.covered):
        assert not is_quiet(now, likes)
        assert is_wanted
        assert last is None or likes.pace == "each" or now >= last + timedelta(hours=1)
        assert not any(one.is_read for one in all_waiting if one.number in decision.covered)


@given(waiting, habits, st.none() | instants, st.booleans(), instants)
def test_everything_is_covered_put_off_or_dropped_once(
    all_waiting: list[Waiting], likes: Habits, last: datetime | None, is_wanted: bool, now: datetime
) -> None:
    decision = decide(all_waiting, likes, last_at=last, is_wanted=is_wanted, now=now)
    parts = (*decision.covered, *decision.deferred, *decision.dropped)
    assert sorted(parts) == sorted(one.number for one in all_waiting)
    urgent = {one.number for one in all_waiting if is_urgent(one.kind)}
    assert not urgent & set(decision.dropped)
    if decision.deferred and not decision.covered:
        assert decision.until is not None
        assert decision.until > now
    if urgent:
        assert decision.covered


@given(waiting, habits, st.none() | instants, instants)
def test_who_waits_is_summoned_within_two_days(
    all_waiting: list[Waiting], likes: Habits, last: datetime | None, now: datetime
) -> None:
    """Rounds that come at the instant named end in a summons: nothing waits for ever."""
    left = [one for one in all_waiting if not one.is_read]
    moment = max((one.since for one in left), default=now)
    last = None if last is None else min(last, moment)
    end = moment + timedelta(days=2, hours=1)
    while left:
        assert moment <= end
        decision = decide(left, likes, last_at=last, is_wanted=True, now=moment)
        last = moment if decision.covered else last
        left = [one for one in left if one.number in decision.deferred]
        moment = max(moment, decision.until or moment)


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def decided(
    *rows: Waiting, now: datetime, last: datetime | None = None, likes: Habits | None = None
) -> Decision:
    return decide(rows, likes or Habits(), last_at=last, is_wanted=True, now=now)


def test_one_summons_covers_all_that_waits() -> None:
    rows = [Waiting(number, "offer", at(10, number), is_read=False) for number in (1, 2, 3)]
    assert decided(*rows, now=at(10, 5)).covered == (1, 2, 3)


def test_night_ends_at_seven_on_either_side_of_midnight() -> None:
    late, early = Waiting(1, "offer", at(23), is_read=False), Waiting(1, "offer", at(3), is_read=False)
    assert decided(late, now=at(23)).until == at(7, day=24)
    assert decided(early, now=at(3)).until == at(7)
    assert decided(late, now=at(7, day=24)).covered == (1,)
    assert decided(late, now=at(22, 30, day=24)).until == at(7, day=25)  # a worker that stood still all day


def test_a_second_one_within_the_hour_waits_for_its_end() -> None:
    row = Waiting(2, "offer", at(10, 20), is_read=False)
    assert decided(row, now=at(10, 20), last=at(10)).until == at(11)
    assert decided(row, now=at(10, 20), last=at(10), likes=Habits(pace="each")).covered == (2,)


def test_once_a_day_is_at_nine() -> None:
    likes = Habits(pace="daily")
    row = Waiting(1, "offer", at(9, 1), is_read=False)
    assert decided(row, now=at(9, 1), last=at(9), likes=likes).until == at(9, day=24)
    assert decided(row, now=at(9, day=24), last=at(9), likes=likes).covered == (1,)
    late_riser = Habits(pace="daily", quiet_until=time(10))
    assert decided(row, now=at(9, 1), likes=late_riser).until == at(10, day=24)


def test_what_concerns_the_account_goes_out_at_night_though_refused_and_read() -> None:
    row = Waiting(5, "account.device", at(3), is_read=True)
    assert decide([row], Habits(), last_at=at(2, 59), is_wanted=False, now=at(3)).covered == (5,)


def test_an_alarm_has_its_own_words_and_the_rest_follows() -> None:
    rows = [Waiting(1, "offer", at(10), is_read=False), Waiting(2, "account.recovery", at(10), is_read=False)]
    decision = decided(*rows, now=at(10))
    assert (decision.wording, decision.covered, decision.deferred) == ("alarm", (2,), (1,))
