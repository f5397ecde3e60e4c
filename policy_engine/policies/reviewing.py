"""From a draft to an approved version: reviewed, decomposed, verified, funded, seen over the whole city, approved.

Each step leaves a hand on record. What was found of one text does not count for another: after a version was sent back
and submitted anew, every step is taken again.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import catalogue
from policy_engine.policies.access import require_second_hand
from policy_engine.policies.cases import CaseOutcome, load_cases, run_cases
from policy_engine.policies.checking import check_document
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hands import move, require_note, sign, since_submission
from policy_engine.policies.hashing import document_of
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import PublishedSet

MOST_SAID = 400


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the review found: 合法性审查, 公平竞争审查, and where the funds come from (or that none are needed)."""

    legality: str
    fair_competition: str
    funds: str


def submit(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """Hand a draft over for review."""
    version, seat = move(session, version_id, "submit", actor, "policy.author", now=now)
    sign(session, version, seat, actor, "submit", now=now)
    return version


def send_back(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """Return a version under review to its author, with the reason."""
    require_note(note)
    version, seat = move(session, version_id, "send_back", actor, "policy.publish", now=now)
    sign(session, version, seat, actor, "send_back", note=note, now=now)
    return version


def review(
    session: Session,
    version_id: uuid.UUID,
    *,
    actor: Principal,
    published: PublishedSet,
    findings: Review,
    now: datetime,
) -> PolicyVersion:
    """The three checks of law, competition and funds; and the text comes apart into conditions, standards and formula.

    Raises ``InvalidInput`` for a finding left out, ``DocumentRefused`` when the document no longer fits what is in force.
    """
    _require_findings(findings)
    version, seat = move(session, version_id, "review", actor, "policy.publish", now=now)
    require_second_hand(version, seat, actor)
    _require_sound(document_of(version), published)
    sign(session, version, seat, actor, "review", detail=msgspec.structs.asdict(findings), now=now)
    return version


def verify(
    session: Session, version_id: uuid.UUID, *, actor: Principal, published: PublishedSet, now: datetime
) -> PolicyVersion:
    """Every case of the document passes. Raises ``InvalidInput`` naming each that fails."""
    version, seat = move(session, version_id, "verify", actor, "policy.author", "policy.publish", now=now)
    passed = _require_cases(version, document_of(version), published)
    sign(session, version, seat, actor, "verify", detail={"cases": passed}, now=now)
    return version


def fund(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """Finance agrees, and says from which budget."""
    require_note(note)
    version, seat = move(session, version_id, "fund", actor, "payment.approve", now=now)
    require_second_hand(version, seat, actor)
    sign(session, version, seat, actor, "fund", note=note, now=now)
    return version


def note_shadow_run(
    session: Session,
    version_id: uuid.UUID,
    *,
    actor: Principal,
    figures: Mapping[str, int | str | None],
    now: datetime,
) -> PolicyVersion:
    """The actor has seen what the version would do to the whole city; ``figures`` are what was seen."""
    version, seat = move(session, version_id, "shadow", actor, "policy.publish", "payment.approve", now=now)
    sign(session, version, seat, actor, "shadow", detail=dict(figures), now=now)
    return version


def approve(
    session: Session,
    version_id: uuid.UUID,
    *,
    actor: Principal,
    published: PublishedSet,
    note: str = "",
    now: datetime,
) -> PolicyVersion:
    """The second hand: another person on another seat, who has seen the shadow run; finance has agreed where money flows.

    Raises ``InvalidInput`` saying what is wanting and naming each case that fails, ``DocumentRefused`` when what the
    version builds on has changed since.
    """
    version, seat = move(session, version_id, "approve", actor, "policy.publish", now=now)
    require_second_hand(version, seat, actor)
    document = document_of(version)
    _require_sound(document, published)
    _require_cases(version, document, published)
    _require_seen_and_funded(session, version, document, actor)
    sign(session, version, seat, actor, "approve", note=note, now=now)
    return version


def _require_seen_and_funded(
    session: Session, version: PolicyVersion, document: PolicyDocument, actor: Principal
) -> None:
    hands = since_submission(session, version)
    wanting = []
    if not any(one.action == "shadow" and one.subject_id == actor.subject_id for one in hands):
        mend = _("请打开“推演”，看过谁增谁减和资金变化后记录在案。")
        wanting.append(FieldError("shadow", _("您还没有看过这一版的推演"), mend))
    if document.benefit is not None and not any(one.action == "fund" for one in hands):
        mend = _("请财政席位核对资金来源后确认。")
        wanting.append(FieldError("fund", _("财政还没有确认资金"), mend))
    if wanting:
        raise InvalidInput(_("还不能批准。"), errors=wanting)


def _require_findings(findings: Review) -> None:
    errors = []
    for field, value in msgspec.structs.asdict(findings).items():
        if not value.strip():
            errors.append(FieldError(field, _("审查意见不能为空"), _("请用一两句话写明结论。")))
        elif len(value) > MOST_SAID:
            errors.append(FieldError(field, _("审查意见太长"), _("请写在 %(most)d 字以内。", most=MOST_SAID)))
    if errors:
        raise InvalidInput(_("请写明合法性、公平竞争和资金三项审查意见。"), errors=errors)


def _require_sound(document: PolicyDocument, published: PublishedSet) -> None:
    problems = check_document(document, catalogue(), published)
    if problems:
        raise DocumentRefused(problems)


def _require_cases(version: PolicyVersion, document: PolicyDocument, published: PublishedSet) -> int:
    """How many passed: all of them."""
    cases = load_cases(version.cases_text, document, published.statuses)
    failed = [one for one in run_cases(document, cases, published.statuses) if not one.is_passed]
    if failed:
        raise _failed_cases(failed)
    return len(cases)


def _failed_cases(failed: list[CaseOutcome]) -> InvalidInput:
    errors = [FieldError(one.name, one.difference, _("请修改政策条件，或更正这个用例。")) for one in failed]
    return InvalidInput(_("有 %(failed)s 个用例没有通过，不能批准。", failed=len(failed)), errors=errors)
