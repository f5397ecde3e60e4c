"""The life of a policy version: drafted, reviewed, approved by a second hand, published to 1 % first, then to all.

Nothing is published that its own cases do not bear out, and nothing published ever changes: a change is a new version.
"""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit, outbox
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Duty, Principal, SeatView
from policy_engine.catalogue import catalogue
from policy_engine.policies import repository
from policy_engine.policies.access import require_seat, require_second_hand
from policy_engine.policies.cases import CaseOutcome, load_cases, run_cases
from policy_engine.policies.checking import check_document, standing_of
from policy_engine.policies.dependencies import standing_on
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hashing import content_hash, content_of, document_of
from policy_engine.policies.loading import load_document
from policy_engine.policies.models import Policy, PolicyApproval, PolicyVersion
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import PublishedSet, published_set
from policy_engine.policies.states import CANARY_PERMILLE, FULL_PERMILLE, Action, PolicyState, after

TOPIC = "policy.rollout"


def save_draft(
    session: Session, *, text: str, cases_text: str, actor: Principal, published: PublishedSet, now: datetime
) -> PolicyVersion:
    """Take in an upload as a new draft, or over the draft it already is.

    Raises ``DocumentRefused`` with every problem and its line, ``Conflict`` when the version is no longer a draft.
    """
    loaded = load_document(text)
    document = loaded.document
    seat = require_seat(actor, "policy.author", document.jurisdiction)
    problems = check_document(document, catalogue(), published, source=loaded.source)
    if problems:
        raise DocumentRefused(problems)
    load_cases(cases_text, document, published.statuses)
    version = _draft_row(session, document, now)
    content = content_of(document)
    version.title = document.title
    version.audience = document.audience
    version.standing = standing_of(document, catalogue())
    version.is_demonstration = version.standing != "official"
    version.effective_from, version.effective_to = document.effective_from, document.effective_to
    version.source_text, version.cases_text = text, cases_text
    version.document = content
    version.content_hash = content_hash(content)
    version.author_id, version.author_seat_id = actor.subject_id, seat.id
    version.updated_at = now
    session.flush()
    _record(session, version, "policy.draft", actor, now)
    return version


def _draft_row(session: Session, document: PolicyDocument, now: datetime) -> PolicyVersion:
    policy = repository.find_policy(session, document.id)
    if policy is None:
        policy = Policy(id=document.id, jurisdiction=document.jurisdiction, latest_version=0, created_at=now)
        session.add(policy)
        session.flush()
    existing = repository.version_numbered(session, document.id, document.version)
    if existing is not None:
        if existing.state != PolicyState.DRAFT:
            raise Conflict(
                _(
                    "第 %(version)s 版已提交或发布，不能再改。请把 version 改为 %(latest_version)s 后上传。",
                    version=document.version,
                    latest_version=policy.latest_version + 1,
                )
            )
        return existing
    if document.version != policy.latest_version + 1:
        raise Conflict(
            _(
                "下一个版本号应为 %(latest_version)s，文件里写的是 %(version)s。",
                latest_version=policy.latest_version + 1,
                version=document.version,
            )
        )
    policy.latest_version = document.version
    version = PolicyVersion(
        policy_id=document.id, version=document.version, state=PolicyState.DRAFT, created_at=now
    )
    session.add(version)
    return version


