"""An award from its recognition on: the payments that fall due, and where they go."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.bulk import insert_object
from kernel.clock import business_date
from kernel.errors import Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from policy_engine.catalogue import encloses
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards import allowance, limits, overlaps, repository
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.timeline import SYSTEM, Actor, actor_of
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.standing import require_relation
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.reserving import TermsInForce
from policy_engine.delivery.periods import add_months, first_month, next_start, period_label, starts_due
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import AWARD, PAYMENT, AwardState, PaymentState
from policy_engine.delivery.terms import Period, Terms

_MONTHS_OF: dict[Period, int] = {"month": 1, "quarter": 3, "year": 12}


def recognise(session: Session, ports: Ports, claim: Claim, terms: Terms, *, now: datetime) -> Award:
    """The right that a granted claim gives, active at once, with the payments that are due by today."""
    today = business_date(now)
    starts_on = first_month(
        terms.accrual,
        qualified_on=claim.qualified_on,
        applied_on=business_date(claim.submitted_at or now),
        decided_on=today,
    )
    # Who moved while the decision was made is paid where they are now, if the policy reaches there.
    here = ports.people.divisions_of(session, {claim.subject_id}).get(claim.subject_id, claim.division)
    is_elsewhere = not encloses(here, claim.division) and encloses(terms.division, here)
    award = Award(
        id=new_id(),
        claim_id=claim.id,
        policy_id=claim.policy_id,
        policy_version=claim.policy_version,
        subject_id=claim.subject_id,
        applicant_id=claim.applicant_id,
        payee_id=claim.payee_id,
        unit_id=claim.unit_id,
        account_id=claim.account_id,
        division=here if is_elsewhere else claim.division,
        state=AWARD.move(AwardState.RECOGNISED, "activate"),
        amount_fen=claim.amount_fen if terms.period != "none" else None,
        period=terms.period,
        starts_on=starts_on,
        ends_on=_last_start(session, ports, claim, terms, starts_on, on=today),
        next_due_on=starts_on if terms.period != "none" else None,
        facts=claim.facts,
        sequence=claim.facts_sequence,
        recognised_at=now,
        updated_at=now,
    )
    starts = _begun(award, terms, until=today, now=now)
    insert_object(session, award, refers=False)  # to what stands already
    allowance.hold(session, ports, [(terms, award.subject_id, award.unit_id)])
    log(session, award, "award.recognised", SYSTEM, AwardState.RECOGNISED, now=now)
    overlaps.end_lower(session, ports, award, terms, now=now)
    _pay_each(session, ports, award, terms, starts, now=now)
    return award


def pay_due(session: Session, ports: Ports, award: Award, terms: Terms, *, until: date, now: datetime) -> int:
    """Payments for every period that has begun by ``until`` and has none yet; the award's row is locked."""
    allowance.hold(session, ports, [(terms, award.subject_id, award.unit_id)])
    return _pay_held(session, ports, award, terms, until=until, now=now)


def _pay_held(
    session: Session, ports: Ports, award: Award, terms: Terms, *, until: date, now: datetime
) -> int:
    """The same where all that shares a limit with the award is held."""
    return _pay_each(session, ports, award, terms, _begun(award, terms, until=until, now=now), now=now)


def _begun(award: Award, terms: Terms, *, until: date, now: datetime) -> list[date]:
    """The first days of the periods to be paid by ``until``; the award goes on with the one after them, if one follows."""
    starts = list(starts_due(terms.period, award.next_due_on, until=until, ends_on=award.ends_on))
    if starts:
        award.next_due_on = next_start(terms.period, starts[-1])
    if award.ends_on is not None and award.next_due_on is not None and award.next_due_on > award.ends_on:
        award.next_due_on = None
    award.updated_at = now
    return starts


def _pay_each(
    session: Session, ports: Ports, award: Award, terms: Terms, starts: Sequence[date], *, now: datetime
) -> int:
    made = 0
    for start in starts:
        taken = overlaps.payment_in_the_way(session, ports, award, terms, start)
        if taken is None:
            made += _pay_period(session, ports, award, terms, start, now=now)
        else:
            detail = {"period": start.isoformat(), "paid_by": taken.policy_id}
            log(session, award, "award.period_left_out", SYSTEM, award.state, now=now, detail=detail)
    session.flush()
    return made


