"""What a document says about one subject on one day: the reference that every compiled form must equal."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from kernel.i18n import gettext as _
from policy_engine.catalogue.contexts import context_of
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.language import UNKNOWN, Truth, judge
from policy_engine.policies.amounts import Amount, Context, amount_of, periods_of, to_fen, tree
from policy_engine.policies.dependencies import StatusName
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.missing import attribute_ids, open_names

Verdict = Literal["eligible", "ineligible", "unknown"]
ClauseTruth = Literal["met", "not_met", "needed"]
_TRUTHS: dict[Truth, ClauseTruth] = {Truth.TRUE: "met", Truth.NOT_TRUE: "not_met", Truth.UNKNOWN: "needed"}


class ClauseJudgement(msgspec.Struct, frozen=True):
    """One clause: met, not met, or needed with the ids of the facts that would settle it."""

    id: str
    truth: ClauseTruth
    missing: tuple[str, ...] = ()


class Judgement(msgspec.Struct, frozen=True):
    """The verdict with its reasons. ``defect`` is set when the policy itself gives no amount: never offer then."""

    verdict: Verdict
    clauses: tuple[ClauseJudgement, ...]
    amount_fen: int | None = None
    periods: int | None = None
    missing: tuple[str, ...] = ()
    defect: str = ""

    @property
    def failing(self) -> tuple[str, ...]:
        """The ids of the clauses that do not hold."""
        return tuple(one.id for one in self.clauses if one.truth == "not_met")


def judge_document(
    document: PolicyDocument, subject: SubjectFacts, as_of: date, statuses: Iterable[StatusName] = ()
) -> Judgement:
    """The verdict on ``subject``, whose kind is the document's entity; ``statuses`` are the computed ones in force."""
    return judge_context(document, context_of(subject, as_of, [one.name for one in statuses]))


def judge_context(document: PolicyDocument, context: Context) -> Judgement:
    """The verdict in a context of FEEL values made before: for asking again with one fact or the day changed."""
    clauses = tuple(_judge_clause(document, one.id, one.condition, context) for one in document.eligibility)
    truths = {one.truth for one in clauses}
    if "not_met" in truths:
        return Judgement("ineligible", clauses)
    missing = dict.fromkeys(id for one in clauses for id in one.missing)
    if document.benefit is None:
        verdict: Verdict = "unknown" if "needed" in truths else "eligible"
        return Judgement(verdict, clauses, missing=tuple(missing))
    amount = amount_of(document.benefit, context)
    missing |= dict.fromkeys(attribute_ids(amount.names, document.entity))
    if "needed" in truths or amount.value is UNKNOWN:
        return Judgement("unknown", clauses, missing=tuple(missing))
    return _payable(document, clauses, amount, context)


def _judge_clause(document: PolicyDocument, id: str, condition: str, context: Context) -> ClauseJudgement:
    node = tree(condition)
    truth = _TRUTHS[judge(node, context)]
    names = open_names(node, context) if truth == "needed" else ()
    return ClauseJudgement(id, truth, attribute_ids(names, document.entity))


def _payable(
    document: PolicyDocument, clauses: tuple[ClauseJudgement, ...], amount: Amount, context: Context
) -> Judgement:
    assert document.benefit is not None  # noqa: S101  the caller has asked
    if not isinstance(amount.value, Decimal):
        return Judgement("unknown", clauses, defect=_("金额没有结果（表中没有对应的行，或除以零）"))
    fen = to_fen(amount.value, document.benefit.rounding)
    if fen <= 0:
        return Judgement("unknown", clauses, defect=_("金额不大于零"))
    periods = periods_of(document.benefit, context).value
    return Judgement("eligible", clauses, fen, int(periods) if isinstance(periods, Decimal) else None)
