"""The pieces from which the read models are built."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from identity.seats.naming import post_names
from kernel.clock import business_date
from kernel.errors import NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.working_days import working_days_between
from policy_engine.delivery.accounts import repository as account_rows
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.accounts.service import is_freshly_checked
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.awards.schemas import AwardView
from policy_engine.delivery.cases import repository as case_rows
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.cases.schemas import DecisionView, PendingStep, PolicyHead, TimelineItem
from policy_engine.delivery.claims.decisions import WAYS_ON
from policy_engine.delivery.claims.models import Claim, WrittenDecision
from policy_engine.delivery.claims.schemas import ClaimRow
from policy_engine.delivery.claims.stages import WAITS_FOR, present_stage
from policy_engine.delivery.payments import line
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.payments.schemas import PaymentView
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.recovery.repository import repaid_of_each
from policy_engine.delivery.states import LABELS, AwardState, ClaimState, PaymentState
from policy_engine.delivery.terms import Terms
from policy_engine.delivery.views.texts import EVENT_TEXTS
from policy_engine.policies.repository import titles_of

#: What a payment is for, beside its period.
KINDS = {"regular": N_("当期"), "top_up": N_("补发"), "refund": N_("退还")}


def head_of(terms: Terms) -> PolicyHead:
    return PolicyHead(
        policy_id=terms.policy_id,
        version=terms.version,
        title=terms.named.said,
        department=terms.department_named.said,
        period=terms.period,
        mode=terms.mode,
        is_status=terms.is_status,
        is_invitation=terms.is_invitation,
        is_demonstration=terms.is_demonstration,
        legal_basis=terms.legal_basis,
        phone=terms.phone,
        promised_working_days=terms.promised_working_days,
    )


def heads_of(
    session: Session, ports: Ports, versions: Collection[tuple[str, int]]
) -> dict[tuple[str, int], PolicyHead]:
    """By policy and version, each told once however many lines it heads."""
    return {(one, version): head_of(ports.terms(session, one, version)) for one, version in versions}


def titles_said(session: Session, ports: Ports, policy_ids: Collection[str]) -> dict[str, str]:
    """What policies are called in the reader's language; those no longer in force as their newest version was called."""
    found: dict[str, str] = {}
    gone: list[str] = []
    for policy_id in policy_ids:
        try:
            found[policy_id] = ports.terms(session, policy_id).named.said
        except NotFound:
            gone.append(policy_id)
    former = titles_of(session, gone) if gone else {}
    return found | {policy_id: former.get(policy_id, policy_id) for policy_id in gone}


def account_view(account: PayeeAccount, now: datetime) -> AccountView:
    return AccountView(
        id=account.id,
        bank=account.bank,
        masked=account.masked,
        is_default=account.is_default,
        is_checked=is_freshly_checked(account, now),
        is_resting=account.usable_from_at > now,
        usable_from_at=account.usable_from_at,
        is_flagged=account.flagged_at is not None,
    )


def account_of(session: Session, account_id: uuid.UUID | None, now: datetime) -> AccountView | None:
    account = account_rows.get_account(session, account_id) if account_id is not None else None
    return account_view(account, now) if account is not None else None


def accounts_by_id(
    session: Session, account_ids: Iterable[uuid.UUID | None], now: datetime
) -> dict[uuid.UUID | None, AccountView]:
    wanted = {one for one in account_ids if one is not None}
    found = account_rows.accounts_among(session, wanted) if wanted else {}
    return {number: account_view(account, now) for number, account in found.items()}


def clock_left(due_on: date | None, today: date) -> int | None:
    """Working days until a deadline, below zero when it has passed."""
    return working_days_between(today, due_on) if due_on is not None else None


def pending_step(session: Session, claim: Claim, now: datetime) -> PendingStep | None:
    """Who has the claim now and by when; none once it is decided."""
    if claim.state == ClaimState.SUPPLEMENT:
        return PendingStep(title=_("等您补充材料"), department="", due_on=None, working_days_left=None)
    if claim.state == ClaimState.NOTICE:
        left = clock_left(claim.notice_until_on, business_date(now))
        return PendingStep(
            title=_("公示中"), department="", due_on=claim.notice_until_on, working_days_left=left
        )
    stage = present_stage(claim)
    title, department = stage.named.said, post_names(session).said(stage.department)
    if claim.state == ClaimState.APPEALED:
        title, department = _("申诉审查"), ""
    elif claim.state != WAITS_FOR[stage.outcome]:
        return None
    left = clock_left(claim.stage_due_on, business_date(now))
    return PendingStep(title=title, department=department, due_on=claim.stage_due_on, working_days_left=left)


def claim_row(session: Session, ports: Ports, claim: Claim, now: datetime) -> ClaimRow:
    return ClaimRow(
        id=claim.id,
        case_number=claim.case_number or "",
        policy=head_of(ports.terms(session, claim.policy_id, claim.policy_version)),
        for_name=for_name(session, ports, claim.subject_id, claim.unit_id),
        state=claim.state,
        state_label=_(LABELS[ClaimState(claim.state)]),
        is_held=claim.is_held,
        amount_fen=claim.amount_fen,
        submitted_at=claim.submitted_at,
        updated_at=claim.updated_at,
        pending=pending_step(session, claim, now),
    )


def for_name(session: Session, ports: Ports, subject_id: int, unit_id: int) -> str:
    """Whose right it is; where it is paid for somebody else (a child), that name."""
    return ports.people.name_of(session, unit_id) or ports.people.name_of(session, subject_id)


