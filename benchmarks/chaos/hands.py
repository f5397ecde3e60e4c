"""People in processes of their own, who may be killed in the middle of anything: whoever comes next looks at where things
stand and goes on from there. ``python -m benchmarks.chaos.hands residents|officials|finance|registers NAME SEED LIFE``
"""

import os
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import portals.tables  # noqa: F401  every table of the house
from benchmarks.chaos.blows import Blows, up
from benchmarks.chaos.town import (
    CITY_DECIDER,
    CLERK,
    DECIDERS,
    FINANCE,
    STREETS,
    Town,
    finance_of,
    place_of,
)
from benchmarks.chaos.worker import ORDERS
from benchmarks.made_rights import FIRST_PERSON, POLICY, STREET, person
from benchmarks.simulated_world import BANK
from kernel.clock import business_date
from kernel.errors import DongchuError
from kernel.house import House, open_house
from kernel.settings import Settings
from kernel.web.principal import Principal
from policy_engine.delivery import service
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.models import CaseEvent, Hold
from policy_engine.delivery.claims.models import Appeal, Claim
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.payments import runs
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes
from portals.joining import open_services

#: So many things are done before somebody looks again at what there is to do.
AT_ONCE = 40
RUNS_AT_ONCE = 4


class Hands:
    """``turn`` does a few things of a role; how many they were."""

    def __init__(self, house: House, town: Town, chance: random.Random) -> None:
        self.house, self.town, self.chance = house, town, chance
        services = open_services(house)
        self.ports, self.bank = services.ports, services.bank
        #: What the store or a rule refused, by its name.
        self.refused: Counter[str] = Counter()

    def give(self, what: Callable[..., object], /, *, ports: bool = True, **arguments: Any) -> bool:
        """In a transaction of its own; somebody else may have been faster."""
        if ports:
            arguments["ports"] = self.ports
        try:
            with self.house.database.write(timeout=60) as session:
                what(session, now=self.house.clock.now(), **arguments)
        except (DongchuError, sa.exc.DBAPIError) as refusal:
            self.refused[type(refusal).__name__] += 1
            return False
        return True

    def rows(self, statement: sa.Select[uuid.UUID, int], limit: int = AT_ONCE) -> list[tuple[uuid.UUID, int]]:
        """(id, place of the person) of a few, some of them not the first."""
        with self.house.database.read() as session:
            found = list(session.execute(statement.limit(4 * limit)))
        self.chance.shuffle(found)
        return [(one, place_of(subject_id)) for one, subject_id in found[:limit]]

    def claims(self, state: str, *where: sa.ColumnElement[bool]) -> list[tuple[uuid.UUID, int]]:
        return self.rows(sa.select(Claim.id, Claim.subject_id).where(Claim.state == state, *where))

    # What residents do.
    def residents(self) -> int:
        offered = sa.select(Offer.id, Offer.subject_id).where(
            Offer.state == "offered",
            Offer.policy_id == POLICY.id,
            Offer.subject_id < FIRST_PERSON + self.town.through,
        )
        done = 0
        for offer_id, place in self.rows(offered):
            with self.house.database.read() as session:
                account = session.scalar(self._accounts(place).limit(1))
            done += self.give(
                service.confirm,
                offer_id=offer_id,
                principal=person(FIRST_PERSON + place),
                account_id=account,
            )
        for claim_id, place in self.claims("supplement"):
            own: dict[str, Any] = {"claim_id": claim_id, "principal": person(FIRST_PERSON + place)}
            done += self.give(service.submit_supplement, declared={}, evidence=[], **own)
        for claim_id, place in self.claims("refused"):
            own = {"claim_id": claim_id, "principal": person(FIRST_PERSON + place)}
            done += self.give(service.appeal, grounds="请复核", **own)
        returned = sa.select(Payment.award_id, Payment.subject_id).where(Payment.state == "returned")
        return done + sum(self._name_another(award_id, place) for award_id, place in self.rows(returned))

    def _accounts(self, place: int) -> sa.Select[uuid.UUID]:
        mine = sa.select(PayeeAccount.id).where(PayeeAccount.subject_id == FIRST_PERSON + place)
        return mine.order_by(PayeeAccount.created_at.desc(), PayeeAccount.id.desc())

    def _name_another(self, award_id: uuid.UUID, place: int) -> bool:
        """Money came back: another account, of which the bank says whose it is, is named for it."""
        now = self.house.clock.now()
        try:
            with self.house.database.write(timeout=60) as session:
                account = service.add_account(
                    session,
                    self.house.vault,
                    subject_id=FIRST_PERSON + place,
                    bank=BANK,
                    number=self.town.other_account(place),
                    holder=f"某{place}",
                    source="register",
                    now=now,
                )
                account_id = account.id
            service.verify_account(
                self.house.database, self.house.vault, self.bank, account_id, clock_now=self.house.clock.now
            )
        except (DongchuError, sa.exc.DBAPIError) as refusal:
            self.refused[type(refusal).__name__] += 1
            return False
        return self.give(
            service.name_account,
            award_id=award_id,
            principal=person(FIRST_PERSON + place),
            account_id=account_id,
        )

    # What officials do: one by one or many at once.
    def officials(self) -> int:
        done = 0
        waiting = self.claims("submitted", Claim.is_held.is_(False))
        done += self._accept(waiting)
        for claim_id, _ in self.rows(sa.select(Claim.id, Claim.subject_id).where(Claim.is_held.is_(True))):
            done += self.give(service.resume_claim, ports=False, claim_id=claim_id, principal=CLERK)
        for claim_id, _ in self.claims("appealed"):
            who: dict[str, Any] = {"claim_id": claim_id, "principal": CITY_DECIDER}
            done += self.give(service.decide_appeal, outcome="overturn", reason="应予批准", **who)
        return done + self._decide(self.claims("review", Claim.is_held.is_(False)))

    def _accept(self, waiting: Sequence[tuple[uuid.UUID, int]]) -> int:
        done = 0
        plain: list[uuid.UUID] = []
        for claim_id, place in waiting:
            with self.house.database.read() as session:
                was_held = session.scalar(sa.select(Hold.id).where(Hold.object_id == claim_id).limit(1))
                visits = session.scalar(sa.select(Claim.visit).where(Claim.id == claim_id))
            who: dict[str, Any] = {"claim_id": claim_id, "principal": CLERK, "reason": "请补交"}
            if self.town.is_asked_for_papers(place) and visits == 1:
                done += self.give(service.act_on_claim, action="return_for_supplement", **who)
            elif self.town.is_held_first(place) and was_held is None:
                done += self.give(service.hold_claim, ports=False, **who)
            else:
                plain.append(claim_id)
        return done + self._act(plain, CLERK, "accept")

    def _decide(self, waiting: Sequence[tuple[uuid.UUID, int]]) -> int:
        done = 0
        plain: list[uuid.UUID] = []
        anew: list[uuid.UUID] = []
        for claim_id, place in waiting:
            with self.house.database.read() as session:
                appealed = session.scalar(sa.select(Appeal.id).where(Appeal.claim_id == claim_id).limit(1))
            if appealed is not None:
                anew.append(claim_id)
            elif self.town.is_refused_first(place):
                refusal: dict[str, Any] = {"claim_id": claim_id, "principal": DECIDERS[0]}
                done += self.give(service.act_on_claim, action="refuse", reason="材料不符", **refusal)
            else:
                plain.append(claim_id)
        return done + self._act(plain, DECIDERS[1], "grant") + self._act(anew, DECIDERS[2], "grant")

    def _act(self, claims: Sequence[uuid.UUID], who: Principal, action: service.Action) -> int:
        if self.chance.random() < 0.5:
            return sum(
                self.give(service.act_on_claim, claim_id=one, principal=who, action=action, reason="符合条件")
                for one in claims
            )
        for first in range(0, len(claims), 20):
            part = claims[first : first + 20]
            self.give(service.decide_batch, claim_ids=part, principal=who, action=action, reason="符合条件")
        return len(claims)

    # What finance does.
    def finance(self) -> int:
        """Runs street by street, some at a time; what was granted since, a few orders at a time."""
        with self.house.database.read() as session:
            batches = session.execute(
                sa.select(PaymentBatch.id, PaymentBatch.state).where(
                    PaymentBatch.state.in_(("planned", "sending", "stopped"))
                )
            ).all()
        done = sum(
            self.give(service.resume_run, ports=False, batch_id=row.id, principal=FINANCE, reason="已查明")
            for row in batches
            if row.state == "stopped"
        )
        if len(batches) < RUNS_AT_ONCE:
            done += self._plan(self.chance.choice(STREETS))
        return done + self._approve_a_few()

    def _plan(self, street: str) -> bool:
        with self.house.database.read() as session:
            ready = session.scalar(
                sa.select(sa.func.count()).where(
                    Payment.division == street,
                    Payment.state == "reserved",
                    Payment.is_held.is_(False),
                    Payment.order_count == 0,
                )
            )
        if not ready:
            return False
        return self.give(
            service.plan_run,
            principal=finance_of(street),
            policy_id=POLICY.id,
            period=f"{business_date(self.house.clock.now()):%Y-%m}",
            window=timedelta(),
        )

    def _approve_a_few(self) -> int:
        """Of the street where nothing goes in runs, and what came back: one order, or up to twenty in a message."""
        open_runs = sa.select(PaymentBatch.id).where(
            PaymentBatch.state.in_(("planned", "sending", "stopped"))
        )
        ready = sa.select(Payment.id, Payment.subject_id).where(
            Payment.state == "reserved",
            Payment.is_held.is_(False),
            sa.or_(Payment.division == STREET, Payment.order_count > 0),
            sa.or_(Payment.batch_id.is_(None), Payment.batch_id.not_in(open_runs)),
        )
        found = [payment_id for payment_id, _ in self.rows(ready, limit=200)]
        done = 0
        while found:
            size = self.chance.choice((1, 1, 2, 5, 20))
            part, found = found[:size], found[size:]
            done += self.give(service.approve_batch, principal=FINANCE, payment_ids=part)
        return done

    # What registers say of the dead.
    def registers(self) -> int:
        dying = [
            FIRST_PERSON + place
            for place in range(self.town.through, self.town.claims)
            if self.town.dies(place)
        ]
        with self.house.database.read() as session:
            awards = {
                row.subject_id: row
                for row in session.execute(
                    sa.select(
                        Award.id,
                        Award.subject_id,
                        Award.state,
                        Award.state_reason,
                        Award.end_reason,
                        Award.updated_at,
                    ).where(Award.subject_id.in_(dying), Award.policy_id == POLICY.id)
                )
            }
            due = set(session.scalars(sa.select(Payment.subject_id).where(Payment.subject_id.in_(dying))))
        done = 0
        self.chance.shuffle(dying)
        for subject_id in dying[: AT_ONCE * 4]:
            award = awards.get(subject_id)
            if award is None or subject_id not in due:
                continue
            lives = self.town.lives(place_of(subject_id))
            if award.state == "active" and not (lives and self._was_dead(subject_id)):
                done += self._say(subject_id, "public_security")
            elif award.state == "suspended" and lives:
                undo: dict[str, Any] = {
                    "award_id": award.id,
                    "principal": CITY_DECIDER,
                    "reason": "本人到场",
                }
                done += self._say(subject_id, "public_security", is_dead=False)
                done += self.give(service.undo_death, **undo)
            elif award.state == "suspended":
                done += self._say(subject_id, "civil_affairs")
        return done

    def _was_dead(self, subject_id: int) -> bool:
        with self.house.database.read() as session:
            known = sa.select(CaseEvent.id).where(
                CaseEvent.object_kind == "award",
                CaseEvent.subject_id == subject_id,
                CaseEvent.kind == "award.suspended",
            )
            return session.scalar(known.limit(1)) is not None

    def _say(self, subject_id: int, source: str, *, is_dead: bool = True) -> bool:
        today = business_date(self.house.clock.now())
        told: Mapping[str, bool | str | None] = {
            "person.is_deceased": is_dead,
            "person.death_date": today.isoformat() if is_dead else None,
        }

        def tell(session: Session, now: datetime) -> None:
            changes = [
                FactChange(
                    subject_id=subject_id,
                    attribute=attribute,
                    value=value,
                    source=source,
                    event_id=f"{source}/{subject_id}/{is_dead}",
                    observed_at=now,
                )
                for attribute, value in told.items()
            ]
            apply_changes(session, changes, now=now)
            service.stop_for_deaths(session, self.ports, subject_ids=[subject_id], now=now)

        return self.give(tell, ports=False)


def main(role: str, name: str, seed: str, life: str) -> None:
    house = open_house(Settings.from_environ(os.environ))
    payments.MOST_ORDERS = runs.CHUNK = ORDERS  # type: ignore[misc]
    folder = Path(os.environ["CHAOS_FOLDER"])
    Blows(folder, name, int(seed), int(life)).surround(house)
    town = Town(int(os.environ["CHAOS_CLAIMS"]), int(os.environ["CHAOS_THROUGH"]))
    hands = Hands(house, town, random.Random(f"{seed}/{name}/{life}/deeds"))
    turn: Callable[[], int] = getattr(hands, role)
    (folder / up(name, life)).touch()
    while True:
        if turn() == 0:
            time.sleep(1)
        print(dict(hands.refused), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:5])
