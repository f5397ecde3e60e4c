"""Each quarter from settled interest: calculated by the policy's own formula, filed by the bank, and from there on a
claim of delivery like any other: reviewed, decided by finance, paid from the policy's budget. The firm fills in nothing.

interest settled → calculated | none → filed (a claim) → [delivery: accepted → granted | refused → paid] → closed
closed → filed again, when the firm appeals against a refusal

One quarter of a loan is under way at a time, the earlier before the later: the fact that the policy reads is that of the
quarter under way, from its filing until the money is with the firm. Never commits.
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.notices import notify
from kernel.web.principal import Principal
from kernel.wording import worded
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.claims import beginning
from policy_engine.delivery.claims.beginning import Origin
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import ClaimState, PaymentState
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes
from portals.financing.subsidies import repository
from portals.financing.subsidies.calculating import (
    FIRST,
    INTEREST,
    RATE,
    REFERENCE,
    best_of,
    candidates_of,
    why_none,
)
from portals.financing.subsidies.counting import label_of, settled_in
from portals.financing.subsidies.models import QuarterSubsidy
from portals.financing.subsidies.reading import LoanBook

#: Not with the city yet.
UNFILED = frozenset({"none", "calculated"})
_SOURCE = "bank"
#: A claim in one of these leads nowhere any more; an appeal may still be lost or won.
_ENDED_CLAIM = frozenset({ClaimState.REFUSED, ClaimState.WITHDRAWN})
_ENDED_PAYMENT = frozenset({PaymentState.PAID, PaymentState.CANCELLED})
_FILED = N_("贷款贴息已由银行代您申报")
_FILED_BODY = N_("按本季已结利息计算，无需您填写任何材料。点开查看金额和进度。")


def settle(
    session: Session, published: PublishedSet, book: LoanBook, first: date, following: date, *, now: datetime
) -> QuarterSubsidy:
    """Put a quarter that is over on the books, and calculate it: the policy that pays most, or none with the reason.

    Until it is filed it is calculated anew each time: a late report counts, and so do arrears made good. That the loan fell
    overdue since, or was compensated, takes nothing from what was paid for the days before (decision 20).
    """
    quarter = label_of(first)
    row = repository.of_quarter(session, book.loan_id, quarter)
    if row is None:
        row = _on_the_books(session, book, first, quarter, now)
    if row.state in UNFILED:
        _calculate(session, published, book, row, (first, following), now)
    return row


def _on_the_books(
    session: Session, book: LoanBook, first: date, quarter: str, now: datetime
) -> QuarterSubsidy:
    row = QuarterSubsidy(
        id=new_id(),
        loan_id=book.loan_id,
        firm_id=book.firm_id,
        unit_id=book.unit_id,
        bank_code=book.bank_code,
        quarter=quarter,
        starts_on=first,
        is_first_loan=book.is_first_loan,
        state="none",
        settled_fen=0,
        counted_fen=0,
        lines=[],
        settled_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another hand put it there in the same moment
        return repository.of_quarter(session, book.loan_id, quarter) or row
    return row


def _calculate(
    session: Session,
    published: PublishedSet,
    book: LoanBook,
    row: QuarterSubsidy,
    quarter: tuple[date, date],
    now: datetime,
) -> None:
    settled = settled_in(book.paid, book.begun_on, *quarter)
    candidates = candidates_of(session, book, settled, quarter[0])
    best = best_of(session, published, book, candidates, business_date(now))
    chosen = candidates[0] if best is None else best.candidate
    row.state = "none" if best is None else "calculated"
    row.reason = why_none(candidates) if best is None else ""
    row.settled_fen = sum(one.interest_fen for one in settled)
    row.counted_fen = chosen.counted_fen
    row.lines = [msgspec.to_builtins(line) for line in chosen.lines]
    row.policy_id = None if best is None else chosen.rule.policy
    row.policy_version = None if best is None else best.version
    row.amount_fen = None if best is None else best.amount_fen
    row.rate_bp = book.rate_bp
    row.reference_bp = None if chosen.reference is None else chosen.reference.rate_bp
    row.reference_since = None if chosen.reference is None else chosen.reference.since
    row.calculated_at = now
    session.flush()


def file(
    session: Session, ports: Ports, quarter_id: uuid.UUID, *, bank_code: str, by: Principal, now: datetime
) -> Claim:
    """The bank files what was calculated: the fact is told, and a claim begins at its first stage.

    Raises ``NotFound`` for another bank's, ``Conflict`` when it is filed already, an earlier quarter is under way, or
    the policy does not hold any more.
    """
    row = repository.lock(session, quarter_id)
    if row is None or row.bank_code != bank_code:
        raise NotFound(_("没有找到这笔贴息。"))
    if row.state != "calculated" or row.policy_id is None:
        raise Conflict(_("这个季度的贴息已经申报或者无需申报，请刷新页面查看。"))
    if repository.is_earlier_open(session, row.loan_id, row.starts_on):
        raise Conflict(_("请先办完这笔贷款上一季度的贴息。"))
    _tell(session, row, row.counted_fen, "file", now)
    claim = _begin(session, ports, row, now)
    row.state, row.claim_id, row.filed_at = "filed", claim.id, now
    row.filed_by_id, row.filed_by_name = by.subject_id, by.name
    row.amount_fen, row.policy_version = claim.amount_fen, claim.policy_version
    session.flush()
    notify(
        session,
        subject_id=row.firm_id,
        kind="financing.subsidy_filed",
        title=worded(_FILED),
        body=worded(_FILED_BODY),
        link="/rongtong/financing/subsidies",
        now=now,
    )
    audit.record(
        session,
        actor=by,
        action="financing.subsidy.file",
        object_kind="financing_subsidy_quarter",
        object_id=row.id,
        detail={"quarter": row.quarter, "amount_fen": row.amount_fen},
        now=now,
    )
    return claim


def close_ended(session: Session, *, now: datetime) -> int:
    """Quarters whose money is with the firm, or that were refused, are over: the next may be filed. How many."""
    closed = 0
    for row, is_over in _standing(session, repository.quarters(session, states=["filed"])):
        held = repository.lock(session, row.id) if is_over else None
        if held is not None and held.state == "filed":
            held.state, held.closed_at = "closed", now
            _tell(session, held, 0, _step("close"), now)
            closed += 1
    session.flush()
    return closed


def reopen_appealed(session: Session, *, now: datetime) -> int:
    """A refusal that is appealed, or was overturned, puts its quarter under way again, with its fact. How many.

    One right is claimed once at a time: who has a later quarter under way can appeal only when that is over.
    """
    reopened = 0
    for row, is_over in _standing(session, repository.opened_again(session)):
        held = None if is_over else repository.lock(session, row.id)
        if held is None or held.state != "closed" or repository.is_another_filed(session, held.loan_id):
            continue
        held.state, held.closed_at = "filed", None
        _tell(session, held, held.counted_fen, _step("reopen"), now)
        reopened += 1
        session.flush()
    return reopened


def _standing(session: Session, rows: Sequence[QuarterSubsidy]) -> Iterator[tuple[QuarterSubsidy, bool]]:
    """Each filed quarter, and whether its claim leads nowhere any more."""
    numbers = [one.claim_id for one in rows if one.claim_id is not None]
    claims, payments = repository.claims_of(session, numbers), repository.payments_of(session, numbers)
    for row in rows:
        if row.claim_id is not None:
            payment = payments.get(row.claim_id)
            yield (
                row,
                ClaimState(claims[row.claim_id].state) in _ENDED_CLAIM
                or (payment is not None and PaymentState(payment.state) in _ENDED_PAYMENT),
            )


def _step(name: str) -> str:
    """A step that may come more than once: each is news of its own."""
    return f"{name}-{new_id().hex}"


def _begin(session: Session, ports: Ports, row: QuarterSubsidy, now: datetime) -> Claim:
    """A claim without a tap, its amount by the engine on the facts as they stand now."""
    if row.policy_id is None:
        raise Conflict(_("这个季度的贴息已经申报或者无需申报，请刷新页面查看。"))
    terms = ports.terms(session, row.policy_id)
    today = business_date(now)
    judged = ports.reevaluate(session, row.policy_id, terms.version, row.firm_id, row.unit_id, today)
    if judged.verdict != "eligible" or judged.amount_fen is None:
        raise Conflict(_("按今天的信息，这笔贷款不符合贴息条件，请核对企业和贷款登记的信息。"))
    holders = accounts.holders_for(session, ports, row.firm_id, now)
    account = next(iter(accounts.usable_accounts(session, holders, now)), None)
    draft = Claim(
        subject_id=row.firm_id,
        unit_id=row.unit_id,
        division=ports.people.division_of(session, row.firm_id),
        amount_fen=judged.amount_fen,
        declared={},
        evidence=[{"id": "interest-statement", "title": "银行结息单", "reference": row.quarter}],
        qualified_on=today,
    )
    origin = Origin(
        actor=SYSTEM,
        applicant_id=row.firm_id,
        entered_by_id=None,
        channel="automatic",
        mode="automatic",
    )
    return beginning.begin(session, ports, draft, terms, account, origin, now=now)


def _tell(session: Session, row: QuarterSubsidy, counted_fen: int, step: str, now: datetime) -> None:
    """The fact that the policy reads, as the bank's own word; nothing once the quarter is over."""
    values: dict[str, int | bool] = {
        INTEREST: counted_fen,
        FIRST: row.is_first_loan,
        RATE: row.rate_bp or 0,
        REFERENCE: row.reference_bp or 0,
    }
    changes = [
        FactChange(
            subject_id=row.unit_id,
            attribute=attribute,
            value=value,
            source=_SOURCE,
            event_id=f"subsidy-{row.id.hex}-{step}",
            observed_at=now,
        )
        for attribute, value in values.items()
    ]
    apply_changes(session, changes, now=now)
