"""What delivery asks the engine: does the pinned version still hold today, and why (``reevaluate``, ``explain``)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from kernel.web.formats import day
from policy_engine.delivery.ports import ClauseLine, Question, Recheck
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import ClauseExplained, explain
from policy_engine.policies.dependencies import with_statuses_below
from policy_engine.policies.published import PublishedPolicies, PublishedPolicy, PublishedSet
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.service import load_family


class EngineJudgements:
    """Judges a version on the facts of now, whether or not it is still the newest."""

    def __init__(self, published: PublishedPolicies, clock: Clock) -> None:
        self._published = published
        self._clock = clock

    def reevaluate(
        self, session: Session, policy_id: str, version: int, subject_id: int, unit_id: int, on: date
    ) -> Recheck:
        question = Question(
            policy_id=policy_id, version=version, subject_id=subject_id, unit_id=unit_id, on=on
        )
        return self.reevaluate_many(session, [question])[0]

    def reevaluate_many(self, session: Session, questions: Sequence[Question]) -> list[Recheck]:
        """Families and versions are each read once, and of the statuses only those that the versions stand on."""
        published = self._published.current(session)
        pinned = {
            key: self._pinned(session, *key)
            for key in dict.fromkeys((one.policy_id, one.version) for one in questions)
        }
        below = {key: _statuses_below(policy, published) for key, policy in pinned.items()}
        owners = profiles.owners_of(session, {one.subject_id for one in questions})
        families = profiles.load_families(session, owners.values())
        cases: dict[tuple[int, date, frozenset[str]], FamilyCase] = {}
        found = []
        for one in questions:
            if one.subject_id not in owners:
                raise NotFound(_("没有这个对象的档案，请核对后再试。"))
            key = (owners[one.subject_id], one.on, below[one.policy_id, one.version])
            if key not in cases:
                cases[key] = FamilyCase(families[key[0]], published, one.on)
                cases[key].work_out(key[2])
            policy = pinned[one.policy_id, one.version]
            found.append(_recheck(cases[key], policy, Subject(one.subject_id, one.unit_id)))
        return found

    def explain(
        self, session: Session, policy_id: str, version: int, subject_id: int, unit_id: int, reader_id: int
    ) -> tuple[ClauseLine, ...]:
        policy = self._pinned(session, policy_id, version)
        case = self._case(session, subject_id, self._clock.today())
        explanation = explain(case, policy, Subject(subject_id, unit_id), reader_id=reader_id)
        basis = "；".join(one.title for one in policy.document.legal_basis)
        return tuple(_line(clause, basis) for clause in explanation.clauses)

    def _pinned(self, session: Session, policy_id: str, version: int) -> PublishedPolicy:
        policy = self._published.pinned(session, policy_id, version)
        if policy is None:
            raise NotFound("没有找到这个政策版本。")
        return policy

    def _case(self, session: Session, subject_id: int, on: date) -> FamilyCase:
        """The family with its computed statuses worked out, as policies stand on them."""
        family = load_family(session, subject_id)
        case = FamilyCase(family, self._published.current(session), on)
        for policy, subject in case.policies_on():
            if policy.document.is_computed_status:
                case.judge(policy, subject)
        return case


def _recheck(case: FamilyCase, policy: PublishedPolicy, subject: Subject) -> Recheck:
    judgement = case.judge(policy, subject)
    if judgement.defect:
        return Recheck(verdict="unknown", amount_fen=None, sequence=case.family.sequence)
    return Recheck(
        verdict=judgement.verdict,
        amount_fen=judgement.amount_fen,
        sequence=case.family.sequence,
        missing=judgement.missing,
        periods=judgement.periods,
    )


def _statuses_below(policy: PublishedPolicy, published: PublishedSet) -> frozenset[str]:
    """The policies that compute the statuses under this one, all the way down."""
    found = with_statuses_below([policy.document], published.documents, published.statuses)
    return frozenset(found - {policy.document.id})


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
        return _("到 %(day)s 就符合", day=day(clause.holds_from))
    if clause.holds_until is not None:
        return _("符合到 %(day)s", day=day(clause.holds_until))
    return ""
