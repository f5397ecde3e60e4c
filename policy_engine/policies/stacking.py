"""叠加: the best of what somebody may lawfully have together, and why each of the rest is left out.

Rights stand against each other only on one and the same unit (a person, a child, a hire, a home), by either document's
word, which is what delivery enforces. The search is exact and always gives the same answer: the most money in the next
twelve months; then what is held already; then the most rights; then the order of their ids.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from policy_engine.policies.document import CapScope, Period, PolicyDocument

#: Payments of a full year; what is paid once is counted once.
PAYMENTS_A_YEAR: Mapping[Period, int] = {"month": 12, "quarter": 4, "year": 1, "once": 1}
#: Choices looked at for one knot of rights before the best found so far has to do. Real knots take a few dozen.
MOST_STEPS = 200_000

Reason = Literal["excluded", "lower", "requires", "limit"]


def yearly_fen(amount_fen: int, period: Period, periods: int | None = None) -> int:
    """What an amount per period brings in the next twelve months; ``periods`` when the right ends of itself."""
    times = PAYMENTS_A_YEAR[period]
    return amount_fen * (times if periods is None else min(times, periods))


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """A benefit that one unit could have, or holds already, and its worth in the next twelve months.

    One that was paid out counts as it stands: nothing can be had in its place, and it is in every bundle.
    """

    policy_id: str
    unit_id: int
    subject_id: int
    yearly_fen: int
    #: Where the subject lives; whoever lives in none stands alone.
    household_id: int | None = None
    is_held: bool = False
    is_paid_out: bool = False

    @property
    def key(self) -> tuple[str, int]:
        return self.policy_id, self.unit_id


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A right that the best bundle goes without.

    ``against`` are rights of the bundle; ``declared_by`` the policy whose document says that they do not go together;
    ``requires`` the policies that would have to come first. ``loss_fen``: what having it all the same would cost in
    the next twelve months; None where it cannot be had at all.
    """

    right: Right
    reason: Reason
    against: tuple[Right, ...] = ()
    declared_by: str = ""
    requires: tuple[str, ...] = ()
    loss_fen: int | None = None


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """``yearly_fen``: all together, what caps of the year keep back taken off. ``is_exact`` is False only where a knot
    was too large to look at every choice in it."""

    taken: tuple[Right, ...]
    left_out: tuple[LeftOut, ...]
    yearly_fen: int
    is_exact: bool = True


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """At most so much a year of these policies together, for one unit, one subject or one household."""

    policies: frozenset[str]
    scope: CapScope
    fen: int

    def group_of(self, right: Right) -> int | None:
        """What shares the cap with this right; None where it does not bound it."""
        if right.policy_id not in self.policies:
            return None
        if self.scope == "unit":
            return right.unit_id
        if self.scope == "household" and right.household_id is not None:
            return right.household_id
        return right.subject_id


_NARROWEST: tuple[CapScope, ...] = ("unit", "subject", "household")


class StackingRules(msgspec.Struct, frozen=True):
    """Who stands against whom among published policies, and by whose word."""

    excludes: Mapping[str, Mapping[str, str]]
    higher_of: Mapping[str, Mapping[str, str]]
    requires: Mapping[str, frozenset[str]]
    #: At most so many units of one subject.
    most_units: Mapping[str, int]
    #: The narrowest first.
    caps: tuple[Cap, ...] = ()

    def worth(self, rights: Sequence[Right]) -> int:
        """What rights bring together in twelve months. Each cap counts once, though such a time meets two years."""
        values = {one.key: one.yearly_fen for one in rights}
        for cap in self.caps:
            groups: dict[int, list[tuple[str, int]]] = defaultdict(list)
            for one in rights:
                group = cap.group_of(one)
                if group is not None:
                    groups[group].append(one.key)
            for keys in groups.values():
                _cut(values, keys, sum(values[key] for key in keys) - cap.fen)
        return sum(values.values())

    def between(self, one: Right, other: Right) -> tuple[Literal["excluded", "lower"], str] | None:
        """Why two rights do not go together, and the policy that says so; None where they do."""
        if one.unit_id != other.unit_id:
            return None
        declared = self.excludes.get(one.policy_id, {}).get(other.policy_id)
        if declared is not None:
            return "excluded", declared
        declared = self.higher_of.get(one.policy_id, {}).get(other.policy_id)
        return None if declared is None else ("lower", declared)


