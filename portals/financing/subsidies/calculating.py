"""What a quarter is worth: of the policies in force the one that pays most, or why none does. The engine judges, on the
facts as they would be filed."""

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy.orm import Session

from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation.situation import changed_family
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.service import load_family
from portals.financing.rates.models import ReferenceRate
from portals.financing.rates.repository import rate_on
from portals.financing.subsidies.counting import Line, Settled, count
from portals.financing.subsidies.reading import LoanBook
from portals.financing.subsidies.rules import LPR, SubsidyRule, rules

INTEREST, FIRST = "loan.subsidised_interest", "loan.is_first_loan"
RATE, REFERENCE = "loan.rate_bp", "loan.reference_rate_bp"


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


def candidates_of(
    session: Session, book: LoanBook, settled: Sequence[Settled], quarter_starts_on: date
) -> list[Candidate]:
    """One for each policy that subsidises interest, in the order in which they are tried."""
    return [
        Candidate(
            rule=rule,
            lines=count(settled, book.stops, rule),
            reference=_reference(session, rule, book.begun_on, quarter_starts_on),
        )
        for rule in rules()
    ]


def best_of(
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


def why_none(candidates: Sequence[Candidate]) -> str:
    """The plainest cause: nothing was paid, what was paid does not count, LPR lacks, no policy fits."""
    lines = candidates[0].lines
    if not lines:
        return "no_interest"
    if candidates[0].counted_fen == 0:
        return next((line.why for line in lines if line.why is not None), "no_interest")
    return "no_reference" if any(one.lacks_reference for one in candidates) else "no_policy"


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


def _reference(
    session: Session, rule: SubsidyRule, begun_on: date, quarter_starts_on: date
) -> ReferenceRate | None:
    day = rule.reference_day(begun_on, quarter_starts_on)
    return None if day is None else rate_on(session, LPR, day)
