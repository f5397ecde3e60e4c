"""Telling people something: written to the inbox in the caller's transaction, pushed live after its commit."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import FEW, insert_rows, take_numbers
from kernel.database import insert, signal
from kernel.errors import NotFound
from kernel.ids import new_digits
from kernel.notices import repository
from kernel.notices.models import Notice, NoticePreference
from kernel.notices.summoning import is_urgent
from kernel.wording import Wording, kept


class NewNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be written to somebody's inbox."""

    subject_id: int
    kind: str
    title: Wording
    body: Wording
    link: str | None = None


_NEW = (
    "number",
    "check_number",
    "subject_id",
    "kind",
    "title",
    "body",
    "wording",
    "link",
    "created_at",
    "is_urgent",
    "summon_at",
)


def inbox_channel(subject_id: int) -> str:
    """The channel on which live streams of this person listen."""
    return f"inbox:{subject_id}"


def notify(
    session: Session,
    *,
    subject_id: int,
    kind: str,
    title: Wording,
    body: Wording,
    link: str | None = None,
    now: datetime,
) -> int:
    """Write a message to ``subject_id``'s inbox, for which they will be summoned; returns its number.

    A summons says only that something is waiting and how to check it is ours: never ``title`` or ``body``.
    """
    notice = NewNotice(subject_id=subject_id, kind=kind, title=title, body=body, link=link)
    return notify_all(session, [notice], now=now)[0]


def notify_all(session: Session, notices: Sequence[NewNotice], *, now: datetime) -> Sequence[int]:
    """The same for many messages at once, in their order; their numbers."""
    if len(notices) <= FEW:
        return [_notify_one(session, one, now=now) for one in notices]
    numbers = take_numbers(session, Notice, len(notices))
    numbered = list(zip(numbers, _check_numbers(session, len(notices)), notices, strict=True))
    rows = (
        (
            number,
            check,
            one.subject_id,
            one.kind,
            str(one.title),
            str(one.body),
            {"title": kept(one.title), "body": kept(one.body)},
            one.link,
            now,
            is_urgent(one.kind),
            now,
        )
        for number, check, one in numbered
    )
    insert_rows(session, Notice, _NEW, rows, refers=False)
    for number, _, one in numbered:
        signal(session, inbox_channel(one.subject_id), str(number).encode())
    return numbers


def _notify_one(session: Session, notice: NewNotice, *, now: datetime) -> int:
    """One statement for each of a few: the database numbers it, and says no to a check number that was given before."""
    values = {
        "subject_id": notice.subject_id,
        "kind": notice.kind,
        "title": str(notice.title),
        "body": str(notice.body),
        "wording": {"title": kept(notice.title), "body": kept(notice.body)},
        "link": notice.link,
        "created_at": now,
        "is_urgent": is_urgent(notice.kind),
        "summon_at": now,
    }
    number = None
    while number is None:
        number = repository.add(session, {**values, "check_number": new_digits(10)})
    signal(session, inbox_channel(notice.subject_id), str(number).encode())
    return number


def _check_numbers(session: Session, count: int) -> list[str]:
    """Random and not given yet: ten digits are few when millions are in use."""
    found: set[str] = set()
    while len(found) < count:
        drawn = {new_digits(10) for _ in range(count - len(found))}
        found |= drawn - repository.check_numbers_among(session, drawn)
    return list(found)


def mark_read(session: Session, subject_id: int, number: int, *, now: datetime) -> None:
    notice = repository.find(session, subject_id, number)
    if notice is None:
        raise NotFound("没有这条消息。")
    notice.read_at = notice.read_at or now


def mark_all_read(session: Session, subject_id: int, *, now: datetime) -> None:
    session.execute(
        sa.update(Notice).where(Notice.subject_id == subject_id, Notice.read_at.is_(None)).values(read_at=now)
    )


def set_preference(session: Session, subject_id: int, channel: str, *, is_enabled: bool) -> None:
    """Choose whether messages also go out by ``channel`` (sms, wechat, email); the inbox always gets them."""
    statement = insert(session, NoticePreference).values(
        subject_id=subject_id, channel=channel, is_enabled=is_enabled
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["subject_id", "channel"], set_={"is_enabled": is_enabled}
        )
    )


def wants(session: Session, subject_id: int, channel: str) -> bool:
    """Whether a person takes messages on ``channel``; yes until they say no."""
    preference = session.get(NoticePreference, (subject_id, channel))
    return preference is None or preference.is_enabled