def submit(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """Hand a draft over for review."""
    version, seat = _move(session, version_id, "submit", actor, "policy.author")
    _sign(session, version, seat, actor, "submit", "", now)
    return version


def send_back(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """Return a version under review to its author, with the reason."""
    _require_note(note)
    version, seat = _move(session, version_id, "send_back", actor, "policy.publish")
    _sign(session, version, seat, actor, "send_back", note, now)
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
    """The second hand: another person on another seat, and every case of the document passes.

    Raises ``InvalidInput`` naming each case that fails, ``DocumentRefused`` when what it builds on has changed since.
    """
    version, seat = _move(session, version_id, "approve", actor, "policy.publish")
    require_second_hand(version, seat, actor)
    document = document_of(version)
    problems = check_document(document, catalogue(), published)
    if problems:
        raise DocumentRefused(problems)
    cases = load_cases(version.cases_text, document, published.statuses)
    failed = [one for one in run_cases(document, cases, published.statuses) if not one.is_passed]
    if failed:
        raise _failed_cases(failed)
    _sign(session, version, seat, actor, "approve", note, now)
    return version


def publish(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """Put an approved version into force for the first 1 % of those it reaches."""
    version, seat = _move(session, version_id, "publish", actor, "policy.publish")
    require_second_hand(version, seat, actor)
    version.rollout_permille = CANARY_PERMILLE
    version.published_at = now
    _announce(session, version, "publish", now)
    _sign(session, version, seat, actor, "publish", "", now)
    return version


def widen(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """From the first 1 % to all; earlier versions of the policy are superseded. Raises ``Conflict`` when it is full."""
    version, seat = _move(session, version_id, "widen", actor, "policy.publish")
    if version.is_full:
        raise Conflict(_("这一版本已经全面实施。"))
    require_second_hand(version, seat, actor)
    version.rollout_permille = FULL_PERMILLE
    for earlier in repository.versions_of(session, version.policy_id):
        if earlier.version < version.version and earlier.state in (
            PolicyState.PUBLISHED,
            PolicyState.SUSPENDED,
        ):
            earlier.state = after(PolicyState(earlier.state), "supersede")
            earlier.updated_at = now
    _announce(session, version, "widen", now)
    _sign(session, version, seat, actor, "widen", "", now)
    return version


def suspend(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """Stop matching for a while; claims under way are held. ``note`` is the reason that people will read."""
    return _stop(session, version_id, "suspend", actor, note, now)


def recall(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """Take a version back for good; open offers are withdrawn with an apology, confirmed ones decided by a person."""
    return _stop(session, version_id, "recall", actor, note, now)


def resume(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """Let a suspended version match again, as far as it had been rolled out.

    Raises ``DocumentRefused`` when a status it stands on has been stopped since, or a standard it calls has gone.
    """
    version, seat = _move(session, version_id, "resume", actor, "policy.publish")
    live = [row for row in repository.live_versions(session) if row.id != version.id]
    published = published_set(0, [(row, row.rollout_permille) for row in live])
    problems = check_document(document_of(version), catalogue(), published)
    if problems:
        raise DocumentRefused(problems)
    _announce(session, version, "resume", now)
    _sign(session, version, seat, actor, "resume", "", now)
    return version


def _stop(
    session: Session, version_id: uuid.UUID, action: Action, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    _require_note(note)
    version, seat = _move(session, version_id, action, actor, "policy.publish")
    _require_nothing_above(session, version)
    _announce(session, version, action, now)
    _sign(session, version, seat, actor, action, note, now)
    return version


def _require_nothing_above(session: Session, version: PolicyVersion) -> None:
    """A status is not pulled from under what stands on it: the others are stopped first. Raises ``Conflict``."""
    live = repository.live_versions(session)
    if any(row.policy_id == version.policy_id and row.id != version.id for row in live):
        return
    documents = sorted((document_of(row) for row in live), key=lambda one: (one.id, one.version))
    above = [one.title for one in documents if standing_on(document_of(version), [one])]
    if above:
        raise Conflict(
            _(
                "还有政策以这一身份为条件：%(titles)s。请先停用这些政策，或为它们发布不再引用这一身份的新版本。",
                titles="、".join(dict.fromkeys(above)),
            )
        )


def _move(
    session: Session, version_id: uuid.UUID, action: Action, actor: Principal, duty: Duty
) -> tuple[PolicyVersion, SeatView]:
    version = repository.find_version(session, version_id, for_update=True)
    if version is None:
        raise NotFound(_("没有找到这个政策版本。"))
    seat = require_seat(actor, duty, str(version.document["jurisdiction"]))
    version.state = after(PolicyState(version.state), action)
    return version, seat


def _announce(session: Session, version: PolicyVersion, action: Action, now: datetime) -> None:
    """One epoch more, and the word to matching in the same commit."""
    epoch = repository.advance_epoch(session)
    payload = {
        "policy_id": version.policy_id,
        "version": version.version,
        "action": action,
        "rollout_permille": version.rollout_permille,
        "epoch": epoch,
    }
    outbox.enqueue(session, TOPIC, f"policy:{version.policy_id}", payload, now=now)


def _sign(
    session: Session,
    version: PolicyVersion,
    seat: SeatView,
    actor: Principal,
    action: Action,
    note: str,
    now: datetime,
) -> None:
    version.updated_at = now
    session.add(
        PolicyApproval(
            version_id=version.id,
            subject_id=actor.subject_id,
            seat_id=seat.id,
            seat_title=seat.title,
            action=action,
            note=note,
            at=now,
        )
    )
    session.flush()
    _record(session, version, f"policy.{action}", actor, now)


def _record(session: Session, version: PolicyVersion, action: str, actor: Principal, now: datetime) -> None:
    detail = {
        "version": version.version,
        "state": version.state,
        "rollout_permille": version.rollout_permille,
    }
    audit.record(
        session,
        actor=actor,
        action=action,
        object_kind="policy",
        object_id=version.policy_id,
        detail=detail,
        now=now,
    )


def _require_note(note: str) -> None:
    if not note.strip():
        raise InvalidInput(
            _("请写明原因。"), errors=[FieldError("note", _("原因不能为空"), _("请用一两句话说明。"))]
        )


def _failed_cases(failed: list[CaseOutcome]) -> InvalidInput:
    errors = [FieldError(one.name, one.difference, _("请修改政策条件，或更正这个用例。")) for one in failed]
    return InvalidInput(_("有 %(failed)s 个用例没有通过，不能批准。", failed=len(failed)), errors=errors)
