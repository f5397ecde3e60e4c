"""From news to offers: a changed fact or a published policy brings matches up to date, and offers with them."""

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

import msgspec
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.outbox import Handler, Message, Schedule, once
from policy_engine.delivery.awards.hearing import suspend_for_death
from policy_engine.delivery.offers.reach import Page, hold_claims_of_recalled, recall, widen_rollout
from policy_engine.delivery.offers.service import reconcile
from policy_engine.delivery.ports import Ports
from policy_engine.matching import repository as matches
from policy_engine.matching.bulk import match_city
from policy_engine.matching.bulk_news import bulk_news
from policy_engine.matching.effects import MatchEffect
from policy_engine.matching.incremental import match_family
from policy_engine.policies import repository as policies
from policy_engine.policies.published import PublishedPolicies
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
#: Offers written in one transaction: about 50 ms of the write gate.
CHUNK = 16
DEATH = "person.is_deceased"
APOLOGY = "这项政策的内容有误，已经撤回，给您添麻烦了，我们很抱歉。已提交的申请会由工作人员重新核定。"


def handlers(house: House, published: PublishedPolicies, ports: Ports) -> Mapping[str, Handler]:
    """What the worker calls, by topic."""
    jobs = _Jobs(house, published, ports)
    return {FACTS_CHANGED: jobs.facts_changed, ROLLOUT: jobs.rolled_out, NIGHTLY: jobs.nightly}


