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
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation.situation import changed_family
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes, load_family
from portals.financing.rates.models import ReferenceRate
from portals.financing.rates.repository import rate_on
from portals.financing.subsidies import repository
from portals.financing.subsidies.counting import Line, count, label_of, settled_in
from portals.financing.subsidies.models import QuarterSubsidy
from portals.financing.subsidies.reading import LoanBook
from portals.financing.subsidies.rules import LPR, SubsidyRule, rules

#: Not with the city yet.
UNFILED = frozenset({"none", "calculated"})
INTEREST, FIRST = "loan.subsidised_interest", "loan.is_first_loan"
RATE, REFERENCE = "loan.rate_bp", "loan.reference_rate_bp"
_SOURCE = "bank"
#: A claim in one of these leads nowhere any more; an appeal may still be lost or won.
_ENDED_CLAIM = frozenset({ClaimState.REFUSED, ClaimState.WITHDRAWN})
_ENDED_PAYMENT = frozenset({PaymentState.PAID, PaymentState.CANCELLED})
_FILED = N_("贷款贴息已由银行代您申报")
_FILED_BODY = N_("按本季已结利息计算，无需您填写任何材料。点开查看金额和进度。")


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy would have before it: the interest that counts, and the LPR of its day where it names one."""

    rule: SubsidyRule
    lines: tuple[Line, ...]
    reference: ReferenceRate | None

    @property
    def counted_fen(self) -> int:
        return sum(line.counted_fen for line in self.lines)

    @property
    def lacks_reference(self) -> bool:
        return self.rule.reference != "none" and self.reference is None


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What a quarter is worth under one policy."""

    candidate: Candidate
    version: int
    amount_fen: int


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
    candidates = [
        Candidate(
            rule=rule,
            lines=count(settled, book.stops, rule),
            reference=_reference(session, rule, book.begun_on, quarter[0]),
        )
        for rule in rules()
    ]
    best = _best(session, published, book, candidates, business_date(now))
    chosen = candidates[0] if best is None else best.candidate
    row.state = "none" if best is None else "calculated"
    row.reason = _why_none(candidates) if best is None else ""
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


def _reference(
    session: Session, rule: SubsidyRule, begun_on: date, quarter_starts_on: date
) -> ReferenceRate | None:
    day = rule.reference_day(begun_on, quarter_starts_on)
    return None if day is None else rate_on(session, LPR, day)


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


def _best(
    session: Session,
    published: PublishedSet,
    book: LoanBook,
    candidates: Sequence[Candidate],
    on: date,
) -> Worth | None:
    """The policy in force that pays most for what counts; the engine judges, on facts as they would be filed."""
    worths = [_worth(session, published, book, one, on) for one in candidates if not one.lacks_reference]
    found = [one for one in worths if one is not None]
    return max(found, key=lambda one: one.amount_fen, default=None)


def _worth(
    session: Session, published: PublishedSet, book: LoanBook, candidate: Candidate, on: date
) -> Worth | None:
    in_force = (policy for policy, _is_for_everybody in published.matched_on(on))
    fitting = (
        one for one in in_force if one.document.id == candidate.rule.policy and one.covers(book.firm_id)
    )
    policy = next(fitting, None)
    if policy is None or candidate.counted_fen == 0:
        return None
    subject = Subject(book.firm_id, book.unit_id)
    changes = {
        INTEREST: candidate.counted_fen,
        FIRST: book.is_first_loan,
        RATE: book.rate_bp,
        REFERENCE: 0 if candidate.reference is None else candidate.reference.rate_bp,
    }
    family = changed_family(load_family(session, book.firm_id), subject, changes)
    case = FamilyCase(family, published, on)
    case.work_out(frozenset(one.document.id for one in published.policies if one.document.is_computed_status))
    judgement = case.judge(policy, subject)
    if judgement.verdict != "eligible" or not judgement.amount_fen:
        return None
    return Worth(candidate=candidate, version=policy.document.version, amount_fen=judgement.amount_fen)


def _why_none(candidates: Sequence[Candidate]) -> str:
    """The plainest cause: nothing was paid, what was paid does not count, LPR lacks, no policy fits."""
    lines = candidates[0].lines
    if not lines:
        return "no_interest"
    if candidates[0].counted_fen == 0:
        return next((line.why for line in lines if line.why is not None), "no_interest")
    return "no_reference" if any(one.lacks_reference for one in candidates) else "no_policy"


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
