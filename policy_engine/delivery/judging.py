"""What delivery asks the engine: does the pinned version still hold today, and why (``reevaluate``, ``explain``)."""

from datetime import date

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from policy_engine.delivery.ports import ClauseLine, Recheck
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import ClauseExplained, explain
from policy_engine.policies import repository
from policy_engine.policies.hashing import document_of
from policy_engine.policies.published import PublishedPolicies, PublishedPolicy
from policy_engine.profiles.service import load_family


class EngineJudgements:
    """Judges a version on the facts of now, whether or not it is still the newest."""

    def __init__(self, published: PublishedPolicies, clock: Clock) -> None:
        self._published = published
        self._clock = clock

    def reevaluate(
        self, session: Session, policy_id: str, version: int, subject_id: int, unit_id: int, on: date
    ) -> Recheck:
        policy = _pinned(session, policy_id, version)
        case = self._case(session, subject_id, on)
        judgement = case.judge(policy, Subject(subject_id, unit_id))
        if judgement.defect:
            return Recheck(verdict="unknown", amount_fen=None, sequence=case.family.sequence)
        return Recheck(
            verdict=judgement.verdict,
            amount_fen=judgement.amount_fen,
            sequence=case.family.sequence,
            missing=judgement.missing,
            periods=judgement.periods,
        )

    def explain(
        self, session: Session, policy_id: str, version: int, subject_id: int, unit_id: int, reader_id: int
    ) -> tuple[ClauseLine, ...]:
        policy = _pinned(session, policy_id, version)
        case = self._case(session, subject_id, self._clock.today())
        explanation = explain(case, policy, Subject(subject_id, unit_id), reader_id=reader_id)
        basis = "；".join(one.title for one in policy.document.legal_basis)
        return tuple(_line(clause, basis) for clause in explanation.clauses)

    def _case(self, session: Session, subject_id: int, on: date) -> FamilyCase:
        """The family with its computed statuses worked out, as policies stand on them."""
        family = load_family(session, subject_id)
        case = FamilyCase(family, self._published.current(session), on)
        for policy, subject in case.policies_on():
            if policy.document.is_computed_status:
                case.judge(policy, subject)
        return case


def _pinned(session: Session, policy_id: str, version: int) -> PublishedPolicy:
    row = repository.version_numbered(session, policy_id, version)
    if row is None:
        raise NotFound("没有找到这个政策版本。")
    return PublishedPolicy(document_of(row), row.id, "official" if not row.is_demonstration else "press", 0)


def _line(clause: ClauseExplained, basis: str) -> ClauseLine:
    is_english = current_locale() == ENGLISH
    facts = clause.missing if clause.truth == "needed" else clause.facts
    values = _("；").join(
        _("%(what)s：%(value)s", what=fact.label_en if is_english else fact.label, value=fact.text)
        for fact in clause.facts
        if fact.text
    )
    return ClauseLine(
        text=clause.text,
        truth=clause.truth,
        value=values,
        source=_("、").join(dict.fromkeys(fact.source for fact in facts)),
        legal_basis=basis,
        in_words=clause.in_words,
        gap=_gap(clause),
    )


def _gap(clause: ClauseExplained) -> str:
    if clause.holds_from is not None:
        return _("到 %(day)s 就符合", day=clause.holds_from.isoformat())
    if clause.holds_until is not None:
        return _("符合到 %(day)s", day=clause.holds_until.isoformat())
    return ""