def _cut(values: dict[tuple[str, int], int], keys: Sequence[tuple[str, int]], over: int) -> None:
    """Take ``over`` from the values of ``keys``, the last first."""
    for key in reversed(keys):
        less = max(min(over, values[key]), 0)
        values[key] -= less
        over -= less


def rules_of(documents: Iterable[PolicyDocument]) -> StackingRules:
    """What one document says of another holds for both: the law does not ask which of them was read."""
    excludes: dict[str, dict[str, str]] = defaultdict(dict)
    higher_of: dict[str, dict[str, str]] = defaultdict(dict)
    requires: dict[str, frozenset[str]] = {}
    most_units: dict[str, int] = {}
    caps: set[Cap] = set()
    for document in documents:
        for cap in document.yearly_caps:
            shared = frozenset({document.id, *cap.together_with})
            caps.add(Cap(policies=shared, scope=cap.scope, fen=cap.yuan * 100))
        for pairs, others in ((excludes, document.excludes), (higher_of, document.choose_higher_with)):
            for other in others:
                pairs[document.id][other] = document.id
                pairs[other].setdefault(document.id, document.id)
        if document.requires:
            requires[document.id] = frozenset(document.requires)
        for limit in document.limits:
            if limit.scope == "subject":
                most_units[document.id] = min(limit.times, most_units.get(document.id, limit.times))
    ordered = sorted(
        caps, key=lambda one: (_NARROWEST.index(one.scope), len(one.policies), one.fen, sorted(one.policies))
    )
    return StackingRules(excludes, higher_of, requires, most_units, tuple(ordered))


def best_bundle(
    rights: Iterable[Right], rules: StackingRules, granted: Collection[tuple[str, int]] = ()
) -> Bundle:
    """The best lawful choice among ``rights``, of which each policy and unit comes once.

    ``granted``: policy and unit of what was had before and stands in nobody's way any more, but may be presupposed.
    """
    ordered = sorted(rights, key=lambda one: (-one.yearly_fen, not one.is_held, one.key))
    taken: list[Right] = []
    left_out: list[LeftOut] = []
    is_exact = True
    for knot in _knots(ordered, rules):
        search = _Search(knot, rules, granted)
        best = search.best()
        taken += best
        left_out += [_left_out(one, best, search) for one in knot if one not in best]
        is_exact = is_exact and search.is_exact
    order = {one.key: place for place, one in enumerate(ordered)}
    return Bundle(
        taken=tuple(sorted(taken, key=lambda one: order[one.key])),
        left_out=tuple(sorted(left_out, key=lambda one: order[one.right.key])),
        yearly_fen=rules.worth(taken),
        is_exact=is_exact,
    )


def _knots(rights: Sequence[Right], rules: StackingRules) -> Iterator[list[Right]]:
    """Rights that have to do with each other, however far round; each knot can be untied by itself."""
    waiting = list(rights)
    while waiting:
        knot = [waiting.pop(0)]
        for one in knot:
            near = [other for other in waiting if _is_tied(one, other, rules)]
            knot += near
            waiting = [other for other in waiting if other not in near]
        yield sorted(knot, key=rights.index)


def _is_tied(one: Right, other: Right, rules: StackingRules) -> bool:
    if one.unit_id == other.unit_id:
        needs = (
            rules.requires.get(one.policy_id, frozenset()),
            rules.requires.get(other.policy_id, frozenset()),
        )
        if other.policy_id in needs[0] or one.policy_id in needs[1]:
            return True
    for cap in rules.caps:
        group = cap.group_of(one)
        if group is not None and group == cap.group_of(other):
            return True
    is_shared = one.subject_id == other.subject_id and one.policy_id in rules.most_units
    return (is_shared and one.policy_id == other.policy_id) or rules.between(one, other) is not None


