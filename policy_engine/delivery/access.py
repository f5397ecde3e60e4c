"""Who may touch whose affairs. Pure: relations come in as values, so every rule is a line in a table of tests.

A stranger learns nothing, not even that the thing exists: the services turn a missing relation into ``NotFound``.
"""

from collections.abc import Collection, Iterable
from typing import Literal

from kernel.web.principal import Duty, Principal, SeatView
from policy_engine.catalogue.divisions import encloses, prefix_of
from policy_engine.delivery.terms import Stage

Relation = Literal["self", "guardian", "proxy", "enterprise", "counter"]


def relation_to(
    principal: Principal, subject_id: int, *, wards: frozenset[int], division: str
) -> Relation | None:
    """In which role ``principal`` may act in the affairs of ``subject_id``; none for a stranger."""
    if principal.capacity == "self":
        if subject_id == principal.subject_id:
            return "self"
        return "guardian" if subject_id in wards else None
    if principal.capacity == "person":
        return "proxy" if subject_id == principal.acting_for else None
    if principal.capacity == "enterprise":
        return "enterprise" if subject_id == principal.acting_for else None
    seat = principal.seat
    if seat is not None and principal.has_duty("counter.assist") and encloses(seat.division, division):
        return "counter"
    return None


def sees_claim(principal: Principal, stages: Iterable[Stage], division: str) -> bool:
    """Whether a seat may open the file: it works at one of its stages, pays it or audits it, in that division."""
    seat = principal.seat
    if seat is None or not encloses(seat.division, division):
        return False
    if seat.duties & {"audit.read", "payment.approve", "counter.assist"}:
        return True
    return any(stage.duty in seat.duties and _fits_department(seat.department, stage) for stage in stages)


def may_act_at(principal: Principal, stage: Stage, division: str) -> bool:
    """By duty and division and stage: a street's seat cannot decide what belongs to the district."""
    return principal.seat is not None and serves(principal.seat, stage, division)


def serves(seat: SeatView, stage: Stage, division: str) -> bool:
    """Whether a post may do what a stage asks for, whoever sits there."""
    return encloses(seat.division, division) and suits(seat, stage.duty, stage.level, departments_of(stage))


def suits(seat: SeatView, duty: Duty, level: int, departments: Collection[str]) -> bool:
    """The same wherever the affair is: by duty, by the size of the seat's place, and by department (empty: any)."""
    return (
        duty in seat.duties
        and len(prefix_of(seat.division)) <= level
        and ("" in departments or seat.department in departments)
    )


def departments_of(stage: Stage) -> tuple[str, ...]:
    """Whose people may act at a stage; where several must agree, any of theirs."""
    return tuple(one.department for one in stage.joint) or (stage.department,)


def may_approve_payments(principal: Principal, division: str) -> bool:
    seat = principal.seat
    return seat is not None and principal.has_duty("payment.approve") and encloses(seat.division, division)


def is_concerned(official_id: int, concerned: Iterable[int | None]) -> bool:
    """Whether the official is the subject, applicant, payee, guardian, or entered the claim (公务员法 Art. 76 回避)."""
    return official_id in set(concerned)


def acted_elsewhere(official_id: int, stage_key: str, acts: Iterable[tuple[str, int]]) -> bool:
    """Whether the official already acted at another stage; ``acts`` are (stage, official) pairs of this round."""
    return any(actor == official_id and stage != stage_key for stage, actor in acts)


def _fits_department(department: str, stage: Stage) -> bool:
    allowed = departments_of(stage)
    return "" in allowed or department in allowed
