"""What of settled interest counts, by the day: never more than was paid, everything without a stop, nothing after one."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portals.financing.subsidies.counting import Settled, Stop, Why, count, label_of, quarter_of, settled_in
from portals.financing.subsidies.rules import SubsidyRule, rules

BY_DAY = SubsidyRule(policy="p", overdue="days", extended="days")
FOR_GOOD = SubsidyRule(policy="p", overdue="for_good", extended="for_good")
MONTH = Settled(since=date(2026, 10, 21), on=date(2026, 11, 21), interest_fen=310_00)

days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def stop(why: Why, since: date, length: int | None) -> Stop:
    return Stop(why=why, since=since, until=None if length is None else since + timedelta(length))


whys: st.SearchStrategy[Why] = st.sampled_from(["overdue", "extended"])
stops = st.lists(st.builds(stop, whys, days, st.none() | st.integers(1, 200)), max_size=3)
paid = st.lists(st.tuples(days, st.integers(0, 10**9)), max_size=8).map(sorted)


@given(days)
def test_quarters_are_the_calendars(day: date) -> None:
    first, following = quarter_of(day)
    assert first <= day < following
    assert (first.day, following.day, (following - first).days in range(90, 93)) == (1, 1, True)
    assert quarter_of(following)[0] == following
    assert label_of(date(2026, 10, 1)) == "2026Q4"


@given(paid, stops)
def test_never_more_counts_than_was_paid(sums: list[tuple[date, int]], out: list[Stop]) -> None:
    first, following = quarter_of(date(2026, 11, 1))
    settled = settled_in(sums, date(2026, 1, 1), first, following)
    assert sum(one.interest_fen for one in settled) == sum(fen for on, fen in sums if first <= on < following)
    by_day, for_good = count(settled, out, BY_DAY), count(settled, out, FOR_GOOD)
    assert all(0 <= line.counted_fen <= line.interest_fen for line in by_day)
    assert all(stern.counted_fen <= mild.counted_fen for stern, mild in zip(for_good, by_day, strict=True))
    if not out:
        assert all(line.counted_fen == line.interest_fen and line.why is None for line in by_day)


@given(stops.filter(bool))
def test_nothing_counts_after_the_last_stop_for_good(out: list[Stop]) -> None:
    begins = min(stop.since for stop in out)
    late = Settled(since=begins, on=begins + timedelta(30), interest_fen=1_000)
    assert count([late], out, FOR_GOOD)[0].counted_fen == 0


def test_an_extension_stops_on_its_day() -> None:
    (line,) = count([MONTH], [Stop(why="extended", since=date(2026, 11, 6))], FOR_GOOD)
    assert (line.days, line.counted_days, line.counted_fen, line.why) == (31, 16, 160_00, "extended")


def test_arrears_cost_their_days_only_where_the_policy_says_so() -> None:
    out = [Stop(why="overdue", since=date(2026, 10, 21), until=date(2026, 10, 31))]
    assert count([MONTH], out, BY_DAY)[0].counted_fen == 210_00
    assert count([MONTH], out, FOR_GOOD)[0].counted_fen == 0


def test_what_is_left_of_a_fen_is_cut_off() -> None:
    odd = Settled(since=date(2026, 10, 1), on=date(2026, 10, 4), interest_fen=100)
    assert count([odd], [Stop(why="overdue", since=date(2026, 10, 2))], BY_DAY)[0].counted_fen == 33


def test_each_rule_names_a_policy_once() -> None:
    assert len({one.policy for one in rules()}) == len(rules())
