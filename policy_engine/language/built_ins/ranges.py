"""How points and ranges lie to one another (§10.3.4.8): Allen's relations, ends open or closed."""

from collections.abc import Callable
from typing import Any, Final

from policy_engine.language.built_ins.registry import ANY, built_in
from policy_engine.language.unary import within
from policy_engine.language.values import Span, equal, ordered

_POINTS: Final = ("point1", "point2")
_POINT_RANGE: Final = ("point", "range")
_RANGE_POINT: Final = ("range", "point")
_RANGES: Final = ("range1", "range2")
_ALL: Final = (_POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES)


class _Incomparable(Exception):
    """Two ends that have no order: the whole answer is null."""


def _order(left: Any, right: Any) -> int:
    order = ordered(left, right)
    if order is None:
        raise _Incomparable
    return order


def _less(left: Any, right: Any) -> bool:
    return _order(left, right) < 0


def _same(left: Any, right: Any) -> bool:
    return _order(left, right) == 0


def _inside(point: Any, span: Span) -> bool:
    found = within(point, span)
    if found is None:
        raise _Incomparable
    return found


def _relation(
    name: str, signatures: tuple[tuple[str, ...], ...], accepts: tuple[tuple[bool, bool], ...]
) -> Callable[[Callable[[Any, Any], bool]], Callable[[Any, Any], bool]]:
    """``accepts``: which of the two arguments may be ranges."""

    def declare(body: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        def answer(left: Any, right: Any) -> bool | None:
            if left is None or right is None:
                return None
            if (isinstance(left, Span), isinstance(right, Span)) not in accepts:
                return None
            try:
                return body(left, right)
            except _Incomparable:
                return None

        named = [dict.fromkeys(one, ANY) for one in signatures]
        built_in(name, named[0], named=tuple(named))(answer)
        return body

    return declare


_ANY_PAIR: Final = ((False, False), (False, True), (True, False), (True, True))
_BOTH: Final = ((True, True),)
_POINT_OR_RANGE: Final = ((False, True), (True, True))
_RANGE_FIRST: Final = ((True, False), (True, True))


@_relation("before", _ALL, _ANY_PAIR)
def before(left: Any, right: Any) -> bool:
    end, is_end_in = (left.high, left.is_high_closed) if isinstance(left, Span) else (left, True)
    start, is_start_in = (right.low, right.is_low_closed) if isinstance(right, Span) else (right, True)
    return _less(end, start) or (not (is_end_in and is_start_in) and _same(end, start))


@_relation("after", _ALL, _ANY_PAIR)
def after(left: Any, right: Any) -> bool:
    return before(right, left)


@_relation("meets", (_RANGES,), _BOTH)
def meets(left: Span, right: Span) -> bool:
    return left.is_high_closed and right.is_low_closed and _same(left.high, right.low)


@_relation("met by", (_RANGES,), _BOTH)
def met_by(left: Span, right: Span) -> bool:
    return meets(right, left)


@_relation("overlaps", (_RANGES,), _BOTH)
def overlaps(left: Span, right: Span) -> bool:
    return not before(left, right) and not before(right, left)


@_relation("overlaps before", (_RANGES,), _BOTH)
def overlaps_before(left: Span, right: Span) -> bool:
    begins = _less(left.low, right.low) or (
        _same(left.low, right.low) and left.is_low_closed and not right.is_low_closed
    )
    ends = _less(left.high, right.high) or (
        _same(left.high, right.high) and (not left.is_high_closed or right.is_high_closed)
    )
    return begins and ends and not before(left, right)


@_relation("overlaps after", (_RANGES,), _BOTH)
def overlaps_after(left: Span, right: Span) -> bool:
    begins = _less(right.low, left.low) or (
        _same(right.low, left.low) and right.is_low_closed and not left.is_low_closed
    )
    ends = _less(right.high, left.high) or (
        _same(right.high, left.high) and (not right.is_high_closed or left.is_high_closed)
    )
    return begins and ends and not before(right, left)


@_relation("finishes", (_POINT_RANGE, _RANGES), _POINT_OR_RANGE)
def finishes(left: Any, right: Span) -> bool:
    if not isinstance(left, Span):
        return right.is_high_closed and _same(left, right.high)
    begins = _less(right.low, left.low) or (
        _same(right.low, left.low) and (not left.is_low_closed or right.is_low_closed)
    )
    return left.is_high_closed == right.is_high_closed and _same(left.high, right.high) and begins


@_relation("finished by", (_RANGE_POINT, _RANGES), _RANGE_FIRST)
def finished_by(left: Span, right: Any) -> bool:
    return finishes(right, left)


@_relation("includes", (_RANGE_POINT, _RANGES), _RANGE_FIRST)
def includes(left: Span, right: Any) -> bool:
    if not isinstance(right, Span):
        return _inside(right, left)
    begins = _less(left.low, right.low) or (
        _same(left.low, right.low) and (left.is_low_closed or not right.is_low_closed)
    )
    ends = _less(right.high, left.high) or (
        _same(right.high, left.high) and (left.is_high_closed or not right.is_high_closed)
    )
    return begins and ends


@_relation("during", (_POINT_RANGE, _RANGES), _POINT_OR_RANGE)
def during(left: Any, right: Span) -> bool:
    return includes(right, left)


@_relation("starts", (_POINT_RANGE, _RANGES), _POINT_OR_RANGE)
def starts(left: Any, right: Span) -> bool:
    if not isinstance(left, Span):
        return right.is_low_closed and _same(left, right.low)
    ends = _less(left.high, right.high) or (
        _same(left.high, right.high) and (not left.is_high_closed or right.is_high_closed)
    )
    return left.is_low_closed == right.is_low_closed and _same(left.low, right.low) and ends


@_relation("started by", (_RANGE_POINT, _RANGES), _RANGE_FIRST)
def started_by(left: Span, right: Any) -> bool:
    return starts(right, left)


@_relation("coincides", (_POINTS, _RANGES), ((False, False), (True, True)))
def coincides(left: Any, right: Any) -> bool:
    if not isinstance(left, Span):
        same = equal(left, right)
        if same is None:
            raise _Incomparable
        return same
    is_alike = (left.is_low_closed, left.is_high_closed) == (right.is_low_closed, right.is_high_closed)
    return is_alike and _same(left.low, right.low) and _same(left.high, right.high)
