"""Whatever is granted, revoked, run out, handed over or struck off, in whatever order: nobody has more than the rules give.

The rules are written down here a second time, plainly and without any cascade: a right stands if everything it rests on
stands. The service, which ends rights by cascades, must agree after every step, and so must every live grant.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.orm import Session

from identity import service, tables
from identity.accounts.models import Account
from identity.capacity.service import options_for
from identity.clients.portals import ensure_portals
from identity.delegation import enterprises, mandates, proxies
from identity.grants import repository as grant_rows
from identity.grants.models import OAuthGrant
from identity.registry import service as registry
from identity.registry.schemas import RelationshipRow
from identity.seats import service as seats
from identity.sessions.models import IdentitySession
from identity.sessions.service import open_session
from kernel.clock import FixedClock
from kernel.errors import DongchuError
from kernel.house import House, open_house
from kernel.ids import new_id
from kernel.settings import Settings
from tests.identity.conftest import id_number
from tests.made_once import lay_tables

assert tables.TABLES

START = datetime(2026, 11, 22, 4, tzinfo=UTC)
ALL = ("self", "person", "enterprise", "seat")
PERSONS, FIRMS, SEATS = 5, 3, 2
#: The last person is a child of the first, and comes of age within the run.
CHILD = PERSONS - 1
CHILD_BORN = date(2009, 1, 15)
DUTIES = (["audit.read"], ["claim.decide"])
person = st.integers(0, PERSONS - 2)
firm = st.integers(0, FIRMS - 1)
seat = st.integers(0, SEATS - 1)
days = st.integers(1, 60)
Kind = Literal["membership", "mandate", "assignment", "proxy", "acting"]


@dataclass
class Right:
    """Something granted: it stands until its day, its revocation, or the end of anything it rests on."""

    kind: Kind
    key: Any
    holder: int
    about: int
    until: datetime
    rests_on: tuple["Right | Reign", ...] = ()
    role: str = ""
    revoked: bool = False

    def stands(self, now: datetime) -> bool:
        return not self.revoked and now < self.until and all(one.stands(now) for one in self.rests_on)


@dataclass
class Reign:
    """The time of one legal representative of one firm, or of one holder of a seat."""

    who: int
    over: bool = False

    def stands(self, _now: datetime) -> bool:
        return not self.over


class Delegation(RuleBasedStateMachine):
    @initialize()
    def settle(self) -> None:
        self.home = tempfile.TemporaryDirectory()
        shutil.copytree(_settled(), self.home.name, dirs_exist_ok=True)
        self.clock = FixedClock(START)
        self.house = _house(Path(self.home.name), self.clock)
        with self.house.database.read() as session:
            self.sids = [
                one.sid
                for one in session.scalars(sa.select(IdentitySession).order_by(IdentitySession.subject_id))
            ]
        self.people = list(range(1, PERSONS + 1))
        self.firms = list(range(PERSONS + 1, PERSONS + FIRMS + 1))
        self.seats = list(range(1, SEATS + 1))
        self.heads = [Reign(number) for number in range(FIRMS)]
        self.dissolved = [False] * FIRMS
        self.sitting: list[Reign | None] = [None] * SEATS
        self.rights: list[Right] = []

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.database.close()
            self.house.ephemeral.close()
            self.home.cleanup()

    # what people and registers do -----------------------------------------------------------------------------

    @rule(by=person, to=person, firm=firm, role=st.sampled_from(["administrator", "agent"]), days=days)
    def appoint(self, by: int, to: int, firm: int, role: Any, days: int) -> None:
        made = self._try(
            lambda session: enterprises.register_member(
                session,
                firm_id=self.firms[firm],
                subject_id=self.people[to],
                role=role,
                appointed_by=self.people[by],
                scopes=["rongtong"],
                until_at=self.now + timedelta(days=days),
                now=self.now,
            )
        )
        by_right = self._governing(firm, by, needs_head=role == "administrator")
        assert (made is not None) == (
            by_right is not None and to != by and not self._is_member(firm, to, role)
        )
        if made is not None and by_right is not None:
            until = self.now + timedelta(days=days)
            self.rights.append(Right("membership", made, to, firm, until, (by_right, self.heads[firm]), role))

    @rule(by=person, firm=firm, agency=firm, days=days)
    def grant_mandate(self, by: int, firm: int, agency: int, days: int) -> None:
        made = self._try(
            lambda session: mandates.grant_mandate(
                session,
                firm_id=self.firms[firm],
                agency_id=self.firms[agency],
                granted_by=self.people[by],
                scopes=["rongtong"],
                until_at=self.now + timedelta(days=days),
                now=self.now,
            )
        )
        by_right = self._governing(firm, by)
        is_known = any(
            one.kind == "mandate" and one.about == firm and one.holder == agency for one in self._standing()
        )
        assert (made is not None) == (
            by_right is not None and firm != agency and not self.dissolved[agency] and not is_known
        )
        if made is not None and by_right is not None:
            until = self.now + timedelta(days=days)
            self.rights.append(Right("mandate", made, agency, firm, until, (by_right, self.heads[firm])))

    @rule(by=person, to=person, number=st.integers(0, 20))
    def assign(self, by: int, to: int, number: int) -> None:
        mandate = self._pick("mandate", number)
        if mandate is None:
            return
        made = self._try(
            lambda session: mandates.assign(
                session,
                mandate_id=mandate.key,
                subject_id=self.people[to],
                assigned_by=self.people[by],
                now=self.now,
            )
        )
        by_right, worker = self._governing(mandate.holder, by), self._acting(mandate.holder, to)
        is_known = any(
            one.kind == "assignment" and one.rests_on[0] is mandate and one.holder == to
            for one in self._standing()
        )
        assert (made is not None) == (
            mandate.stands(self.now) and by_right is not None and worker is not None and not is_known
        )
        if made is not None and by_right is not None and worker is not None:
            head = self.heads[mandate.holder]
            self.rights.append(
                Right(
                    "assignment",
                    made,
                    to,
                    mandate.about,
                    mandate.until,
                    (mandate, by_right, worker, head),
                )
            )

    @rule(by=person, to=person, days=days)
    def let_act(self, by: int, to: int, days: int) -> None:
        until = self.now + timedelta(days=days)
        made = self._try(
            lambda session: service.grant_proxy(
                session,
                house=self.house,
                principal_id=self.people[by],
                agent_id=self.people[to],
                relation="亲属",
                until_at=until,
            )
        )
        assert (made is not None) == (by != to)
        if made is not None:
            self.rights.append(Right("proxy", made, to, by, until))

    @rule(by=person, number=st.integers(0, 20))
    def revoke(self, by: int, number: int) -> None:
        """Anybody tries; those who may not change nothing."""
        if not self.rights:
            return
        right = self.rights[number % len(self.rights)]
        done = self._try(lambda session: self._revoke(session, right, self.people[by]) or True)
        if done and self._may_revoke(right, by):
            right.revoked = True

    @rule(firm=firm, to=person)
    def change_head(self, firm: int, to: int) -> None:
        if self.dissolved[firm] or self.heads[firm].who == to:
            return
        with self.house.database.write() as session:
            enterprises.change_legal_representative(
                session,
                firm_id=self.firms[firm],
                new_subject_id=self.people[to],
                source="test",
                on=self.clock.today(),
                now=self.now,
            )
        self.heads[firm].over = True
        self.heads[firm] = Reign(to)

    @rule(firm=firm)
    def dissolve(self, firm: int) -> None:
        with self.house.database.write() as session:
            enterprises.dissolve_enterprise(
                session, firm_id=self.firms[firm], on=self.clock.today(), now=self.now
            )
        self.heads[firm].over = self.dissolved[firm] = True
        for right in self.rights:
            right.revoked |= right.kind == "mandate" and right.holder == firm

    @rule(seat=seat, to=person)
    def take_over(self, seat: int, to: int) -> None:
        sat = self.sitting[seat]
        if sat is not None and sat.who == to:
            return
        done = self._try(
            lambda session: (
                seats.assign_seat(session, seat_id=self.seats[seat], subject_id=self.people[to], now=self.now)
                or True
            )
        )
        assert bool(done) == self._may_sit(seat, to)
        if done:
            if sat is not None:
                sat.over = True
            self.sitting[seat] = Reign(to)
            for right in self.rights:
                right.revoked |= right.kind == "acting" and right.about == seat and right.holder == to

    @rule(seat=seat, to=person, days=days)
    def let_sit(self, seat: int, to: int, days: int) -> None:
        until = self.now + timedelta(days=days)
        made = self._try(
            lambda session: seats.let_act(
                session,
                seat_id=self.seats[seat],
                subject_id=self.people[to],
                from_at=self.now,
                until_at=until,
                now=self.now,
            )
        )
        sat = self.sitting[seat]
        is_there = (sat is not None and sat.who == to) or any(
            one.kind == "acting" and one.about == seat and one.holder == to for one in self._standing()
        )
        assert (made is not None) == (self._may_sit(seat, to) and not is_there)
        if made is not None:
            self.rights.append(Right("acting", made, to, seat, until))

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.clock.move(timedelta(days=days))

    @rule(who=person, number=st.integers(0, 20))
    def sign_in(self, who: int, number: int) -> None:
        """Open a grant in one of the capacities there are, as the authorization endpoint does."""
        with self.house.database.write() as session:
            options = self._options(session, who)
            option = options[number % len(options)]
            ends = [self.now + timedelta(days=400), *([option.until_at] if option.until_at else [])]
            grant_rows.add(
                session,
                OAuthGrant(
                    grant_id=new_id(),
                    epoch=1,
                    sid=self.sids[who],
                    client_id="tong",
                    subject_id=self.people[who],
                    capacity=option.capacity,
                    acting_for=option.acting_for,
                    seat_id=option.seat.id if option.seat else None,
                    basis=option.basis,
                    scope="openid",
                    acr="L1",
                    auth_at=self.now,
                    created_at=self.now,
                    expires_at=min(ends),
                ),
            )

    # what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def nobody_has_more_or_less_than_the_rules_give(self) -> None:
        if not hasattr(self, "sitting"):
            return
        with self.house.database.read() as session:
            for who in range(PERSONS - 1):
                found = {self._named(option) for option in self._options(session, who)}
                assert found == self._allowed(who), f"person {who}"

    @invariant()
    def every_live_grant_is_still_allowed(self) -> None:
        if not hasattr(self, "sitting"):
            return
        with self.house.database.read() as session:
            for who, sid in enumerate(self.sids):
                allowed = self._allowed(who) if who != CHILD else set()
                for grant in grant_rows.live_of_session(session, sid, self.now):
                    about = grant.seat_id if grant.capacity == "seat" else grant.acting_for
                    assert (grant.capacity, about) in allowed, f"person {who} {grant.basis}"

    # the rules, plainly ---------------------------------------------------------------------------------------

    def _allowed(self, who: int) -> set[tuple[str, Any]]:
        allowed: set[tuple[str, Any]] = {("self", self.people[who])}
        if who == 0 and self.clock.today() < CHILD_BORN.replace(year=CHILD_BORN.year + 18):
            allowed.add(("person", self.people[CHILD]))
        for number, head in enumerate(self.heads):
            if head.who == who and head.stands(self.now):
                allowed.add(("enterprise", self.firms[number]))
        for number, sat in enumerate(self.sitting):
            if sat is not None and sat.who == who:
                allowed.add(("seat", self.seats[number]))
        for right in self._standing():
            if right.kind == "mandate" or right.holder != who:
                continue
            if right.kind == "proxy":
                allowed.add(("person", self.people[right.about]))
            elif right.kind == "acting":
                allowed.add(("seat", self.seats[right.about]))
            else:
                allowed.add(("enterprise", self.firms[right.about]))
        return allowed

    def _standing(self) -> list[Right]:
        return [one for one in self.rights if one.stands(self.now)]

    def _is_member(self, firm: int, who: int, role: str) -> bool:
        return any(
            one.kind == "membership" and (one.about, one.holder, one.role) == (firm, who, role)
            for one in self._standing()
        )

    def _governing(self, firm: int, who: int, *, needs_head: bool = False) -> "Right | Reign | None":
        if self.heads[firm].who == who and self.heads[firm].stands(self.now):
            return self.heads[firm]
        if needs_head:
            return None
        return next(
            (
                one
                for one in self._standing()
                if one.kind == "membership"
                and (one.about, one.holder, one.role) == (firm, who, "administrator")
            ),
            None,
        )

    def _acting(self, firm: int, who: int) -> "Right | Reign | None":
        """As the service chooses: the head, an administrator's membership, an agent's."""
        return self._governing(firm, who) or next(
            (
                one
                for one in self._standing()
                if one.kind == "membership" and (one.about, one.holder) == (firm, who)
            ),
            None,
        )

    def _may_revoke(self, right: Right, by: int) -> bool:
        if right.kind == "membership":
            head = self.heads[right.about]
            parent = right.rests_on[0]
            appointed = isinstance(parent, Right) and parent.holder == by and parent.stands(self.now)
            return by == right.holder or (head.who == by and head.stands(self.now)) or appointed
        if right.kind == "mandate":
            return (
                self._governing(right.about, by) is not None or self._governing(right.holder, by) is not None
            )
        if right.kind == "assignment":
            mandate = right.rests_on[0]
            assert isinstance(mandate, Right)
            return by == right.holder or self._governing(mandate.holder, by) is not None
        if right.kind == "proxy":
            return by in (right.holder, right.about)
        return True

    def _may_sit(self, seat: int, who: int) -> bool:
        """An auditor sits nowhere else, also not later."""
        held = {
            number
            for number, sat in enumerate(self.sitting)
            if sat is not None and sat.who == who and number != seat
        } | {
            one.about
            for one in self._standing()
            if one.kind == "acting" and one.holder == who and one.about != seat
        }
        return not held

    # the plumbing ---------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def _try(self, act: Callable[[Session], Any]) -> Any:
        try:
            with self.house.database.write() as session:
                return act(session)
        except DongchuError:
            return None

    def _revoke(self, session: Session, right: Right, by: int) -> None:
        now = self.now
        if right.kind == "membership":
            enterprises.revoke_membership(session, membership_id=right.key, by_subject=by, now=now)
        elif right.kind == "mandate":
            mandates.end_mandate_by(session, mandate_id=right.key, by_subject=by, now=now)
        elif right.kind == "assignment":
            mandates.withdraw_assignment(session, assignment_id=right.key, by_subject=by, now=now)
        elif right.kind == "proxy":
            proxies.revoke_proxy(session, proxy_id=right.key, by_subject=by, now=now)
        else:
            seats.end_acting(
                session, seat_id=self.seats[right.about], subject_id=self.people[right.holder], now=now
            )

    def _pick(self, kind: Kind, number: int) -> Right | None:
        known = [one for one in self.rights if one.kind == kind]
        return known[number % len(known)] if known else None

    def _options(self, session: Session, who: int) -> list[Any]:
        return options_for(session, self.people[who], capacities=ALL, vault=self.house.vault, now=self.now)

    @staticmethod
    def _named(option: Any) -> tuple[str, Any]:
        return option.capacity, option.seat.id if option.seat else option.acting_for


@cache
def _settled() -> Path:
    """A store with everybody in it, made once and copied for each run."""
    home = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, home)
    house = _house(home, FixedClock(START))
    lay_tables(house.database)
    with house.database.write() as session:
        ensure_portals(session, house=house)
        people = [_person(session, house, number) for number in range(PERSONS)]
        firms = [_firm(session, house, number) for number in range(FIRMS)]
        seats_made = [_seat(session, number) for number in range(SEATS)]
        relations = [_relation("legal_representative", people[n], firms[n]) for n in range(FIRMS)]
        registry.load_relationships(session, [_relation("parent", people[0], people[CHILD]), *relations])
    house.database.close()
    house.ephemeral.close()
    assert (people[0], firms[0], seats_made[0]) == (1, PERSONS + 1, 1)
    return home


def _house(home: Path, clock: FixedClock) -> House:
    return open_house(
        Settings(home=home, database_url=f"sqlite:///{home / 'dongchu.db'}", is_demo=True), clock
    )


def _person(session: Session, house: House, number: int) -> int:
    born = CHILD_BORN if number == CHILD else date(1980, 1, 1 + number)
    made = registry.ensure(
        session,
        kind="person",
        name=f"第{number}人",
        identifier_kind="id_number",
        identifier=id_number(f"429900{born:%Y%m%d}{number:03}"),
        vault=house.vault,
        now=START,
    )
    session.add(Account(subject_id=made, login_name=f"person-{number}", state="active", created_at=START))
    session.flush()
    sid = open_session(session, subject_id=made, address="127.0.0.1", device="", vault=house.vault, now=START)
    session.get_one(IdentitySession, sid).expires_at = START + timedelta(days=4000)
    return made


def _firm(session: Session, house: House, number: int) -> int:
    return registry.ensure(
        session,
        kind="firm",
        name=f"第{number}企业",
        identifier_kind="uscc",
        identifier=f"91429900MA4DEM{number}2X3",
        vault=house.vault,
        now=START,
    )


def _seat(session: Session, number: int) -> int:
    return service.create_seat(
        session,
        division_code="420203",
        division_name="西塞山区",
        department="民政局",
        title=f"第{number}席",
        duties=DUTIES[number],  # type: ignore[arg-type]
    )


def _relation(kind: Any, from_subject: int, to_subject: int) -> RelationshipRow:
    return RelationshipRow(
        kind=kind,
        from_subject=from_subject,
        to_subject=to_subject,
        source="test",
        from_on=date(2009, 1, 15),
        until_on=None,
    )


TestDelegation = Delegation.TestCase
TestDelegation.settings = settings(
    max_examples=settings().max_examples // 5,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