def _pay_period(
    session: Session, ports: Ports, award: Award, terms: Terms, start: date, *, now: datetime
) -> bool:
    """The payment of one period, as much of it as the policy's limits leave; the history says what was kept back."""
    if not allowance.binds(terms) or payments.is_covered(session, award, terms, start):
        return payments.make_due(session, ports, award, terms, start, now=now) is not None
    allowed = allowance.of_payment(session, ports, award, terms, start)
    if allowed.reached is not None:
        limits.keep_back(session, ports, award, terms, start, allowed, now=now)
    if allowed.amount_fen <= 0:
        return False
    made = payments.make_due(session, ports, award, terms, start, now=now, amount_fen=allowed.amount_fen)
    return made is not None


def create_due_payments(
    session: Session, ports: Ports, *, until: date, now: datetime, limit: int = 200
) -> int:
    """The next ``limit`` awards whose period has begun get their payment, without a tap; 0 when all have. Idempotent."""
    awards = repository.lock_due(session, until, limit)
    known = TermsInForce(session, ports)
    due = [(award, known.of(award.policy_id, award.policy_version)) for award in awards]
    allowance.hold(session, ports, [(terms, one.subject_id, one.unit_id) for one, terms in due])
    _pay_unbound(session, ports, [one for one in due if _is_unbound(one[1])], until=until, now=now)
    for award, terms in due:
        if not _is_unbound(terms):
            _pay_held(session, ports, award, terms, until=until, now=now)
    return len(awards)


def _is_unbound(terms: Terms) -> bool:
    """No other right and no limit has a say in what falls due."""
    return terms.period != "once" and not terms.rivals and not allowance.binds(terms)


def _pay_unbound(
    session: Session, ports: Ports, due: Sequence[tuple[Award, Terms]], *, until: date, now: datetime
) -> None:
    """``_pay_held`` for many such awards at once."""
    wanted: defaultdict[str, list[tuple[Award, Terms, date, str]]] = defaultdict(list)
    for award, terms in due:
        for start in _begun(award, terms, until=until, now=now):
            wanted[award.policy_id].append((award, terms, start, period_label(terms.period, start)))
    made = []
    for policy_id in sorted(wanted):
        asked = wanted[policy_id]
        units, labels = {one[0].unit_id for one in asked}, {one[3] for one in asked}
        taken = payment_rows.covered_among(session, policy_id, units, labels)
        for award, terms, start, label in asked:
            if award.amount_fen is not None and (award.unit_id, label) not in taken:
                payment = payments.draft(award, start, label, "regular", award.amount_fen, now=now)
                made.append((payment, terms))
    payments.make_all(session, ports, made, now=now)


def name_account(
    session: Session,
    ports: Ports,
    *,
    award_id: uuid.UUID,
    principal: Principal,
    account_id: uuid.UUID,
    now: datetime,
) -> Award:
    """Set where the award is paid; what waits for an account, or came back from the bank, can then be paid again."""
    award = repository.lock_award(session, award_id)
    if award is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, award.subject_id, award.division, now)
    if relation == "proxy" and award.account_id is not None:
        raise Forbidden(_("代办人不能更改收款账户，请由本人办理。"))
    account = accounts.choose(
        session,
        ports,
        award.subject_id,
        account_id,
        relation=relation,
        reader_id=principal.subject_id,
        now=now,
    )
    if account is None:
        raise InvalidInput(_("请先选择收款账户。"))
    pay_into(session, award, account, actor_of(principal, relation), now=now)
    audit.record(
        session,
        actor=principal,
        action="award.name_account",
        object_kind="award",
        object_id=award.id,
        now=now,
    )
    return award


def pay_into(session: Session, award: Award, account: PayeeAccount, actor: Actor, *, now: datetime) -> None:
    """From now on the award is paid there, what has not left included. The award's row is locked."""
    award.account_id, award.payee_id, award.updated_at = account.id, account.subject_id, now
    accounts.flag_if_crowded(session, account, now=now)
    for payment in payment_rows.lock_not_instructed(session, award.id):
        before = payment.state
        payment.account_id, payment.payee_id = account.id, account.subject_id
        if PAYMENT.may(PaymentState(before), "name_account"):
            payment.state = PAYMENT.move(PaymentState(before), "name_account")
            payment.state_reason = None
            payments.log(session, payment, "payment.reserved", actor, before, now=now)
    log(session, award, "award.account_named", actor, award.state, now=now)


def _last_start(
    session: Session, ports: Ports, claim: Claim, terms: Terms, starts_on: date, *, on: date
) -> date | None:
    """The first day of the last period where the policy limits how many there are."""
    if terms.period not in _MONTHS_OF or not terms.may_end_by_itself:
        return None
    recheck = ports.reevaluate(
        session, claim.policy_id, claim.policy_version, claim.subject_id, claim.unit_id, on
    )
    if recheck.periods is None:
        return None
    return add_months(starts_on, (max(recheck.periods, 1) - 1) * _MONTHS_OF[terms.period])
