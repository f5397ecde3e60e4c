"""All SQL about policies. Lists are newest first; locks are taken by the rows of the version and of the epoch."""

import uuid
import weakref
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import insert
from kernel.prepared import Prepared
from policy_engine.policies.models import Policy, PolicyApproval, PolicyEpoch, PolicyVersion
from policy_engine.policies.states import PolicyState

_LIVE = (PolicyState.PUBLISHED.value,)
_EPOCH_ROW = 1
# Built once: nearly every transaction asks for it.
_EPOCHS = cast(sa.Table, PolicyEpoch.__table__)
_READ_EPOCH = sa.select(_EPOCHS.c.epoch).where(_EPOCHS.c.id == _EPOCH_ROW)
_EPOCH = Prepared(_READ_EPOCH, flushes=False)
_EPOCH_HELD = Prepared(_READ_EPOCH.with_for_update(read=True), flushes=False)
#: Under these names a session keeps the epoch that its transaction has read, and that it has moved it itself.
_SEEN, _MOVED = "policy-epoch", "policy-epoch-moved"


def find_policy(session: Session, policy_id: str) -> Policy | None:
    return session.get(Policy, policy_id, with_for_update=True)


def known_ids(session: Session) -> set[str]:
    """Every policy that was ever drafted."""
    return set(session.scalars(sa.select(Policy.id)))


def find_version(
    session: Session, version_id: uuid.UUID, *, for_update: bool = False
) -> PolicyVersion | None:
    return session.get(
        PolicyVersion, version_id, with_for_update=for_update or None, populate_existing=for_update
    )


def version_numbered(session: Session, policy_id: str, version: int) -> PolicyVersion | None:
    return session.scalar(
        sa.select(PolicyVersion).where(PolicyVersion.policy_id == policy_id, PolicyVersion.version == version)
    )


def versions_of(session: Session, policy_id: str) -> Sequence[PolicyVersion]:
    statement = sa.select(PolicyVersion).where(PolicyVersion.policy_id == policy_id)
    return session.scalars(statement.order_by(PolicyVersion.version.desc())).all()


def titles_of(session: Session, policy_ids: Collection[str]) -> dict[str, str]:
    """What the newest version of each is called; policies of which we have none are left out."""
    statement = sa.select(PolicyVersion.policy_id, PolicyVersion.title).where(
        PolicyVersion.policy_id.in_(sorted(policy_ids))
    )
    return {row.policy_id: row.title for row in session.execute(statement.order_by(PolicyVersion.version))}


def latest_versions(
    session: Session, *, states: Collection[str] = (), limit: int = 200
) -> Sequence[PolicyVersion]:
    """Versions for a list page, the newest change first."""
    statement = sa.select(PolicyVersion).order_by(PolicyVersion.updated_at.desc()).limit(limit)
    if states:
        statement = statement.where(PolicyVersion.state.in_(states))
    return session.scalars(statement).all()


def ending_versions(session: Session, *, until: date) -> Sequence[PolicyVersion]:
    """Published versions whose last day comes by ``until`` and after which nobody has written another; first to end first."""
    statement = (
        sa.select(PolicyVersion)
        .join(Policy, Policy.id == PolicyVersion.policy_id)
        .where(
            PolicyVersion.state.in_((PolicyState.PUBLISHED.value, PolicyState.SUSPENDED.value)),
            PolicyVersion.effective_to <= until,
            PolicyVersion.version == Policy.latest_version,
        )
    )
    return session.scalars(statement.order_by(PolicyVersion.effective_to, PolicyVersion.policy_id)).all()


def live_versions(session: Session, policy_id: str = "") -> Sequence[PolicyVersion]:
    """Published versions, oldest first: those that match people now."""
    statement = sa.select(PolicyVersion).where(PolicyVersion.state.in_(_LIVE))
    if policy_id:
        statement = statement.where(PolicyVersion.policy_id == policy_id)
    return session.scalars(statement.order_by(PolicyVersion.policy_id, PolicyVersion.version)).all()


def approvals_of(session: Session, version_id: uuid.UUID) -> Sequence[PolicyApproval]:
    statement = sa.select(PolicyApproval).where(PolicyApproval.version_id == version_id)
    return session.scalars(statement.order_by(PolicyApproval.at, PolicyApproval.id)).all()


def approvals_before(session: Session, instant: datetime) -> Sequence[PolicyApproval]:
    """Every hand put to any version before an instant, in order."""
    statement = sa.select(PolicyApproval).where(PolicyApproval.at < instant)
    return session.scalars(statement.order_by(PolicyApproval.at, PolicyApproval.id)).all()


def versions_among(session: Session, version_ids: Collection[uuid.UUID]) -> Sequence[PolicyVersion]:
    """These versions, the older before the newer."""
    statement = sa.select(PolicyVersion).where(PolicyVersion.id.in_(version_ids))
    return session.scalars(statement.order_by(PolicyVersion.policy_id, PolicyVersion.version)).all()


def current_epoch(session: Session, *, is_held: bool = False) -> int:
    """The number of publications so far, as this transaction saw it first; held, none can come before it ends."""
    seen = session.info.get(_SEEN)
    if seen is not None and not is_held and seen[0]() is session.get_transaction():
        return int(seen[1])
    epoch: int = (_EPOCH_HELD if is_held else _EPOCH).scalar(session, {}) or 0
    transaction = session.get_transaction()
    if transaction is not None and not has_moved_epoch(session):
        session.info[_SEEN] = (weakref.ref(transaction), epoch)
    return epoch


def advance_epoch(session: Session) -> int:
    """One more: the row's lock puts publications into one order."""
    statement = insert(session, PolicyEpoch).values(id=_EPOCH_ROW, epoch=1)
    session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"epoch": PolicyEpoch.epoch + 1})
    )
    session.info.pop(_SEEN, None)
    session.info[_MOVED] = True
    return current_epoch(session)


def has_moved_epoch(session: Session) -> bool:
    """Whether this session publishes: what it reads may never be committed, so nobody else may be given it."""
    return bool(session.info.get(_MOVED))
