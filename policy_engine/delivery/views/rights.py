"""Rights of which a person has something to decide, and money that was not due, as both sides see them."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from policy_engine.catalogue import catalogue, encloses
from policy_engine.delivery.accounts.repository import get_account
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards.deaths import DEATH, words_about
from policy_engine.delivery.awards.deaths import due_to_family as still_due
from policy_engine.delivery.awards.heirs import proposal_of
from policy_engine.delivery.awards.models import Award, AwardHeir
from policy_engine.delivery.awards.schemas import (
    AwardInQuestion,
    DeathWord,
    DueToFamily,
    HeirView,
    LossesHeld,
)
from policy_engine.delivery.cases.schemas import PeriodSum
from policy_engine.delivery.claims.standing import subjects_of
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.recovery import repository, undoing
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.delivery.recovery.schemas import InstalmentLine, OverpaymentView, RepaymentLine, UndoneView
from policy_engine.delivery.states import LABELS, OPEN_OVERPAYMENT, OVERPAYMENT, AwardState, OverpaymentState
from policy_engine.delivery.views.parts import award_views, for_name, head_of

#: What a deciding seat looks through, by the name of its list.
QUESTIONS: Mapping[str, Callable[[], sa.ColumnElement[bool]]] = {
    "suspected": lambda: Award.state == AwardState.SUSPECTED,
    "death": lambda: sa.and_(Award.state == AwardState.SUSPENDED, Award.state_reason == DEATH),
    "died": lambda: sa.and_(Award.state == AwardState.ENDED, Award.end_reason == DEATH),
    "heirs": lambda: Award.id.in_(sa.select(AwardHeir.award_id).where(AwardHeir.state == "proposed")),
    "amount": lambda: sa.and_(
        Award.state == AwardState.ACTIVE, Award.rematched_amount_fen.is_not(None), Award.period != "once"
    ),
}
MOST = 200


def rights_in_question(
    session: Session, ports: Ports, principal: Principal, question: str, *, now: datetime
) -> list[AwardInQuestion]:
    """Awards of the seat's division to decide about, the longest unchanged first. ``NotFound`` for no such list."""
    seat = _seat(principal, "claim.decide")
    if question not in QUESTIONS:
        raise NotFound(_("没有找到您要的内容。"))
    today = business_date(now)
    awards = award_rows.in_question(session, seat.division, QUESTIONS[question](), MOST)
    return [
        AwardInQuestion(
            award=view,
            division=award.division,
            rematched_amount_fen=award.rematched_amount_fen,
            hearing_ended=award.hearing_until_on is None or award.hearing_until_on < today,
            death_words=_words(session, award) if question in ("death", "died") else (),
            heir=_heir(session, ports, award.id) if question == "heirs" else None,
        )
        for award, view in zip(awards, award_views(session, ports, awards, now), strict=True)
    ]


def losses_held(session: Session, ports: Ports, principal: Principal) -> list[LossesHeld]:
    """The days on which feeds put too many rights in doubt, for a seat that may judge them."""
    _seat(principal, "claim.decide")
    return [
        LossesHeld(
            policy_id=one.policy_id,
            title=ports.terms(session, one.policy_id).named.said,
            day=one.day,
            loss_count=one.loss_count,
            live_count=one.live_count,
        )
        for one in award_rows.loss_days_held(session)
    ]


def overpayments_at(
    session: Session, ports: Ports, principal: Principal, *, is_open: bool
) -> list[OverpaymentView]:
    """Overpayments of the seat's division, the oldest first."""
    seat = _seat(principal, "claim.decide", "payment.approve", "audit.read")
    states = OPEN_OVERPAYMENT if is_open else frozenset(OverpaymentState) - OPEN_OVERPAYMENT
    found = repository.in_division(session, seat.division, states, MOST)
    return [_view(session, ports, one) for one in found]


def overpayment_for_seat(
    session: Session, ports: Ports, overpayment_id: uuid.UUID, principal: Principal
) -> OverpaymentView:
    seat = _seat(principal, "claim.decide", "payment.approve", "audit.read")
    found = repository.get_overpayment(session, overpayment_id)
    if found is None or not encloses(seat.division, found.division):
        raise NotFound(_("没有找到您要的内容。"))
    return _view(session, ports, found)


def my_overpayments(
    session: Session, ports: Ports, principal: Principal, *, now: datetime
) -> list[OverpaymentView]:
    """Those of whose affairs one sees, and of one's dead; the newest first."""
    found = repository.overpayments_of(session, _heard_for(session, ports, principal, now))
    return [_view(session, ports, one) for one in found]


def overpayment_for_person(
    session: Session, ports: Ports, overpayment_id: uuid.UUID, principal: Principal, *, now: datetime
) -> OverpaymentView:
    """``NotFound`` for a stranger."""
    found = repository.get_overpayment(session, overpayment_id)
    if found is None or found.subject_id not in _heard_for(session, ports, principal, now):
        raise NotFound(_("没有找到您要的内容。"))
    return _view(session, ports, found)