class _Jobs:
    def __init__(self, house: House, published: PublishedPolicies, ports: Ports) -> None:
        self._house = house
        self._published = published
        self._ports = ports
        self._one_at_a_time = threading.Lock()

    def facts_changed(self, message: Message) -> None:
        """A family changed: judge what depends on it, and offer or take back, in one transaction."""
        news = msgspec.convert(message.payload, FactsChanged)
        with self._house.database.write() as session:
            if not once(session, FACTS_CHANGED, message.message_id):
                return
            changed = [(attribute, subject) for attribute in news.attributes for subject in news.subject_ids]
            self._rematch(session, news.owner_id, None if news.is_restructured else changed)
            if DEATH in news.attributes:
                self._stop_for_death(session, news.subject_ids)

    def rolled_out(self, message: Message) -> None:
        """A policy was published, widened, suspended, resumed or recalled."""
        policy_id, action = message.payload["policy_id"], message.payload["action"]
        if action in ("suspend", "recall"):
            self._take_back(policy_id, is_recalled=action == "recall")
            return
        if self._has_gone_on(policy_id, message):
            return
        snapshot = self._snapshot()
        if action == "publish":
            self._reach_somebody(policy_id, snapshot)
        self._match(policy_id, snapshot)
        self._page(
            lambda session, after: widen_rollout(
                session, self._ports, policy_id=policy_id, after=after, now=self._house.clock.now()
            )
        )
        self._catch_up(snapshot)

    def _has_gone_on(self, policy_id: str, message: Message) -> bool:
        """Widened or stopped since: a later message does the work. A canary made larger to reach somebody has not."""
        with self._house.database.read() as session:
            row = policies.version_numbered(session, policy_id, message.payload["version"])
        if row is None or row.state != PolicyState.PUBLISHED:
            return True
        return row.rollout_permille == FULL_PERMILLE > message.payload["rollout_permille"]

    def nightly(self, _message: Message) -> None:
        """Time is a fact: birthdays and anniversaries flip verdicts, so the whole city is matched anew."""
        with self._house.database.read() as session:
            names = [one.document.id for one in self._published.current(session).policies]
        snapshot = self._snapshot()
        for policy_id in dict.fromkeys(names):
            self._match(policy_id, snapshot)
        self._catch_up(snapshot)

    def _snapshot(self) -> Snapshot:
        """The city of now. One thread at a time keeps the copy on disk."""
        house = self._house
        with self._one_at_a_time, house.database.read() as session:
            return cached(session, house.settings.home / "snapshot", house.clock.today())

    def _match(self, policy_id: str, snapshot: Snapshot) -> None:
        """Match one policy over the whole city and write what is new, some at a time; safe to repeat."""
        with self._house.database.read() as session:
            current = self._published.current(session)
            kept = {
                (row.subject_id, row.unit_id): (row.version, row.amount_fen)
                for row in matches.matches_of_policy(session, policy_id)
                if row.verdict == "eligible"
            }
        news = bulk_news(snapshot, current, policy_id, kept)
        for start in range(0, len(news.effects), CHUNK):
            with self._house.database.write(timeout=30) as session:
                self._deliver(
                    session, self._still_true(session, news.effects[start : start + CHUNK], snapshot)
                )
        self._rematch_families(news.open_subjects)
        log.info("policy %s: %d matches are new or changed", policy_id, len(news.effects))

    def _still_true(
        self, session: Session, effects: Sequence[MatchEffect], snapshot: Snapshot
    ) -> Sequence[MatchEffect]:
        """Without those of families that changed since the snapshot: they are judged on today's facts afterwards."""
        changed = set(profiles.owners_changed_since(session, snapshot.sequence))
        if not changed:
            return effects
        known = profiles.load_subjects(session, [one.subject_id for one in effects])
        return [one for one in effects if known[one.subject_id].owner_id not in changed]

    def _rematch_families(self, subject_ids: Collection[int]) -> None:
        """The families of subjects of whom the columns do not say enough: which facts are missing."""
        with self._house.database.read() as session:
            known = profiles.load_subjects(session, subject_ids)
        for owner_id in sorted({one.owner_id for one in known.values()}):
            with self._house.database.write(timeout=30) as session:
                self._rematch(session, owner_id, None)

    def _deliver(self, session: Session, effects: Sequence[MatchEffect]) -> None:
        matches.keep(session, effects)
        reconcile(session, self._ports, effects, now=self._house.clock.now())

    def _rematch(self, session: Session, owner_id: int, changed: list[tuple[str, int]] | None) -> None:
        published = self._published.current(session)
        rematched = match_family(
            session, published, owner_id, changed=changed, as_of=self._house.clock.today()
        )
        reconcile(session, self._ports, rematched.effects, now=self._house.clock.now())

    def _catch_up(self, snapshot: Snapshot) -> None:
        """Facts that changed while the city was matched are judged once more, so that none is missed."""
        with self._house.database.read() as session:
            owners = profiles.owners_changed_since(session, snapshot.sequence)
        for owner_id in owners:
            with self._house.database.write(timeout=30) as session:
                self._rematch(session, owner_id, None)

    def _reach_somebody(self, policy_id: str, snapshot: Snapshot) -> None:
        """The first one per cent is at least one person: widen it to the nearest bucket where it reached nobody."""
        with self._house.database.write() as session:
            versions = policies.live_versions(session, policy_id)
            found = match_city(
                snapshot, self._published.current(session), snapshot.as_of, policies=[policy_id]
            )
            reached = [rollout_bucket(policy_id, one) for one in found.eligible["subject_id"].unique()]
            if reached and versions and min(reached) >= versions[-1].rollout_permille:
                versions[-1].rollout_permille = min(reached) + 1
                policies.advance_epoch(session)

    def _take_back(self, policy_id: str, *, is_recalled: bool) -> None:
        now = self._house.clock.now()
        if is_recalled:
            self._page(
                lambda session, after: recall(
                    session, self._ports, policy_id=policy_id, apology=APOLOGY, after=after, now=now
                )
            )
        reason = "政策已撤回，由工作人员重新核定" if is_recalled else "政策已暂停执行"
        self._page(
            lambda session, after: hold_claims_of_recalled(
                session, policy_id=policy_id, reason=reason, after=after, now=now
            )
        )

    def _page(self, step: Callable[[Session, uuid.UUID | None], Page]) -> None:
        after: uuid.UUID | None = None
        while True:
            with self._house.database.write(timeout=30) as session:
                page = step(session, after)
            if page.after is None:
                return
            after = page.after

    def _stop_for_death(self, session: Session, subject_ids: Sequence[int]) -> None:
        for subject_id, known in profiles.load_subjects(session, subject_ids).items():
            fact = known.facts.get("is_deceased")
            if fact is not None and fact.value is True:
                suspend_for_death(
                    session,
                    self._ports,
                    subject_id=subject_id,
                    source=fact.source,
                    now=self._house.clock.now(),
                )
