"""From news to offers: a changed fact or a published policy brings matches up to date, and offers with them.

No change is missed and no older word outlives a newer one. A family is held while it is judged, so two of its changes
take turns. The number of publications is held too, so a policy is not taken back between its reading and its use; a
match of the whole city that finds another number begins again. What a snapshot says of a family that has changed since
is not written, and those families are judged once more when the city is through.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.house import House
from kernel.outbox import Handler, Message, Schedule, Together
from kernel.outbox.repository import keys_waiting
from policy_engine.delivery.awards.deaths import stop_for_deaths
from policy_engine.delivery.awards.hearing import RIGHT_ENDED
from policy_engine.delivery.moving import PLACES, move_affairs
from policy_engine.delivery.offers.freed import Ended, offer_what_was_kept_away
from policy_engine.delivery.offers.reach import Page, hold_claims_of_recalled, recall, widen_rollout
from policy_engine.delivery.offers.service import reconcile
from policy_engine.delivery.pace import Pace
from policy_engine.delivery.ports import Ports
from policy_engine.matching import repository as matches
from policy_engine.matching.bulk import match_city
from policy_engine.matching.bulk_city import brings, read_by
from policy_engine.matching.bulk_news import bulk_news
from policy_engine.matching.drift import drift_of_city
from policy_engine.matching.effects import MatchEffect
from policy_engine.matching.incremental import ARRIVED, REGROUPED, Asked, match_families
from policy_engine.policies import repository as policies
from policy_engine.policies.dependencies import standing_on
from policy_engine.policies.hashing import document_of
from policy_engine.policies.published import PublishedPolicies, PublishedSet
from policy_engine.policies.rollout import rollout_bucket
from policy_engine.policies.service import TOPIC as ROLLOUT
from policy_engine.policies.states import FULL_PERMILLE, PolicyState
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.schemas import FactsChanged
from policy_engine.profiles.service import FACTS_CHANGED
from policy_engine.profiles.snapshot import Snapshot, cached

log = logging.getLogger(__name__)

NIGHTLY = "match.nightly"
SCHEDULES = (Schedule(NIGHTLY, timedelta(hours=24)),)
#: Offers written in one transaction, at first; on SQLite the pace then follows how long its turns take.
CHUNK = 300
CHUNK_WITHOUT_GATE = 1_500
FORGOTTEN_AT_ONCE = 500
DEATH = "person.is_deceased"
APOLOGY = "这项政策的内容有误，已经撤回，给您添麻烦了，我们很抱歉。已提交的申请会由工作人员重新核定。"
_LONGEST_REASON = 500
_HELD_FOR = {
    "suspend": "政策已暂停执行",
    "recall": "政策已撤回，由工作人员重新核定",
    "revoke": "政策已废止，由工作人员重新核定",
}


def handlers(house: House, published: PublishedPolicies, ports: Ports) -> Mapping[str, Handler]:
    """What the worker calls, by topic."""
    jobs = _Jobs(house, published, ports)
    return {
        FACTS_CHANGED: Together(house.database, FACTS_CHANGED, jobs.facts_changed),
        ROLLOUT: jobs.rolled_out,
        RIGHT_ENDED: Together(house.database, RIGHT_ENDED, jobs.rights_ended),
        NIGHTLY: jobs.nightly,
    }


class _Jobs:
    def __init__(self, house: House, published: PublishedPolicies, ports: Ports) -> None:
        self._house = house
        self._published = published
        self._ports = ports
        self._one_at_a_time = threading.Lock()
        is_gated = house.database.is_sqlite
        self._pace = Pace(CHUNK if is_gated else CHUNK_WITHOUT_GATE, is_steady=not is_gated)

    def facts_changed(self, session: Session, messages: Sequence[Message]) -> None:
        """Families changed: judge what depends on it, and offer or take back, in one transaction."""
        told = [msgspec.convert(one.payload, FactsChanged) for one in messages]
        self._rematch(
            session,
            [
                Asked(one.owner_id, _changed(one), None if one.is_restructured else one.sequence)
                for one in told
            ],
        )
        for news in told:
            if news.is_restructured or PLACES.intersection(news.attributes):
                move_affairs(session, self._ports, subject_ids=news.subject_ids, now=self._house.clock.now())
            if DEATH in news.attributes:
                stop_for_deaths(
                    session, self._ports, subject_ids=news.subject_ids, now=self._house.clock.now()
                )

    def rights_ended(self, session: Session, messages: Sequence[Message]) -> None:
        """What rights stood in the way of is offered now that they have ended."""
        ended = [msgspec.convert(one.payload, Ended) for one in messages]
        offer_what_was_kept_away(session, self._ports, ended, now=self._house.clock.now())

    def rolled_out(self, message: Message) -> None:
        """A policy was published, widened, suspended, resumed or recalled: it is matched, and all that stands on it."""
        policy_id, action = message.payload["policy_id"], message.payload["action"]
        if action in ("suspend", "recall", "revoke"):
            note = message.payload.get("note", "")
            self._take_back(policy_id, message.payload["version"], action, note)
        elif self._has_gone_on(policy_id, message):
            return
        with self._house.database.read() as session:
            current = self._published.current(session)
        is_in_force = current.named(policy_id) is not None
        above = self._standing_on(policy_id, message.payload["version"])
        if not is_in_force and not above:
            return
        snapshot = self._snapshot(current, {policy_id, *above})
        if is_in_force:
            self._match(policy_id, snapshot)
            if action == "publish" and self._reach_somebody(policy_id, snapshot):
                self._match(policy_id, snapshot)
            if action != "publish" or self._is_wider(policy_id, message):
                self._page(
                    lambda session, after: widen_rollout(
                        session,
                        self._ports,
                        policy_id=policy_id,
                        after=after,
                        now=self._house.clock.now(),
                        limit=self._pace.size,
                    )
                )
        for other in above:
            self._match(other, snapshot)
        self._catch_up(snapshot)

    def _has_gone_on(self, policy_id: str, message: Message) -> bool:
        """Widened or stopped since: a later message does the work. A canary made larger to reach somebody has not."""
        with self._house.database.read() as session:
            row = policies.version_numbered(session, policy_id, message.payload["version"])
        if row is None or row.state != PolicyState.PUBLISHED:
            return True
        return row.rollout_permille == FULL_PERMILLE > message.payload["rollout_permille"]

    def _is_wider(self, policy_id: str, message: Message) -> bool:
        """Whether the canary was made larger: those matched before that are to be reached now."""
        with self._house.database.read() as session:
            row = policies.version_numbered(session, policy_id, message.payload["version"])
        return row is not None and row.rollout_permille > message.payload["rollout_permille"]

    def _standing_on(self, policy_id: str, version: int) -> tuple[str, ...]:
        """Those in force that name the status of a version, whether or not it is itself still in force."""
        with self._house.database.read() as session:
            row = policies.version_numbered(session, policy_id, version)
            current = self._published.current(session)
        documents = [one.document for one in current.policies]
        return () if row is None else standing_on(document_of(row), documents)

    def nightly(self, _message: Message) -> None:
        """Time is a fact: birthdays and anniversaries flip verdicts, so the whole city is matched anew.

        Before that, on the day of the night before, what the chain left must be what the city says: the rest is drift.
        """
        with self._house.database.read() as session:
            before = self._published.current(session)
        snapshot = self._snapshot()
        drifted = self._look_for_drift(snapshot, before)
        for policy_id in dict.fromkeys(one.document.id for one in before.policies):
            self._match(policy_id, snapshot)
        self._catch_up(snapshot)
        with self._house.database.write() as session:
            matches.note_full_match(
                session,
                as_of=snapshot.as_of,
                sequence=snapshot.sequence,
                epoch=before.epoch,
                drifted=drifted,
                now=self._house.clock.now(),
            )

    def _look_for_drift(self, snapshot: Snapshot, published: PublishedSet) -> int | None:
        """How many matches had drifted, each policy's number in the audit trail; None where nothing can be compared."""
        with self._house.database.read() as session:
            last = next(iter(matches.full_matches(session, 1)), None)
            is_moving = bool(keys_waiting(session, ROLLOUT))
            behind = {int(key.partition(":")[2]) for key in keys_waiting(session, FACTS_CHANGED)}
            if last is None or is_moving:
                return None
            drift = drift_of_city(session, snapshot, published, as_of=last.as_of, behind=behind)
            if self._published.current(session).epoch != published.epoch:
                return None
        now = self._house.clock.now()
        with self._house.database.write() as session:
            for policy_id, one in drift.items():
                detail = {
                    "only_kept": len(one.only_kept),
                    "only_bulk": len(one.only_bulk),
                    "sequence": snapshot.sequence,
                    "as_of": last.as_of.isoformat(),
                }
                audit.record(
                    session,
                    actor="worker",
                    action="match.drift",
                    object_kind="policy",
                    object_id=policy_id,
                    detail=detail,
                    now=now,
                )
        return sum(len(one.only_kept) + len(one.only_bulk) for one in drift.values())

    def _snapshot(self, published: PublishedSet | None = None, policy_ids: Collection[str] = ()) -> Snapshot:
        """The city of now; of these policies, as they are published, only what they read. One thread at a time keeps the
        copy on disk."""
        house = self._house
        wanted = None if published is None else read_by(published, policy_ids)
        with self._one_at_a_time, house.database.read() as session:
            return cached(session, house.settings.home / "snapshot", house.clock.today(), wanted=wanted)

    def _match(self, policy_id: str, snapshot: Snapshot) -> None:
        """Match one policy over the whole city and write what is new, some at a time; safe to repeat.

        With another publication on the way through it begins again: what it has written is no news then.
        """
        while True:
            with self._house.database.read() as session:
                current = self._published.current(session)
                kept = matches.eligible_of_policy(session, policy_id)
            if not brings(snapshot, read_by(current, {policy_id})):
                snapshot = self._snapshot()  # published since it was taken, and reads what was not brought
            news = bulk_news(snapshot, current, policy_id, kept)
            if self._deliver_all(news.effects, snapshot, current.epoch):
                break
        self._rematch_families(news.open_subjects)
        log.info("policy %s: %d matches are new or changed", policy_id, len(news.effects))

    def _deliver_all(self, effects: Sequence[MatchEffect], snapshot: Snapshot, epoch: int) -> bool:
        done = 0
        while done < len(effects):
            part = effects[done : done + self._pace.size]
            if not self._deliver(part, snapshot, epoch):
                return False
            done += len(part)
        return True

    def _deliver(self, effects: Sequence[MatchEffect], snapshot: Snapshot, epoch: int) -> bool:
        """Keep and offer what is still true; False when there was a publication since the effects were worked out."""
        with ExitStack() as turn, self._house.database.write(timeout=30) as session:
            turn.enter_context(self._pace.turn(len(effects)))  # ends when it is committed
            if self._published.current(session, is_held=True).epoch != epoch:
                return False
            true = self._still_true(session, effects, snapshot)
            matches.keep(session, true)
            reconcile(session, self._ports, true, now=self._house.clock.now())
        return True

    def _still_true(
        self, session: Session, effects: Sequence[MatchEffect], snapshot: Snapshot
    ) -> Sequence[MatchEffect]:
        """Without those of families that changed since the snapshot: they are judged on today's facts afterwards."""
        subject_ids = [one.subject_id for one in effects]
        owners = profiles.lock_owners_of(session, subject_ids)
        changed = set(profiles.owners_changed_since(session, snapshot.sequence, set(owners.values())))
        return [one for one in effects if owners[one.subject_id] not in changed]

    def _rematch_families(self, subject_ids: Collection[int]) -> None:
        """The families of subjects of whom the columns do not say enough: which facts are missing."""
        with self._house.database.read() as session:
            owners = set(profiles.owners_of(session, subject_ids).values())
        for owner_id in sorted(owners):
            with self._house.database.write(timeout=30) as session:
                self._rematch(session, [Asked(owner_id, None)])

    def _rematch(self, session: Session, asked: Sequence[Asked]) -> None:
        published = self._published.current(session, is_held=True)
        rematched = match_families(session, published, asked, as_of=self._house.clock.today())
        effects = [effect for one in rematched for effect in one.effects]
        if effects:
            reconcile(session, self._ports, effects, now=self._house.clock.now())

    def _catch_up(self, snapshot: Snapshot) -> None:
        """Facts that changed while the city was matched are judged once more, so that none is missed."""
        with self._house.database.read() as session:
            owners = profiles.owners_changed_since(session, snapshot.sequence)
        for owner_id in owners:
            with self._house.database.write(timeout=30) as session:
                self._rematch(session, [Asked(owner_id, None)])

    def _reach_somebody(self, policy_id: str, snapshot: Snapshot) -> bool:
        """The first one per cent is at least one person: widen it to the nearest bucket where it reached nobody.

        Whether it was made wider, and what stands beside it is to be matched anew.
        """
        with self._house.database.read() as session:
            current = self._published.current(session)
            newest = current.named(policy_id)
            kept = matches.eligible_of_policy(session, policy_id)
        if newest is None or any(
            version == newest.document.version and newest.covers(subject_id)
            for (subject_id, _), (version, _) in kept.items()
        ):
            return False
        found = match_city(snapshot, current, snapshot.as_of, policies=[policy_id])
        nearest = min((rollout_bucket(policy_id, one) for one in found.eligible["subject_id"]), default=None)
        with self._house.database.write(timeout=30) as session:
            versions = policies.live_versions(session, policy_id)
            if nearest is None or not versions or nearest < versions[-1].rollout_permille:
                return False
            versions[-1].rollout_permille = nearest + 1
            policies.advance_epoch(session)
        return True

    def _take_back(self, policy_id: str, version: int, action: str, note: str) -> None:
        """Open offers of what was recalled go with an apology, of what was revoked with the reason; claims wait for a person.

        Its matches go too, and those of a suspended version beside which an older one is in force again. Of a policy that
        only rests they stay: by them it is known what has changed when it goes on.
        """
        now = self._house.clock.now()
        is_over = action != "suspend"
        with self._house.database.read() as session:
            is_resting = not is_over and self._published.current(session).named(policy_id) is None
        while not is_resting:
            with self._house.database.write(timeout=30) as session:
                if matches.forget(session, policy_id, version, limit=FORGOTTEN_AT_ONCE) == 0:
                    break
        if is_over:
            words = _apology(note) if action == "recall" else f"这项政策已经废止，不再办理。{note}"
            self._page(
                lambda session, after: recall(
                    session, self._ports, policy_id=policy_id, apology=words, after=after, now=now
                )
            )
        reason = (_HELD_FOR[action] + (f"：{note}" if note else ""))[:_LONGEST_REASON]
        self._page(
            lambda session, after: hold_claims_of_recalled(
                session, policy_id=policy_id, reason=reason, after=after, now=now
            )
        )

    def _page(self, step: Callable[[Session, uuid.UUID | None], Page]) -> None:
        after: uuid.UUID | None = None
        while True:
            with ExitStack() as turn, self._house.database.write(timeout=30) as session:
                turn.enter_context(self._pace.turn(self._pace.size))
                page = step(session, after)
            if page.after is None:
                return
            after = page.after


def _apology(note: str) -> str:
    """What whoever recalled the policy says to people, after the apology."""
    return f"{APOLOGY}说明：{note}" if note.strip() else APOLOGY


def _changed(news: FactsChanged) -> list[tuple[str, int]]:
    facts = [(attribute, subject) for attribute in news.attributes for subject in news.subject_ids]
    if not news.is_restructured:
        return facts
    return [*facts, *((ARRIVED, one) for one in news.arrived), (REGROUPED, news.owner_id)]
