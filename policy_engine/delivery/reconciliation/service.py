"""Importing a day's statement, comparing it, and explaining what a person has cleared up."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.reconciliation import repository
from policy_engine.delivery.reconciliation.comparing import BankLine, compare
from policy_engine.delivery.reconciliation.models import Difference, ReconciledDay

LONGEST_EXPLANATION = 500


def reconcile_day(session: Session, day: date, lines: Sequence[BankLine], *, now: datetime) -> ReconciledDay:
    """Hold a whole day's statement against the books. Again, with the same or a longer statement, is safe.

    Raises ``InvalidInput`` for a statement that is not one: a line twice, a sum that is none.
    """
    _check(lines)
    repository.replace_lines(session, day, lines)
    orders = repository.orders_of(session, [line.instruction_id for line in lines])
    paid = repository.paid_on(session, day)
    seen = repository.seen_on_statements(session, [order.instruction_id for order in paid])
    result = compare(lines, orders, paid, seen)
    repository.mark_reconciled(session, result.matched, day)
    repository.note_differences(session, day, result.found, now=now)
    session.flush()
    repository.keep_day(
        session,
        {
            "day": day,
            "line_count": len(lines),
            "out_fen": sum(line.amount_fen for line in lines if line.direction == "D"),
            "back_fen": sum(line.amount_fen for line in lines if line.direction == "C"),
            "matched_count": len(result.matched),
            "matched_fen": sum(result.matched.values()),
            "state": _state_of(session, day),
            "reconciled_at": now,
        },
    )
    kept = repository.get_day(session, day)
    if kept is None:
        raise LookupError(f"the day {day} was not kept")
    return kept


def explain(
    session: Session, *, difference_id: uuid.UUID, principal: Principal, explanation: str, now: datetime
) -> Difference:
    """A finance seat says what became of a difference; it stays on the record with name and words."""
    if not principal.has_duty("payment.approve"):
        raise Forbidden(_("对账不属于您所在席位的职责。"))
    difference = repository.lock_difference(session, difference_id)
    if difference is None:
        raise NotFound(_("没有找到您要的内容。"))
    if difference.state != "open":
        raise Conflict(_("这笔差异已经处理过了。"))
    if not explanation.strip() or len(explanation) > LONGEST_EXPLANATION:
        raise InvalidInput(_("请写明差异的原因和处理（500字以内）。"))
    difference.state, difference.explanation = "explained", explanation.strip()
    difference.explained_by_id, difference.explained_at = principal.subject_id, now
    session.flush()
    day = repository.get_day(session, difference.day)
    if day is not None:
        day.state = _state_of(session, difference.day)
    audit.record(
        session,
        actor=principal,
        action="reconciliation.explain",
        object_kind="reconciliation_difference",
        object_id=difference.id,
        detail={"day": difference.day.isoformat(), "kind": difference.kind},
        now=now,
    )
    return difference


def _check(lines: Sequence[BankLine]) -> None:
    if len({line.line_number for line in lines}) != len(lines):
        raise InvalidInput(_("对账单里有重复的行号，没有导入。"))
    if any(line.amount_fen <= 0 or line.direction not in ("D", "C") for line in lines):
        raise InvalidInput(_("对账单里有金额或方向不对的行，没有导入。"))


def _state_of(session: Session, day: date) -> str:
    if repository.has_open(session, day):
        return "open"
    explained = any(one.state == "explained" for one in repository.differences_of(session, day))
    return "explained" if explained else "balanced"
