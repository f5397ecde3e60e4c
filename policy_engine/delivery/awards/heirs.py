"""Money that was still due to somebody who died goes to who of the family is named for it, after an official has looked.

It never goes to the account of the dead: it stays reserved until then. A close relative may declare for all heirs that
they agree, as at a bank for small savings; larger sums take a notary's certificate or a judgment.
"""

import uuid
from datetime import datetime
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import format_yuan
from kernel.web.principal import Principal
from kernel.wording import worded
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.awards import repository
from policy_engine.delivery.awards.hearing import award_for_seat
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.models import Award, AwardHeir
from policy_engine.delivery.cases.holds import place_hold, release_holds
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.cases.timeline import actor_of
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import PAYMENT, AwardState, PaymentState

Ground = Literal["declared", "notarised", "judgment"]
GROUNDS: Final[tuple[Ground, ...]] = ("declared", "notarised", "judgment")
#: What may go out on a declaration: five 万, as banks since 2024 pay out small savings of the dead.
MOST_DECLARED_FEN = 5_000_000
LONGEST_REFERENCE = 60
DEATH = "death"


def keep_for_family(session: Session, award: Award, *, now: datetime) -> None:
    """Nothing of what is due leaves for the account of the dead. The award's row is locked and ended."""
    for payment in payment_rows.lock_not_instructed(session, award.id):
        place_hold(session, payment, "death", "等家属登记收款账户", set_by_id=None, now=now)


def give_back(session: Session, award: Award) -> None:
    """The dead live: nobody inherits, and what has not left goes to the person's own account again."""
    row = proposal_of(session, award.id)
    if row is not None and row.state == "proposed":
        row.state = "dropped"
    for payment in payment_rows.lock_not_instructed(session, award.id):
        payment.account_id, payment.payee_id = award.account_id, award.payee_id
    session.flush()


def proposal_of(session: Session, award_id: uuid.UUID) -> AwardHeir | None:
    """The latest: waiting, agreed to, refused or dropped."""
    statement = sa.select(AwardHeir).where(AwardHeir.award_id == award_id)
    return session.scalar(statement.order_by(AwardHeir.proposed_at.desc(), AwardHeir.id.desc()).limit(1))


def name_heir(
    session: Session,
    ports: Ports,
    *,
    award_id: uuid.UUID,
    principal: Principal,
    heir_id: int,
    account_id: uuid.UUID,
    ground: str,
    reference: str,
    now: datetime,
) -> AwardHeir:
    """Somebody of the family asks for what is due, or a counter enters it for them.

    ``reference`` is the number of the certificate or judgment, or of the filed declaration. Raises ``NotFound`` for who
    is not of the family, ``Conflict`` where nothing is due or somebody has asked already.
    """
    award = repository.lock_award(session, award_id)
    if award is None or not (award.state == AwardState.ENDED and award.end_reason == DEATH):
        raise NotFound(_("没有找到您要的内容。"))
    relation = _standing(session, ports, award, principal, heir_id, ground, now=now)
    due = payment_rows.lock_not_instructed(session, award.id)
    total = sum(payment.amount_fen for payment in due)
    known = proposal_of(session, award.id)
    if known is not None and known.state == "proposed":
        raise Conflict(_("已经有家属提出领取，正在核实。"))
    if not due:
        raise Conflict(_("没有等待发放的款项。"))
    reference = reference.strip()
    if len(reference) > LONGEST_REFERENCE or (not reference and ground != "declared"):
        raise InvalidInput(_("请填写公证书或判决书的编号（60字以内）。"))
    if ground == "declared" and total > MOST_DECLARED_FEN:
        raise InvalidInput(_("超过五万元的，请凭继承公证书或判决书到窗口办理。"))
    account = accounts.choose(
        session, ports, heir_id, account_id, relation=relation, reader_id=principal.subject_id, now=now
    )
    if account is None or account.subject_id != heir_id:
        raise InvalidInput(_("请选择领取人本人的收款账户。"))
    row = AwardHeir(
        id=new_id(),
        award_id=award.id,
        heir_id=heir_id,
        account_id=account.id,
        ground=ground,
        reference=reference,
        state="proposed",
        proposed_by_id=principal.subject_id,
        proposed_at=now,
    )
    session.add(row)
    session.flush()
    log(session, award, "award.heir_named", actor_of(principal, relation), award.state, now=now)
    audit.record(
        session, actor=principal, action="award.name_heir", object_kind="award", object_id=award.id, now=now
    )
    return row