def due_to_family(
    session: Session, ports: Ports, principal: Principal, *, now: datetime
) -> list[DueToFamily]:
    """What was still due to one's dead, and how their rights stand."""
    if principal.capacity != "self":
        return []
    return dues_of(session, ports, principal.subject_id, now=now)


def dues_of(session: Session, ports: Ports, subject_id: int, *, now: datetime) -> list[DueToFamily]:
    """The same for somebody whom the caller has business with."""
    dead = ports.people.dead_of(session, subject_id, business_date(now))
    return [_due(session, ports, award) for award in award_rows.awards_of(session, dead)]


def _heard_for(session: Session, ports: Ports, principal: Principal, now: datetime) -> frozenset[int]:
    own = subjects_of(session, ports, principal, now)
    if principal.capacity != "self":
        return own
    return own | ports.people.dead_of(session, principal.subject_id, business_date(now))


def _due(session: Session, ports: Ports, award: Award) -> DueToFamily:
    died = [word.died_on for word in words_about(session, award.subject_id) if word.died_on is not None]
    periods = still_due(session, award.id, max(died)) if died else {}
    heir = _heir(session, ports, award.id)
    has_ended = award.state == AwardState.ENDED and award.end_reason == DEATH
    return DueToFamily(
        award_id=award.id,
        policy=head_of(ports.terms(session, award.policy_id, award.policy_version)),
        for_name=for_name(session, ports, award.subject_id, award.unit_id),
        state=award.state,
        state_label=_(LABELS[AwardState(award.state)]),
        total_fen=sum(periods.values()),
        periods=tuple(PeriodSum(period=period, amount_fen=sum_fen) for period, sum_fen in periods.items()),
        heir=heir,
        may_ask=has_ended and bool(periods) and (heir is None or heir.state in ("refused", "dropped")),
    )


def _heir(session: Session, ports: Ports, award_id: uuid.UUID) -> HeirView | None:
    row = proposal_of(session, award_id)
    account = None if row is None else get_account(session, row.account_id)
    if row is None:
        return None
    return HeirView(
        name=ports.people.name_of(session, row.heir_id),
        account=f"{account.bank} {account.masked}" if account is not None else "",
        ground=row.ground,
        reference=row.reference,
        state=row.state,
        reason=row.reason or "",
        proposed_at=row.proposed_at,
    )


def _view(session: Session, ports: Ports, found: Overpayment) -> OverpaymentView:
    periods = []
    lines = repository.periods_of(session, found.id)
    for line in lines:
        payment = payment_rows.get_payment(session, line.payment_id)
        periods.append(PeriodSum(period=payment.period if payment else "", amount_fen=line.amount_fen))
    return OverpaymentView(
        id=found.id,
        award_id=found.award_id,
        claim_id=found.claim_id,
        policy=head_of(ports.terms(session, found.policy_id, found.policy_version)),
        for_name=ports.people.name_of(session, found.subject_id),
        cause=found.cause,
        is_official_error=found.is_official_error,
        reason=found.reason,
        amount_fen=found.amount_fen,
        repaid_fen=found.repaid_fen,
        refunded_fen=sum(line.refunded_fen for line in lines),
        left_fen=found.amount_fen - found.repaid_fen if found.state != OverpaymentState.DROPPED else 0,
        state=found.state,
        state_label=_(LABELS[OverpaymentState(found.state)]),
        hearing_until_on=found.hearing_until_on,
        statement=found.statement or "",
        decision_number=found.decision_number or "",
        decision_reason=found.decision_reason or "",
        due_on=found.due_on,
        found_at=found.found_at,
        may_state_view=found.state == OverpaymentState.NOTICED,
        may_undo=OVERPAYMENT.may(OverpaymentState(found.state), "undo"),
        undone=_undone(found),
        periods=tuple(sorted(periods, key=lambda line: line.period)),
        instalments=tuple(
            InstalmentLine(number=one.number, due_on=one.due_on, amount_fen=one.amount_fen)
            for one in repository.instalments_of(session, found.id)
        ),
        repayments=tuple(
            RepaymentLine(receipt=one.receipt, received_on=one.received_on, amount_fen=one.amount_fen)
            for one in repository.repayments_of(session, found.id)
        ),
    )


def _undone(found: Overpayment) -> UndoneView | None:
    if found.undone_at is None:
        return None
    ground = found.undone_ground or ""
    label = {key: _(words) for key, words in undoing.GROUNDS.items()}.get(
        cast(undoing.Ground, ground), ground
    )
    return UndoneView(
        number=found.undone_number or "",
        ground=ground,
        ground_label=label,
        reference=found.undone_reference or "",
        reason=found.undone_reason or "",
        at=found.undone_at,
    )


def _words(session: Session, award: Award) -> tuple[DeathWord, ...]:
    return tuple(
        DeathWord(source=_named(word.source), is_dead=word.is_dead, died_on=word.died_on)
        for word in words_about(session, award.subject_id)
    )


def _named(source: str) -> str:
    department = catalogue().departments.get(source)
    return department.name if department is not None else source


def _seat(principal: Principal, *duties: str) -> SeatView:
    seat = principal.seat
    if seat is None or not seat.duties & set(duties):
        raise Forbidden(_("这不属于您所在席位的职责。"))
    return seat
