"""Telling people something: written to the inbox in the caller's transaction, pushed live after its commit."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import insert, signal
from kernel.errors import NotFound
from kernel.ids import new_digits
from kernel.notices import repository
from kernel.notices.models import Notice, NoticePreference
from kernel.outbox import enqueue


def inbox_channel(subject_id: int) -> str:
    """The channel on which live streams of this person listen."""
    return f"inbox:{subject_id}"


def notify(
    session: Session,
    *,
    subject_id: int,
    kind: str,
    title: str,
    body: str,
    link: str | None = None,
    now: datetime,
) -> int:
    """Write a message to ``subject_id``'s inbox and ask for its delivery outside; returns its number.

    The text outside says only that something is waiting and how to check it is ours: never ``title`` or ``body``.
    """
    notice = Notice(
        check_number=new_digits(10),
        subject_id=subject_id,
        kind=kind,
        title=title,
        body=body,
        link=link,
        created_at=now,
    )
    session.add(notice)
    session.flush()
    enqueue(
        session,
        "notice.deliver",
        f"notice:{subject_id}",
        {"number": notice.number, "subject_id": subject_id, "check_number": notice.check_number},
        now=now,
    )
    signal(session, inbox_channel(subject_id), str(notice.number).encode())
    return notice.number


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