def decide_heir(
    session: Session,
    ports: Ports,
    *,
    award_id: uuid.UUID,
    principal: Principal,
    outcome: Literal["agree", "refuse"],
    reason: str,
    now: datetime,
) -> AwardHeir:
    """A deciding seat has looked at the papers: what is due goes to the heir's account, or waits for another."""
    award = award_for_seat(session, ports, award_id, principal, reason, now=now)
    row = proposal_of(session, award.id)
    if row is None or row.state != "proposed":
        raise Conflict(_("没有等待核实的领取人。"))
    if principal.subject_id in (row.heir_id, row.proposed_by_id):
        raise Forbidden(_("您与这项待遇有利害关系，应当回避。"))
    row.state = "agreed" if outcome == "agree" else "refused"
    row.decided_by_id, row.decided_at, row.reason = principal.subject_id, now, reason.strip()
    if outcome == "agree":
        _send_to_heir(session, award, row, principal, now=now)
    kind = f"award.heir_{row.state}"
    log(session, award, kind, actor_of(principal), award.state, now=now, detail={"reason": row.reason})
    audit.record(session, actor=principal, action=kind, object_kind="award", object_id=award.id, now=now)
    _tell(session, ports, award, row, now=now)
    return row


def _standing(
    session: Session,
    ports: Ports,
    award: Award,
    principal: Principal,
    heir_id: int,
    ground: str,
    *,
    now: datetime,
) -> Literal["self", "counter"]:
    """In which way the person acts here. Raises ``NotFound`` for a stranger."""
    if ground not in GROUNDS:
        raise InvalidInput(_("请选择领取的依据。"))
    is_kin = award.subject_id in ports.people.dead_of(session, heir_id, business_date(now))
    seat = principal.seat
    if principal.capacity == "self" and principal.subject_id == heir_id and is_kin:
        return "self"
    at_counter = seat is not None and principal.has_duty("counter.assist")
    if at_counter and seat is not None and encloses(seat.division, award.division):
        if is_kin or ground != "declared":
            return "counter"
        raise InvalidInput(_("登记中没有亲属关系的，请凭继承公证书或判决书办理。"))
    raise NotFound(_("没有找到您要的内容。"))


def _send_to_heir(
    session: Session, award: Award, row: AwardHeir, principal: Principal, *, now: datetime
) -> None:
    for payment in payment_rows.lock_not_instructed(session, award.id):
        before = payment.state
        payment.account_id, payment.payee_id = row.account_id, row.heir_id
        release_holds(session, payment, released_by_id=principal.subject_id, now=now)
        if PAYMENT.may(PaymentState(before), "name_account"):
            payment.state = PAYMENT.move(PaymentState(before), "name_account")
            payment.state_reason = None
            payments.log(session, payment, "payment.reserved", actor_of(principal), before, now=now)


def _tell(session: Session, ports: Ports, award: Award, row: AwardHeir, *, now: datetime) -> None:
    terms = ports.terms(session, award.policy_id, award.policy_version)
    if row.state == "agreed":
        total = sum(one.amount_fen for one in payment_rows.lock_not_instructed(session, award.id))
        body = worded("经核实，应发未发的 %(yuan)s元 将汇入您登记的账户。", yuan=format_yuan(total))
    else:
        body = worded(
            "没有通过核实。理由：%(reason)s。可以补齐材料后重新提出，也可以到社区窗口办理。",
            reason=row.reason or "",
        )
    title = worded("%(policy)s：领取逝者应得款项", policy=terms.named)
    tell_these(session, [row.heir_id], "award.heir", title, body, link="/recoveries", now=now)
