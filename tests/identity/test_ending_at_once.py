"""Somebody opens a grant while what it rests on ends: on a database where many write at once, no grant is left standing."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from authlib.oauth2.rfc6749 import InvalidGrantError
from sqlalchemy.orm import Session

from identity import service
from identity.capacity.service import options_for
from identity.clients.models import OAuthClient
from identity.clients.portals import ensure_portals
from identity.clients.service import required, resume_client, suspend_client
from identity.delegation import enterprises, proxies
from identity.grants import repository as grant_rows
from identity.grants.models import OAuthGrant
from identity.grants.service import end_grant, retire_access_tokens
from identity.oauth.granting import Allowed, open_child, open_grant, stands
from identity.oauth.requests import EndUser
from identity.seats.service import vacate_seat
from identity.sessions.models import IdentitySession
from identity.sessions.service import end_sessions_of, open_session
from kernel.clock import business_date
from kernel.errors import DongchuError
from kernel.house import House
from tests.identity.conftest import People, settle

YEAR = timedelta(days=365)


@dataclass
class Right:
    """``give`` it, and it lets ``who`` act in the capacity of kind ``capacity`` on a basis ``basis…``; then ``end`` it."""

    who: int
    basis: str
    give: Callable[[Session], object]
    end: Callable[[Session], object]
    capacity: str = "self"
    client: str = "tong"


def rights(house: House, people: People) -> list[Right]:
    now, on = house.clock.now(), business_date(house.clock.now())
    made: dict[str, uuid.UUID] = {}

    def sign_in(session: Session, who: int) -> uuid.UUID:
        return open_session(
            session, subject_id=who, address="127.0.0.1", device="", vault=house.vault, now=now
        )

    def proxy(session: Session) -> None:
        made["proxy"] = service.grant_proxy(
            session,
            house=house,
            principal_id=people.mother,
            agent_id=people.daughter,
            relation="母亲",
            until_at=now + YEAR,
        )

    def member(session: Session) -> None:
        made["member"] = service.register_enterprise_member(
            session,
            house=house,
            firm_id=people.firm,
            subject_id=people.mother,
            role="agent",
            appointed_by=people.daughter,
            until_at=now + YEAR,
        )

    def represented_by(who: int) -> Callable[[Session], object]:
        return lambda session: enterprises.change_legal_representative(
            session, firm_id=people.firm, new_subject_id=who, source="test", on=on, now=now
        )

    def resume(session: Session) -> None:
        if required(session, "tong").is_suspended:
            resume_client(session, "tong", now=now)

    sign_out = Right(
        people.mother,
        "self",
        lambda session: sign_in(session, people.mother),
        lambda session: end_sessions_of(session, people.mother, reason="logged_out", now=now),
    )
    return [
        Right(
            people.daughter,
            "proxy:",
            proxy,
            lambda session: proxies.revoke_proxy(
                session, proxy_id=made["proxy"], by_subject=people.mother, now=now
            ),
            "person",
        ),
        Right(
            people.mother,
            "membership:",
            member,
            lambda session: enterprises.revoke_membership(
                session, membership_id=made["member"], by_subject=people.daughter, now=now
            ),
            "enterprise",
            "rongtong",
        ),
        Right(
            people.official,
            "seat:",
            lambda session: service.assign_seat(
                session, house=house, seat_id=people.seat, subject_id=people.official
            ),
            lambda session: vacate_seat(session, people.seat, now=now),
            "seat",
            "zhengtong",
        ),
        Right(
            people.daughter,
            "relationship:",
            represented_by(people.daughter),
            represented_by(people.mother),
            "enterprise",
            "rongtong",
        ),
        sign_out,
        Right(people.mother, "self", resume, lambda session: suspend_client(session, "tong", now=now)),
    ]


class Meanwhile:
    """Something that another thread writes; ``wait`` until it is done or stands before a lock."""

    def __init__(self, house: House, do: Callable[[Session], object]) -> None:
        self._house, self._do = house, do
        self.failure: list[BaseException] = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            with self._house.database.write() as session:
                self._do(session)
        except BaseException as error:
            self.failure.append(error)

    def wait_for_lock(self) -> bool:
        """Whether it waits for somebody; False when it went through."""
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while self.thread.is_alive():
            with self._house.database.read() as session:
                if session.scalar(waiting):
                    return True
            self.thread.join(0.01)
        return False

    def finish(self) -> None:
        self.thread.join()
        assert not self.failure, self.failure


@pytest.mark.postgres
def test_no_grant_outlives_what_it_rests_on(postgres_house: House) -> None:
    house = postgres_house
    with house.database.write() as session:
        ensure_portals(session, house=house)
    people = settle(house)
    now = house.clock.now()

    def asked(session: Session, right: Right, sid: uuid.UUID) -> tuple[EndUser, OAuthClient]:
        """As the authorization endpoint looks before it opens a grant."""
        options = options_for(session, right.who, capacities=(right.capacity,), vault=house.vault, now=now)
        option = next(one for one in options if one.basis.startswith(right.basis))
        return EndUser(session.get_one(IdentitySession, sid), option), required(session, right.client)

    for right in rights(house, people):
        for comes_first in ("grant", "end"):
            with house.database.write() as session:
                right.give(session)
                sid = session.scalar(
                    sa.select(IdentitySession.sid).where(
                        IdentitySession.subject_id == right.who, IdentitySession.ended_at.is_(None)
                    )
                ) or open_session(
                    session, subject_id=right.who, address="127.0.0.1", device="", vault=house.vault, now=now
                )
            with house.database.write() as session:
                user, client = asked(session, right, sid)
                if comes_first == "grant":
                    grant_id = open_grant(session, user, client, Allowed("openid"), now=now).grant_id
                    meanwhile = Meanwhile(house, right.end)
                    assert meanwhile.wait_for_lock(), f"{right.basis} ended beside a grant being opened"
                else:
                    meanwhile = Meanwhile(house, right.end)
                    meanwhile.finish()
                    with pytest.raises(DongchuError):
                        open_grant(session, user, client, Allowed("openid"), now=now)
                    continue
            meanwhile.finish()
            with house.database.read() as session:
                assert not stands(grant_rows.get(session, grant_id), now), right.basis


@pytest.mark.postgres
@pytest.mark.parametrize("ends", ["grant", "access tokens"])
def test_nothing_exchanged_outlives_its_parent(postgres_house: House, ends: str) -> None:
    house = postgres_house
    with house.database.write() as session:
        ensure_portals(session, house=house)
    people = settle(house)
    now = house.clock.now()

    def end(session: Session) -> None:
        if ends == "grant":
            end_grant(session, parent_id, reason="logged_out", now=now)
        else:
            retire_access_tokens(session, parent_id, now=now)

    def exchanged(session: Session, parent: OAuthGrant) -> uuid.UUID:
        client = required(session, "rongtong")
        expires_at = now + timedelta(minutes=5)
        allowed = Allowed("openid")
        return open_child(
            session, parent, client, allowed, audience="x", expires_at=expires_at, now=now
        ).grant_id

    with house.database.write() as session:
        sid = open_session(
            session, subject_id=people.mother, address="127.0.0.1", device="", vault=house.vault, now=now
        )
        option = options_for(session, people.mother, capacities=("self",), vault=house.vault, now=now)[0]
        user = EndUser(session.get_one(IdentitySession, sid), option)
        parent_id = open_grant(session, user, required(session, "tong"), Allowed("openid"), now=now).grant_id
    with house.database.write() as session:
        child_id = exchanged(session, session.get_one(OAuthGrant, parent_id))
        meanwhile = Meanwhile(house, end)
        assert meanwhile.wait_for_lock()
    meanwhile.finish()
    with house.database.write() as session:
        assert not stands(grant_rows.get(session, child_id), now)
        parent = session.get_one(OAuthGrant, parent_id)
        Meanwhile(house, end).finish()
        if ends == "access tokens":
            with pytest.raises(InvalidGrantError):
                exchanged(session, parent)
