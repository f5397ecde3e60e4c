"""The published set: every policy in force in the order in which it can be worked out, cached by epoch.

A status is worked out before what stands on it, so policies come in strata; within one, order does not matter.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

import msgspec
from sqlalchemy.orm import Session

from policy_engine.catalogue import Standing
from policy_engine.policies import repository
from policy_engine.policies.dependencies import StatusName, status_of, strata
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hashing import content_hash, content_of, document_of
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.rollout import BUCKETS, rollout_bucket


class PublishedPolicy(msgspec.Struct, frozen=True, dict=True):
    """One version in force for the subjects whose bucket lies in ``[bucket_from, bucket_to)``."""

    document: PolicyDocument
    version_id: uuid.UUID | None
    standing: Standing
    stratum: int
    bucket_from: int = 0
    bucket_to: int = BUCKETS

    @property
    def is_demonstration(self) -> bool:
        """Figures that are not official for this city run as 演示 and say so."""
        return self.standing != "official"

    def covers(self, subject_id: int) -> bool:
        """Whether the roll-out has reached this subject with this version."""
        if self.bucket_from == 0 and self.bucket_to == BUCKETS:
            return True
        return self.bucket_from <= rollout_bucket(self.document.id, subject_id) < self.bucket_to

    def is_effective_on(self, day: date) -> bool:
        """Between its first and its last day; an expired policy never pushes."""
        until = self.document.effective_to
        return self.document.effective_from <= day and (until is None or day <= until)

    @cached_property
    def digest(self) -> str:
        """The SM3 by which a published version proves that it has not changed, in hexadecimal."""
        return content_hash(content_of(self.document)).hex()


class PublishedSet(msgspec.Struct, frozen=True, dict=True):
    """``policies`` in order of strata, then id, then version."""

    epoch: int
    policies: tuple[PublishedPolicy, ...]

    @cached_property
    def statuses(self) -> tuple[StatusName, ...]:
        """The computed statuses that conditions may name."""
        found = (status_of(one.document) for one in self.policies)
        return tuple(dict.fromkeys(one for one in found if one is not None))

    @cached_property
    def documents(self) -> Mapping[str, PolicyDocument]:
        """By policy id, the newest version of each."""
        return {one.document.id: one.document for one in self.policies}

    def effective_on(self, day: date) -> tuple[PublishedPolicy, ...]:
        return tuple(one for one in self.policies if one.is_effective_on(day))

    def matched_on(self, day: date) -> list[tuple[PublishedPolicy, bool]]:
        """The policies in force, and whether each is matched for everybody.

        A version alone is, also while it is rolled out: whom it has not reached waits with a match. Where a new version
        is rolled out beside an older one, each subject has its own.
        """
        in_force = self.effective_on(day)
        versions = Counter(one.document.id for one in in_force)
        return [(one, versions[one.document.id] == 1) for one in in_force]

    def named(self, policy_id: str, version: int | None = None) -> PublishedPolicy | None:
        """The given version, or the newest, when it is in force; else None."""
        fitting = [
            one
            for one in self.policies
            if one.document.id == policy_id and version in (None, one.document.version)
        ]
        return max(fitting, key=lambda one: one.document.version, default=None)


NOTHING = PublishedSet(0, ())


def publish_documents(
    documents: Iterable[tuple[PolicyDocument, Standing]], *, epoch: int = 1
) -> PublishedSet:
    """A set made of documents alone, each for everybody: for simulation, benchmarks and tests.

    Raises ``ValueError`` where statuses stand on each other in a ring.
    """
    rows = list(documents)
    levels = strata([document for document, _ in rows])
    policies = [
        PublishedPolicy(document, None, standing, levels[document.id, document.version])
        for document, standing in rows
    ]
    return PublishedSet(epoch, _ordered(policies))


def for_everybody(present: PublishedSet) -> PublishedSet:
    """The newest version of every policy in force, as if its roll-out were complete."""
    return publish_documents(_newest(present).values())


def with_version(present: PublishedSet, document: PolicyDocument, standing: Standing) -> PublishedSet:
    """What would be in force with this version for everybody, beside the newest version of every other policy."""
    return publish_documents({**_newest(present), document.id: (document, standing)}.values())


def _newest(present: PublishedSet) -> dict[str, tuple[PolicyDocument, Standing]]:
    return {one.document.id: (one.document, one.standing) for one in present.policies}


class PublishedPolicies:
    """The current set, read again only when the epoch has moved. One per process; safe between threads.

    A version that was published never changes, so each is read, and proved against its digest, once.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._current: PublishedSet | None = None
        self._pinned: dict[tuple[str, int], PublishedPolicy] = {}

    def pinned(self, session: Session, policy_id: str, version: int) -> PublishedPolicy | None:
        """A version to which a claim or a payment is pinned, whether or not it is still in force, as it is for everybody."""
        key = (policy_id, version)
        known = self._pinned.get(key)
        if known is None:
            row = repository.version_numbered(session, policy_id, version)
            if row is None:
                return None
            known = PublishedPolicy(document_of(row), row.id, _standing(row), 0)
            if row.published_at is not None and not repository.has_moved_epoch(session):
                self._pinned[key] = known
        return known

    def current(self, session: Session, *, is_held: bool = False) -> PublishedSet:
        """The set as of this session's view of the database; held, it stays that until the transaction ends."""
        epoch = repository.current_epoch(session, is_held=is_held)
        with self._mutex:
            if self._current is not None and self._current.epoch == epoch:
                return self._current
        live = repository.live_versions(session)
        loaded = published_set(epoch, [(row, row.rollout_permille) for row in live])
        if repository.has_moved_epoch(session):
            return loaded
        with self._mutex:
            if self._current is None or self._current.epoch < epoch:
                self._current = loaded
        return loaded


def published_set(epoch: int, versions: Iterable[tuple[PolicyVersion, int]]) -> PublishedSet:
    """A set of stored versions, the older before the newer, each with the thousandths that it has reached."""
    rows = [(row, permille, document_of(row)) for row, permille in versions]
    levels = strata([document for _, _, document in rows])
    found: list[PublishedPolicy] = []
    reached: dict[str, int] = {}
    # The newest version takes the first buckets; an older one keeps those that it has not reached yet.
    for row, permille, document in reversed(rows):
        start = reached.get(row.policy_id, 0)
        if start >= permille:
            continue
        level = levels[document.id, document.version]
        found.append(PublishedPolicy(document, row.id, _standing(row), level, start, permille))
        reached[row.policy_id] = permille
    return PublishedSet(epoch, _ordered(found))


def _standing(row: PolicyVersion) -> Standing:
    return msgspec.convert(row.standing, Standing)


def _ordered(policies: Iterable[PublishedPolicy]) -> tuple[PublishedPolicy, ...]:
    return tuple(sorted(policies, key=lambda one: (one.stratum, one.document.id, one.document.version)))
