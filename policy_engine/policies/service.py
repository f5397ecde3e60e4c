"""The life of a policy version at both ends: drafted; published to 1 % first, then to all; stopped, evaluated, archived.

What lies between is ``reviewing``. Nothing published ever changes: a change is a new version.
"""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import outbox
from kernel.clock import business_date
from kernel.errors import Conflict
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import catalogue
from policy_engine.policies import repository
from policy_engine.policies.access import require_seat, require_second_hand
from policy_engine.policies.cases import load_cases
from policy_engine.policies.checking import check_document, standing_of
from policy_engine.policies.dependencies import standing_on
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hands import move, record, require_note, sign
from policy_engine.policies.hashing import content_hash, content_of, document_of
from policy_engine.policies.loading import load_document
from policy_engine.policies.models import Policy, PolicyVersion
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
    record(session, version, "policy.draft", actor, now)
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


def publish(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """Put an approved version into force for the first 1 % of those it reaches."""
    version, seat = move(session, version_id, "publish", actor, "policy.publish", now=now)
    require_second_hand(version, seat, actor)
    version.rollout_permille = CANARY_PERMILLE
    version.published_at = now
    _announce(session, version, "publish", now)
    sign(session, version, seat, actor, "publish", now=now)
    return version


def widen(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """From the first 1 % to all; earlier versions of the policy are superseded. Raises ``Conflict`` when it is full."""
    version, seat = move(session, version_id, "widen", actor, "policy.publish", now=now)
    if version.is_full:
        raise Conflict(_("这一版本已经全面实施。"))
    require_second_hand(version, seat, actor)
    version.rollout_permille = FULL_PERMILLE
    today = business_date(now)
    for earlier in repository.versions_of(session, version.policy_id):
        if earlier.version < version.version and earlier.state in (
            PolicyState.PUBLISHED,
            PolicyState.SUSPENDED,
        ):
            earlier.state = after(earlier.state_on(today), "supersede")
            earlier.updated_at = now
    _announce(session, version, "widen", now)
    sign(session, version, seat, actor, "widen", now=now)
    return version


def suspend(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """Stop matching for a while; claims under way are held. ``note`` is the reason that people will read."""
    return _stop(session, version_id, "suspend", actor, note, now)


def recall(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """Take a wrong version back for good; open offers are withdrawn with an apology, confirmed ones decided by a person.

    ``note`` is the apology that people will read.
    """
    return _stop(session, version_id, "recall", actor, note, now)


def revoke(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """废止: the law behind a version has gone. Open offers are withdrawn, confirmed ones decided by a person."""
    return _stop(session, version_id, "revoke", actor, note, now)


def evaluate(
    session: Session, version_id: uuid.UUID, *, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    """What an ended version has brought, in words: its evaluation. One that had expired leaves the published set."""
    require_note(note)
    version, seat = move(session, version_id, "evaluate", actor, "policy.author", now=now)
    _require_nothing_above(session, version)
    repository.advance_epoch(session)
    sign(session, version, seat, actor, "evaluate", note=note, now=now)
    return version


def archive(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """Close the file of an evaluated version; it can still be read."""
    version, seat = move(session, version_id, "archive", actor, "policy.publish", now=now)
    sign(session, version, seat, actor, "archive", now=now)
    return version


def resume(session: Session, version_id: uuid.UUID, *, actor: Principal, now: datetime) -> PolicyVersion:
    """Let a suspended version match again, as far as it had been rolled out.

    Raises ``DocumentRefused`` when a status it stands on has been stopped since, or a standard it calls has gone.
    """
    version, seat = move(session, version_id, "resume", actor, "policy.publish", now=now)
    live = [row for row in repository.live_versions(session) if row.id != version.id]
    published = published_set(0, [(row, row.rollout_permille) for row in live])
    problems = check_document(document_of(version), catalogue(), published)
    if problems:
        raise DocumentRefused(problems)
    _announce(session, version, "resume", now)
    sign(session, version, seat, actor, "resume", now=now)
    return version


def _stop(
    session: Session, version_id: uuid.UUID, action: Action, actor: Principal, note: str, now: datetime
) -> PolicyVersion:
    require_note(note)
    version, seat = move(session, version_id, action, actor, "policy.publish", now=now)
    _require_nothing_above(session, version)
    _announce(session, version, action, now, note=note)
    sign(session, version, seat, actor, action, note=note, now=now)
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


def _announce(
    session: Session, version: PolicyVersion, action: Action, now: datetime, *, note: str = ""
) -> None:
    """One epoch more, and the word to matching in the same commit."""
    epoch = repository.advance_epoch(session)
    payload = {
        "policy_id": version.policy_id,
        "version": version.version,
        "action": action,
        "rollout_permille": version.rollout_permille,
        "epoch": epoch,
        "note": note,
    }
    outbox.enqueue(session, TOPIC, f"policy:{version.policy_id}", payload, now=now)
