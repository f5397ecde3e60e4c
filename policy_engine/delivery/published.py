"""Terms out of published policy documents: what ``Ports.terms`` is in a running house."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from policy_engine.delivery.terms import Accrual, Limit, Signatory, Stage, Terms, YearlyCap
from policy_engine.policies import repository
from policy_engine.policies.document import LegalBasis, PolicyDocument
from policy_engine.policies.hashing import document_of
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.stacking import rules_of


class PublishedTerms:
    """Each version's terms, worked out once between two publications: its document never changes, and how far it reaches,
    what excludes it and what it shares a cap with only with the epoch. One per process; safe between threads."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, int, bytes], PolicyDocument] = {}
        self._known = _Known(-1, {}, {}, frozenset())

    def __call__(self, session: Session, policy_id: str, version: int | None = None) -> Terms:
        known = self._known_now(session)
        terms = known.terms.get((policy_id, version))
        if terms is None:
            row = _find(session, policy_id, version)
            if row is None:
                raise NotFound(_("没有找到这项政策。"))
            terms = self._worked_out(row, known)
            if row.published_at is not None:
                known.terms[policy_id, version] = terms
        return terms

    def _worked_out(self, row: PolicyVersion, known: "_Known") -> Terms:
        terms = terms_of(
            self._document(row), rollout_permille=row.rollout_permille, is_demonstration=row.is_demonstration
        )
        excludes, higher_of = known.rivals.get(row.policy_id, (frozenset(), frozenset()))
        shared = [one for one in known.caps if row.policy_id in one.policies and one not in terms.yearly_caps]
        return msgspec.structs.replace(
            terms,
            excludes=terms.excludes | excludes,
            higher_of=terms.higher_of | higher_of,
            yearly_caps=(*terms.yearly_caps, *shared),
        )

    def _document(self, row: PolicyVersion) -> PolicyDocument:
        key = (row.policy_id, row.version, row.content_hash)
        if key not in self._documents:
            self._documents[key] = document_of(row)
        return self._documents[key]

    def _known_now(self, session: Session) -> "_Known":
        """Begun again when the epoch has moved: who excludes whom is a matter of all that is published."""
        epoch = repository.current_epoch(session)
        known = self._known
        if known.epoch == epoch and not repository.has_moved_epoch(session):
            return known
        live = [self._document(row) for row in repository.live_versions(session)]
        shared = frozenset(cap for one in live for cap in caps_of(one) if len(cap.policies) > 1)
        fresh = _Known(epoch, {}, rivals_among(live), shared)
        if not repository.has_moved_epoch(session):
            self._known = fresh
        return fresh


class _Known(NamedTuple):
    """What holds at one epoch; ``terms`` by policy and version, where none is the one in force."""

    epoch: int
    terms: dict[tuple[str, int | None], Terms]
    rivals: "Rivals"
    caps: frozenset[YearlyCap]


#: By policy, those it excludes and those of which only the higher is paid.
Rivals = Mapping[str, tuple[frozenset[str], frozenset[str]]]


def rivals_among(documents: Iterable[PolicyDocument]) -> Rivals:
    """What one document says of another holds for both: the law does not ask which of them was read."""
    rules = rules_of(documents)
    found: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for one in rules.excludes.keys() | rules.higher_of.keys():
        excludes = frozenset(rules.excludes.get(one, {}))
        found[one] = (excludes, frozenset(rules.higher_of.get(one, {})) - excludes)
    return found


def caps_of(document: PolicyDocument) -> tuple[YearlyCap, ...]:
    """The caps of a year in money that a document states, for itself and those it names."""
    return tuple(
        YearlyCap(
            amount_fen=one.yuan * 100,
            scope=one.scope,
            policies=frozenset({document.id, *one.together_with}),
        )
        for one in document.yearly_caps
    )


def terms_of(document: PolicyDocument, *, rollout_permille: int, is_demonstration: bool) -> Terms:
    """What delivery needs of a document, and nothing else."""
    status, accrual, funding = document.status, document.accrual, document.funding
    terms = Terms(
        policy_id=document.id,
        version=document.version,
        title=document.title,
        title_en=document.title_en,
        department=document.department,
        department_en=document.department_en,
        division=document.jurisdiction,
        mode=document.delivery.mode,
        period=document.benefit.period if document.benefit is not None else "none",
        may_end_by_itself=document.benefit is not None and document.benefit.periods is not None,
        is_status=status is not None,
        is_offered=status is None or status.nature != "definition",
        is_invitation=status is not None and status.nature == "presumed",
        is_audience_firm=document.audience == "firm",
        requires=frozenset(document.requires),
        excludes=frozenset(document.excludes),
        higher_of=frozenset(document.choose_higher_with) - frozenset(document.excludes),
        limits=tuple(Limit(times=one.times, per=one.per, scope=one.scope) for one in document.limits),
        yearly_caps=caps_of(document),
        funding=funding.kind if funding is not None else "entitlement",
        fund_source=funding.fund if funding is not None else "fiscal",
        accrual=Accrual(starts=accrual.starts, retroactive_months=accrual.retroactive_months)
        if accrual is not None
        else Accrual(),
        on_move=document.on_move,
        notice_days=document.notice.days if document.notice is not None else 0,
        is_notice_in_working_days=document.notice is None or document.notice.kind == "working",
        notice_place=document.notice.place if document.notice is not None else "",
        notice_fields=document.notice.fields if document.notice is not None else (),
        offer_days=document.delivery.offer_days,
        rollout_permille=rollout_permille,
        is_demonstration=is_demonstration,
        legal_basis="；".join(_basis(basis) for basis in document.legal_basis),
        phone=document.contacts[0].phone,
        promised_working_days=document.time_limits.promised_working_days,
    )
    return msgspec.structs.replace(terms, stages=_stages(document)) if document.stages else terms


def _find(session: Session, policy_id: str, version: int | None) -> PolicyVersion | None:
    if version is not None:
        return repository.version_numbered(session, policy_id, version)
    live = repository.live_versions(session, policy_id)
    return live[-1] if live else None


def _stages(document: PolicyDocument) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            key=stage.key,
            title=stage.title,
            title_en=stage.title_en,
            outcome=stage.outcome,
            duty=stage.duty,
            level=stage.level_digits,
            department=stage.department,
            working_days=stage.working_days,
            may_repeat_person=stage.may_repeat_person,
            joint=tuple(
                Signatory(title=one.title, department=one.department, above_fen=_fen(one.above_yuan))
                for one in stage.joint
            ),
            above_fen=_fen(stage.above_yuan),
        )
        for stage in document.stages
    )


def _fen(yuan: int | None) -> int | None:
    return None if yuan is None else yuan * 100


def _basis(basis: LegalBasis) -> str:
    number = f"（{basis.document_number}）" if basis.document_number else ""
    return f"《{basis.title}》{number}{basis.clause or ''}"
