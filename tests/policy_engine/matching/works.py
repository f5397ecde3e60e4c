"""A small city with the worker's own handlers: facts, publications and days, and what all of it must come to."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

import portals.tables  # noqa: F401  every table of the house
from kernel import outbox
from kernel.clock import FixedClock
from kernel.house import House
from kernel.ids import new_id
from kernel.outbox import Handler, Message, Worker
from kernel.outbox.models import OutboxMessage
from policy_engine.catalogue import catalogue
from policy_engine.delivery import rematching
from policy_engine.delivery.judging import EngineJudgements
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.people import known_facts
from policy_engine.delivery.ports import People, Ports
from policy_engine.delivery.published import PublishedTerms
from policy_engine.matching import repository
from policy_engine.matching.evaluation import FamilyCase, subject_of
from policy_engine.matching.models import FullMatch, PolicyMatch
from policy_engine.policies import repository as policies
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hashing import content_hash, content_of
from policy_engine.policies.models import Policy, PolicyVersion
from policy_engine.policies.published import PublishedPolicies, PublishedSet
from policy_engine.policies.service import TOPIC
from policy_engine.policies.states import CANARY_PERMILLE, FULL_PERMILLE, PolicyState
from policy_engine.profiles import jobs as profile_jobs
from policy_engine.profiles.models import Profile
from policy_engine.profiles.schemas import (
    Change,
    FactChange,
    FactsChanged,
    Family,
    OwnerChanged,
    SubjectAdded,
)
from policy_engine.profiles.service import apply_changes, load_families
from tests.policy_engine.delivery.city import Town

Outcome = tuple[int, str, int | None]
EVENTS = itertools.count(1)


class Works:
    """Everything between a fact and an offer; only the people's register is played, unless ``people`` is given."""

    def __init__(self, house: House, clock: FixedClock, people: People | None = None) -> None:
        self.house = house
        self.clock = clock
        self.published = PublishedPolicies()
        engine = EngineJudgements(self.published, clock)
        ports = Ports(
            terms=PublishedTerms(),
            people=people or Town(),
            facts=known_facts,
            reevaluate=engine.reevaluate,
            reevaluate_many=engine.reevaluate_many,
            explain=engine.explain,
            vault=house.vault,
            records=Town(),
        )
        self.handlers: dict[str, Handler] = {
            **rematching.handlers(house, self.published, ports),
            **profile_jobs.handlers(house),
        }

    def learn(self, *changes: Change) -> int:
        """Facts come in; what follows from them waits for the worker. The number of the change."""
        with self.house.database.write() as session:
            return apply_changes(session, changes, now=self.clock.now()).sequence

    def add(
        self, kind: str, subject_id: int, owner_id: int, *, about: int | None = None, **facts: Any
    ) -> None:
        told = [fact(subject_id, f"{kind}.{key}", value, self.clock.now()) for key, value in facts.items()]
        came = msgspec.structs.replace(added(kind, subject_id, owner_id, self.clock.now()), about_id=about)
        self.learn(came, *told)

    def say(self, subject_id: int, attribute: str, value: Any) -> int:
        return self.learn(fact(subject_id, attribute, value, self.clock.now()))

    def move(self, subject_id: int, owner_id: int) -> None:
        event = f"move-{next(EVENTS)}"
        self.learn(
            OwnerChanged(
                subject_id=subject_id,
                owner_id=owner_id,
                source="public_security",
                event_id=event,
                observed_at=self.clock.now(),
            )
        )

    def publish(self, document: PolicyDocument, *, permille: int = CANARY_PERMILLE) -> None:
        """A version comes into force, for some first."""
        now = self.clock.now()
        content = content_of(document)
        with self.house.database.write() as session:
            if session.get(Policy, document.id) is None:
                row = Policy(id=document.id, jurisdiction="420200", latest_version=1, created_at=now)
                session.add(row)
                session.flush()
            version = PolicyVersion(
                policy_id=document.id,
                version=document.version,
                title=document.title,
                audience=document.audience,
                state=PolicyState.PUBLISHED,
                rollout_permille=permille,
                standing="official",
                is_demonstration=False,
                effective_from=document.effective_from,
                effective_to=document.effective_to,
                source_text="",
                cases_text="",
                document=content,
                content_hash=content_hash(content),
                author_id=1,
                author_seat_id=1,
                created_at=now,
                updated_at=now,
                published_at=now,
            )
            session.add(version)
            session.flush()
            self._announce(session, version, "publish" if permille < FULL_PERMILLE else "widen")

    def widen(self, policy_id: str, version: int) -> None:
        """To everybody; what was before is superseded."""
        with self.house.database.write() as session:
            for row in policies.versions_of(session, policy_id):
                if row.version == version:
                    row.rollout_permille = FULL_PERMILLE
                    self._announce(session, row, "widen")
                elif row.state in (PolicyState.PUBLISHED, PolicyState.SUSPENDED):
                    row.state = PolicyState.SUPERSEDED

    def set_state(
        self, policy_id: str, version: int, state: PolicyState, action: str, note: str = ""
    ) -> None:
        with self.house.database.write() as session:
            row = policies.version_numbered(session, policy_id, version)
            assert row is not None
            row.state = state
            self._announce(session, row, action, note)

    @staticmethod
    def _announce(session: Session, row: PolicyVersion, action: str, note: str = "") -> None:
        session.flush()
        payload = {
            "policy_id": row.policy_id,
            "version": row.version,
            "action": action,
            "rollout_permille": row.rollout_permille,
            "epoch": policies.advance_epoch(session),
            "note": note,
        }
        outbox.enqueue(session, TOPIC, f"policy:{row.policy_id}", payload, now=row.updated_at)

    def work(self) -> None:
        """Everything that is due, to the end."""
        Worker(self.house.database, self.clock, self.handlers).run_until_idle()
        with self.house.database.read() as session:
            failed = sa.select(OutboxMessage.topic, OutboxMessage.error).where(
                OutboxMessage.error.is_not(None), OutboxMessage.done_at.is_(None)
            )
            assert session.execute(failed).all() == []

    def work_off(self, topic: str) -> None:
        """What waits under a topic, done here and now, as by another worker in the middle of something."""
        with self.house.database.read() as session:
            waiting = sa.select(OutboxMessage).where(
                OutboxMessage.topic == topic,
                OutboxMessage.done_at.is_(None),
                OutboxMessage.leased_until.is_(None),
            )
            rows = session.scalars(waiting.order_by(OutboxMessage.number)).all()
        for row in rows:
            self.handlers[topic](
                Message(row.number, row.message_id, topic, row.key, row.payload, 1, new_id())
            )
            with self.house.database.write() as session:
                done = sa.update(OutboxMessage).where(OutboxMessage.number == row.number)
                session.execute(done.values(done_at=self.clock.now()))

    def waiting(self, topic: str) -> list[FactsChanged]:
        """What is to be said of families and has not been taken up."""
        with self.house.database.read() as session:
            rows = session.scalars(
                sa.select(OutboxMessage.payload).where(
                    OutboxMessage.topic == topic, OutboxMessage.done_at.is_(None)
                )
            )
            return [msgspec.convert(one, FactsChanged) for one in rows]

    def work_a_while(self) -> None:
        """One round of a worker among others."""
        with contextlib.suppress(RuntimeError):
            Worker(self.house.database, self.clock, self.handlers).run_until_idle(rounds=1)

    def night(self) -> FullMatch:
        """The full match of a new day."""
        number = next(EVENTS)
        message = Message(number, new_id(), rematching.NIGHTLY, rematching.NIGHTLY, {}, 1, new_id())
        self.handlers[rematching.NIGHTLY](message)
        with self.house.database.read() as session:
            return repository.full_matches(session, 1)[0]

    def tomorrow(self, days: int = 1) -> None:
        self.clock.move(timedelta(days=days))

    def kept(self) -> dict[repository.Key, Outcome]:
        """Every match that holds."""
        with self.house.database.read() as session:
            rows = session.scalars(sa.select(PolicyMatch).where(PolicyMatch.verdict == "eligible")).all()
            return {
                (row.policy_id, row.subject_id, row.unit_id): (row.version, row.verdict, row.amount_fen)
                for row in rows
            }

    def recomputed(self) -> dict[repository.Key, Outcome]:
        """Every family judged anew by the reference evaluator."""
        with self.house.database.read() as session:
            current = self.published.current(session)
            owners = session.scalars(sa.select(Profile.owner_id).distinct()).all()
            families = load_families(session, owners)
        return dict(
            pair
            for one in families.values()
            for pair in self._judged(one, current)
            if pair[1][1] == "eligible"
        )

    def _judged(self, family: Family, current: PublishedSet) -> Iterator[tuple[repository.Key, Outcome]]:
        today = self.clock.today()
        case = FamilyCase(family, current, today)
        for policy, is_for_everybody in current.matched_on(today):
            for one in family:
                subject = subject_of(family, one)
                if one.kind == policy.document.entity and (
                    is_for_everybody or policy.covers(subject.subject_id)
                ):
                    effect = case.effect(policy, subject, case.judge(policy, subject))
                    key = (effect.policy_id, effect.subject_id, effect.unit_id)
                    yield key, (effect.version, effect.verdict, effect.amount_fen)

    def offers_ever(self) -> set[repository.Key]:
        """Whatever was offered, also what was taken back."""
        with self.house.database.read() as session:
            rows = session.execute(sa.select(Offer.policy_id, Offer.subject_id, Offer.unit_id))
            return {(row[0], row[1], row[2]) for row in rows}

    def standing_offers(self) -> dict[repository.Key, Outcome]:
        """Offers that somebody could take, or will be shown when a policy reaches them."""
        with self.house.database.read() as session:
            rows: Iterable[Offer] = session.scalars(
                sa.select(Offer).where(Offer.state.in_(["offered", "matched"]))
            )
            return {
                (row.policy_id, row.subject_id, row.unit_id): (row.policy_version, "eligible", row.amount_fen)
                for row in rows
            }


def added(kind: str, subject_id: int, owner_id: int, now: datetime) -> SubjectAdded:
    return SubjectAdded(
        subject_id=subject_id,
        kind=kind,  # type: ignore[arg-type]
        owner_id=owner_id,
        division="420222100",
        source="public_security",
        event_id=f"added-{subject_id}",
        observed_at=now,
    )


def fact(subject_id: int, attribute: str, value: Any, now: datetime) -> FactChange:
    number = next(EVENTS)
    return FactChange(
        subject_id=subject_id,
        attribute=attribute,
        value=value,
        source=catalogue().attribute(attribute).department,
        event_id=f"fact-{number}",
        observed_at=now + timedelta(microseconds=number),
    )
