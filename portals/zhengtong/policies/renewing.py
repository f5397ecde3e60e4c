"""A policy that ends is somebody's task before it ends: the seat that wrote it is told, two months and two weeks ahead.

Nobody reads a list that nobody is led to. Where the author's seat is vacant, every seat that writes policies is told; who
takes the seat over later is told then.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from identity.seats.service import held_seats
from kernel.clock import business_date
from kernel.house import House
from kernel.notices import notify
from kernel.outbox import Handler, Message, Schedule, once
from kernel.wording import Wording, worded
from policy_engine.policies import repository
from policy_engine.policies.models import PolicyVersion

REMIND: Final = "policy.renewals"
SCHEDULES: Final = (Schedule(REMIND, timedelta(hours=12)),)
#: How long before its last day a policy asks to be renewed, and asks again; the last time is when it has ended.
RENEWAL_NOTICE: Final = timedelta(days=60)
STEPS: Final = (RENEWAL_NOTICE, timedelta(days=14), timedelta(days=-1))
#: By which a message to one person about one version at one step is known again.
_NAMES: Final = uuid.UUID("5a7d3a52-6f0e-4c1c-9a63-6b4a2f0f8b11")


def handlers(house: House) -> Mapping[str, Handler]:
    def remind(_message: Message) -> None:
        now = house.clock.now()
        with house.database.write() as session:
            tell_authors(session, now=now)

    return {REMIND: remind}


def tell_authors(session: Session, *, now: datetime) -> int:
    """Tell whoever has a policy to renew and has not been told at this step; how many messages."""
    today = business_date(now)
    seats = held_seats(session, now)
    holders = {seat.id: people for seat, people in seats}
    authors = {one for seat, people in seats if "policy.author" in seat.duties for one in people}
    told = 0
    for version in repository.ending_versions(session, until=today + RENEWAL_NOTICE):
        if version.effective_to is not None and version.effective_to < today - RENEWAL_NOTICE:
            continue  # long over: a matter of the archive, no longer of renewal
        concerned = set(holders.get(version.author_seat_id, ())) or authors
        told += _tell(session, version, concerned, today, now)
    return told


def step_of(last_day: date, today: date) -> int:
    """How many of the times at which one is told have come."""
    return sum(today >= last_day - ahead for ahead in STEPS)


def _tell(
    session: Session, version: PolicyVersion, concerned: Collection[int], today: date, now: datetime
) -> int:
    last_day = version.effective_to
    step = 0 if last_day is None else step_of(last_day, today)
    told = 0
    for subject_id in sorted(concerned if step else ()):
        if not once(session, REMIND, uuid.uuid5(_NAMES, f"{version.id}/{step}/{subject_id}")):
            continue
        title, body = _words(version, step)
        notify(
            session,
            subject_id=subject_id,
            kind="policy.renewal",
            title=title,
            body=body,
            link=f"/zhengtong/policies/{version.id}",
            now=now,
        )
        told += 1
    return told


def _words(version: PolicyVersion, step: int) -> tuple[Wording, Wording]:
    what = worded(
        "第 %(version)s 版的最后一天是 %(day)s，还没有人起草下一版。"
        "要延续的，请以此起草新版本；不再延续的，到期后停止推送。",
        version=version.version,
        day=version.effective_to,
    )
    if step == len(STEPS):
        return worded("政策已到期：%(policy)s", policy=version.title), what
    return worded("政策将到期：%(policy)s", policy=version.title), what
