"""Paying tens of thousands in one go: a pause in which to correct, one in a hundred, one in ten, then all the rest.

Each part is settled before the next begins. Where too much comes back, or nothing is heard, the run stops by itself
and a person looks. Everything lies in the store: a killed worker goes on where it was, and no order is given twice.
"""

import uuid
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.outbox import enqueue
from kernel.web.principal import Principal, SeatView
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.cases.numbers import batch_number
from policy_engine.delivery.cases.timeline import actor_of
from policy_engine.delivery.payments import repository
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.batches import those_that_stand
from policy_engine.delivery.payments.history import log
from policy_engine.delivery.payments.models import PaymentBatch
from policy_engine.delivery.ports import Ports

Step = Literal["more", "wait", "over"]

TOPIC: Final = "payment.run"
#: How much of a run has been tried when each part ends, in thousandths.
PARTS: Final = (10, 100, 1000)
CHUNK = 200
WINDOW = timedelta(minutes=30)
LONGEST_WINDOW = timedelta(days=3)
#: A run stops when more than so many in a thousand of what was settled came back, and not just one of a few.
MOST_RETURNED_PERMILLE = 50
FEW = 3
#: So long an order of an early part may stay unanswered before a person has to look.
PATIENCE = timedelta(hours=4)


def plan(
    session: Session,
    ports: Ports,
    *,
    principal: Principal,
    policy_id: str,
    period: str,
    window: timedelta = WINDOW,
    now: datetime,
) -> PaymentBatch:
    """Gather all that is reserved for a policy and period in the seat's division, to begin after ``window``.

    Left out are payments that wait for a person, those of another open run, and those the approver decided or is
    concerned in. Raises ``Conflict`` when nothing is left.
    """
    seat = _finance_seat(principal)
    if not timedelta() <= window <= LONGEST_WINDOW:
        raise InvalidInput(_("更正时间应在 0 分钟到 3 天之间。"))
    today = business_date(now)
    own = ports.people.wards_of(session, principal.subject_id, today) | {principal.subject_id}
    # Before the number: whoever approves others of them meanwhile has them first, and then asks for a number.
    found = repository.lock_for_run(
        session, seat.division, policy_id, period, official_id=principal.subject_id, concerned=own
    )
    batch = PaymentBatch(
        id=new_id(),
        number=batch_number(session, seat.division, today),
        division=seat.division,
        approved_by_id=principal.subject_id,
        approved_by_name=principal.name,
        seat_id=seat.id,
        approved_at=now,
        payment_count=0,
        total_fen=0,
        held_count=0,
        state="planned",
        policy_id=policy_id,
        period=period,
        window_until_at=now + window,
    )
    session.add(batch)
    session.flush()
    batch.planned_count, batch.planned_fen = repository.gather(session, batch, found)
    if batch.planned_count == 0:
        raise Conflict(_("没有可以整批发放的款项：可能已在别的批次里，或都由您审核过。"))
    _ask(session, batch, now=now, at=now + window)
    _on_record(session, principal, batch, "plan", {}, now=now)
    return batch


def advance(session: Session, ports: Ports, batch_id: uuid.UUID, *, now: datetime) -> Step:
    """Give the next few orders of a run, or say that it has to wait, or that it is over or stopped."""
    batch = repository.lock_batch(session, batch_id)
    if batch is None or batch.state not in ("planned", "sending"):
        return "over"
    if batch.window_until_at is not None and now < batch.window_until_at:
        return "wait"
    batch.state = "sending"
    reason = _why_stop(session, batch, now=now)
    if reason is not None:
        _stop(session, batch, reason, now=now)
        return "over"
    if batch.tried_count < _share(batch):
        ready = repository.lock_ready_of_batch(
            session, batch.id, min(CHUNK, _share(batch) - batch.tried_count)
        )
        standing = those_that_stand(session, ports, ready, now=now)
        for payment in ready:
            if payment.is_held:
                payment.batch_id = None
        batch.tried_count += len(ready)
        batch.held_count += len(ready) - len(standing)
        batch.payment_count += len(standing)
        batch.total_fen += sum(one.amount_fen for one in standing)
        payments.instruct_all(session, standing, batch, now=now)
        if ready:
            return "more"
    if repository.count_in_flight(session, batch.id):
        return "wait"
    if batch.part + 1 < len(PARTS) and repository.count_ready(session, batch.id):
        batch.part += 1
        return "more"
    batch.state = "done"
    return "over"