class _Search:
    """Branch and bound over one knot: each right is had or not, and a branch that cannot reach the best is cut."""

    def __init__(
        self, knot: Sequence[Right], rules: StackingRules, granted: Collection[tuple[str, int]]
    ) -> None:
        self.knot = [one for one in knot if not one.is_paid_out]
        self._past = [one for one in knot if one.is_paid_out]
        self.rules = rules
        self._granted = granted
        self.is_exact = True
        self._steps = 0
        self._is_capped = any(cap.group_of(one) is not None for cap in rules.caps for one in knot)
        #: What all rights from a place on would bring if nothing stood in their way.
        self._rest = [sum(one.yearly_fen for one in self.knot[place:]) for place in range(len(self.knot) + 1)]

    def best(self, wanted: Right | None = None) -> list[Right]:
        """The best choice, or the best with ``wanted`` in it: nothing but the past where that cannot be."""
        self._steps, self._wanted = 0, wanted
        self._found: list[Right] | None = None
        self._worth: tuple[int, int, int] = (-1, 0, 0)
        self._try(0, self._past)
        return self._found or self._past

    def fits(self, one: Right, chosen: Sequence[Right]) -> bool:
        """Whether a right goes with those chosen, but for what it presupposes."""
        if any(self.rules.between(one, other) is not None for other in chosen):
            return False
        most = self.rules.most_units.get(one.policy_id)
        return most is None or len(of_same(one, chosen)) < most

    def lacks(self, one: Right, chosen: Sequence[Right]) -> frozenset[str]:
        """The policies that would have to be had first for this unit."""
        had = {other.policy_id for other in chosen if other.unit_id == one.unit_id}
        needed = self.rules.requires.get(one.policy_id, frozenset()) - had
        return frozenset(other for other in needed if (other, one.unit_id) not in self._granted)

    def _try(self, place: int, chosen: list[Right]) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS and self._found is not None:
            self.is_exact = False
            return
        money = self._worth_of(chosen)
        if money + self._rest[place] < self._worth[0]:
            return
        if place == len(self.knot):
            self._keep(money, chosen)
            return
        one = self.knot[place]
        if self.fits(one, chosen):
            self._try(place + 1, [*chosen, one])
        if one is not self._wanted:
            self._try(place + 1, chosen)

    def _worth_of(self, chosen: Sequence[Right]) -> int:
        return self.rules.worth(chosen) if self._is_capped else sum(one.yearly_fen for one in chosen)

    def _keep(self, money: int, chosen: list[Right]) -> None:
        if any(self.lacks(one, chosen) for one in chosen if not (one.is_held or one.is_paid_out)):
            return
        worth = (money, sum(one.is_held for one in chosen), len(chosen))
        if worth > self._worth:  # of equals the first stays, and the order of the knot is fixed
            self._found, self._worth = list(chosen), worth


def _left_out(one: Right, best: Sequence[Right], search: _Search) -> LeftOut:
    instead = search.best(wanted=one)
    loss = None
    if one in instead:
        loss = search.rules.worth(best) - search.rules.worth(instead)
    lacking = search.lacks(one, best)
    against = [(other, found) for other in best if (found := search.rules.between(one, other)) is not None]
    if against:
        excluded = [(other, found) for other, found in against if found[0] == "excluded"] or against
        reason, declared_by = excluded[0][1]
        rivals = tuple(other for other, _ in against)
        return LeftOut(right=one, reason=reason, against=rivals, declared_by=declared_by, loss_fen=loss)
    if lacking:
        return LeftOut(right=one, reason="requires", requires=tuple(sorted(lacking)), loss_fen=loss)
    rivals = tuple(of_same(one, best))
    return LeftOut(right=one, reason="limit", against=rivals, declared_by=one.policy_id, loss_fen=loss)


def of_same(one: Right, others: Iterable[Right]) -> list[Right]:
    """Rights of the same subject under the same policy, for other units."""
    return [
        other for other in others if other.policy_id == one.policy_id and other.subject_id == one.subject_id
    ]