def timeline(session: Session, events: Sequence[CaseEvent]) -> tuple[TimelineItem, ...]:
    return tuple(
        TimelineItem(
            at=event.happened_at,
            kind=event.kind,
            text=_(EVENT_TEXTS.get(event.kind, event.kind)),
            actor=_actor(session, event),
            object_kind=event.object_kind,
            reason=str(event.detail.get("reason") or ""),
            period=str(event.detail.get("period") or ""),
            amount_fen=event.detail.get("amount_fen"),
        )
        for event in events
    )


def _actor(session: Session, event: CaseEvent) -> str:
    """Posts and the system in the reader's language, people by their names."""
    if event.actor_kind in ("seat", "counter"):
        return post_names(session).said(event.actor_name)
    return _(event.actor_name) if event.actor_kind in ("system", "bank") else event.actor_name


def decision_view(session: Session, paper: WrittenDecision) -> DecisionView:
    names = post_names(session)
    is_negative = paper.outcome in ("refused", "upheld")
    return DecisionView(
        number=paper.number,
        outcome=paper.outcome,
        reasons=paper.reasons,
        legal_basis=paper.legal_basis,
        official_name=paper.official_name,
        seat_title=names.said(paper.seat_title),
        department=names.said(paper.department),
        decided_on=paper.decided_on,
        ways_on=tuple(_(way) for way in WAYS_ON) if is_negative else (),
        reconsideration_until_on=paper.reconsideration_until_on,
        lawsuit_until_on=paper.lawsuit_until_on,
    )


def payment_views(
    session: Session, ports: Ports, payments: Sequence[Payment], now: datetime
) -> list[PaymentView]:
    """Many at once: what their lines need besides them is asked once for all, and every line that some of them wait in
    is counted through once."""
    heads = heads_of(session, ports, {(one.policy_id, one.policy_version) for one in payments})
    names = ports.people.names_of(
        session, {number for one in payments for number in (one.subject_id, one.unit_id)}
    )
    accounts = accounts_by_id(session, [one.account_id for one in payments], now)
    places = line.positions(session, payments)
    holds = case_rows.holds_of_each(
        session, Payment.__tablename__, [one.id for one in payments if one.is_held]
    )
    return [
        PaymentView(
            id=one.id,
            claim_id=one.claim_id,
            policy=heads[one.policy_id, one.policy_version],
            for_name=names.get(one.unit_id) or names.get(one.subject_id, ""),
            period=one.period,
            amount_fen=one.amount_fen,
            state=one.state,
            state_label=_(LABELS[PaymentState(one.state)]),
            reason=one.state_reason or "",
            is_held=one.is_held,
            hold_reasons=tuple(hold.reason for hold in holds.get(one.id, ())),
            account=accounts.get(one.account_id),
            due_on=one.due_on,
            paid_at=one.paid_at,
            reconciled_on=one.reconciled_on,
            kind=one.kind.split(".")[0],
            kind_label=_(KINDS[one.kind.split(".")[0]]),
            waiting_since_at=one.created_at if one.state in line.WAITING else None,
            waiting_position=places.get(one.id),
        )
        for one in payments
    ]


def payment_view(session: Session, ports: Ports, payment: Payment, now: datetime) -> PaymentView:
    return payment_views(session, ports, [payment], now)[0]


def award_views(session: Session, ports: Ports, awards: Sequence[Award], now: datetime) -> list[AwardView]:
    """Many at once, each with its payments, the newest period first."""
    paid: dict[uuid.UUID, list[Payment]] = {one.id: [] for one in awards}
    for payment in payment_rows.payments_of_awards(session, list(paid)):
        paid[payment.award_id].append(payment)
    payments = [payment for of_one in paid.values() for payment in of_one]
    views = dict(zip([one.id for one in payments], payment_views(session, ports, payments, now), strict=True))
    repaid = repaid_of_each(session, [one.id for one in payments if one.state == PaymentState.PAID])
    heads = heads_of(session, ports, {(one.policy_id, one.policy_version) for one in awards})
    names = ports.people.names_of(
        session, {number for one in awards for number in (one.subject_id, one.unit_id)}
    )
    accounts = accounts_by_id(session, [one.account_id for one in awards], now)
    return [
        AwardView(
            id=one.id,
            claim_id=one.claim_id,
            policy=heads[one.policy_id, one.policy_version],
            for_name=names.get(one.unit_id) or names.get(one.subject_id, ""),
            state=one.state,
            state_label=_(LABELS[AwardState(one.state)]),
            reason=one.end_reason or one.state_reason or "",
            amount_fen=one.amount_fen,
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            next_due_on=one.next_due_on,
            hearing_until_on=one.hearing_until_on,
            account=accounts.get(one.account_id),
            paid_fen=_kept_fen(paid[one.id], repaid),
            payments=tuple(views[payment.id] for payment in paid[one.id]),
        )
        for one in awards
    ]


def award_view(session: Session, ports: Ports, award: Award, now: datetime) -> AwardView:
    return award_views(session, ports, [award], now)[0]


def _kept_fen(payments: Sequence[Payment], repaid: Mapping[uuid.UUID, int]) -> int:
    """What was paid less what came back."""
    return sum(one.amount_fen - repaid.get(one.id, 0) for one in payments if one.state == PaymentState.PAID)