def withdraw(
    session: Session, *, batch_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> PaymentBatch:
    """What has not left stays reserved, outside any run; what has left is not touched."""
    batch = _batch_for_seat(session, batch_id, principal, reason)
    if batch.state not in ("planned", "sending", "stopped"):
        raise Conflict(_("这一批已经结束，不能撤回。"))
    released = repository.let_go(session, batch.id)
    batch.state, batch.stop_reason = "withdrawn", reason.strip()
    _on_record(session, principal, batch, "withdraw", {"released": released, "reason": reason}, now=now)
    return batch


def take_out(
    session: Session,
    *,
    batch_id: uuid.UUID,
    payment_id: uuid.UUID,
    principal: Principal,
    reason: str,
    now: datetime,
) -> PaymentBatch:
    """Correct a run before it begins: one payment stays behind, reserved."""
    batch = _batch_for_seat(session, batch_id, principal, reason)
    payment = repository.lock_payment(session, payment_id)
    if payment is None or payment.batch_id != batch.id:
        raise NotFound(_("没有找到您要的内容。"))
    if batch.state not in ("planned", "stopped") or payment.state != "reserved":
        raise Conflict(_("只有还没有发出的款项可以从批次里取出。"))
    payment.batch_id = None
    batch.planned_count -= 1
    batch.planned_fen -= payment.amount_fen
    log(
        session,
        payment,
        "payment.taken_out",
        actor_of(principal),
        payment.state,
        now=now,
        detail={"reason": reason},
    )
    _on_record(session, principal, batch, "take_out", {"payment": str(payment_id)}, now=now)
    return batch


def resume(
    session: Session, *, batch_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> PaymentBatch:
    """A person looked at why it stopped and lets it go on; what came back so far no longer counts against it."""
    batch = _batch_for_seat(session, batch_id, principal, reason)
    if batch.state != "stopped":
        raise Conflict(_("这一批没有停下。"))
    settled, returned = repository.settled_of_batch(session, batch.id)
    batch.forgiven_settled, batch.forgiven_returned = settled, returned
    batch.state, batch.stop_reason, batch.resumed_at = "sending", None, now
    _ask(session, batch, now=now, at=now)
    _on_record(session, principal, batch, "resume", {"reason": reason}, now=now)
    return batch


def _share(batch: PaymentBatch) -> int:
    """How many have been tried when the present part ends: at least one, at most all."""
    return min(batch.planned_count, max(1, -(-batch.planned_count * PARTS[batch.part] // 1000)))


def _why_stop(session: Session, batch: PaymentBatch, *, now: datetime) -> str | None:
    settled, returned = repository.settled_of_batch(session, batch.id)
    settled, returned = settled - batch.forgiven_settled, returned - batch.forgiven_returned
    if returned >= FEW and returned * 1000 > settled * MOST_RETURNED_PERMILLE:
        return _(
            "已结算 %(settled)d 笔中有 %(returned)d 笔退回，超过千分之五十",
            settled=settled,
            returned=returned,
        )
    oldest = repository.oldest_in_flight(session, batch.id)
    since = max(filter(None, (oldest, batch.resumed_at)), default=None)
    if oldest is not None and since is not None and now - since > PATIENCE:
        return _("发出的指令 %(hours)d 小时没有结果", hours=PATIENCE // timedelta(hours=1))
    return None


def _stop(session: Session, batch: PaymentBatch, reason: str, *, now: datetime) -> None:
    batch.state, batch.stop_reason = "stopped", reason
    audit.record(
        session,
        actor="delivery",
        action="payment.run_stopped",
        object_kind="payment_batch",
        object_id=batch.id,
        detail={"reason": reason, "tried": batch.tried_count, "planned": batch.planned_count},
        now=now,
    )


def _ask(session: Session, batch: PaymentBatch, *, now: datetime, at: datetime) -> None:
    enqueue(session, TOPIC, f"run:{batch.id}", {"batch_id": str(batch.id)}, now=now, available_at=at)


def _batch_for_seat(session: Session, batch_id: uuid.UUID, principal: Principal, reason: str) -> PaymentBatch:
    seat = _finance_seat(principal)
    batch = repository.lock_batch(session, batch_id)
    if batch is None or not encloses(seat.division, batch.division):
        raise NotFound(_("没有找到您要的内容。"))
    if not reason.strip() or len(reason) > 500:
        raise InvalidInput(_("请写明理由（500字以内）。"))
    return batch


def _finance_seat(principal: Principal) -> SeatView:
    if principal.seat is None or not principal.has_duty("payment.approve"):
        raise Forbidden(_("批准支付不属于您所在席位的职责。"))
    return principal.seat


def _on_record(
    session: Session,
    principal: Principal,
    batch: PaymentBatch,
    action: str,
    detail: dict[str, object],
    *,
    now: datetime,
) -> None:
    audit.record(
        session,
        actor=principal,
        action=f"payment.run_{action}",
        object_kind="payment_batch",
        object_id=batch.id,
        detail={"number": batch.number, "planned": batch.planned_count, **detail},
        now=now,
    )
