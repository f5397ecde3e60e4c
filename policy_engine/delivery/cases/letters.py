"""Telling the people concerned: a subject, a minor's guardians, a firm. In-app only carries the words.

What goes outside the app is the notices package's own neutral sentence: no benefit, no amount, no link.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.notices import NewNotice, notify_all
from kernel.wording import Wording, worded
from policy_engine.delivery.ports import Ports

TRUST = worded("办理不收费，不索要验证码。")


class Letter(NamedTuple):
    """What is said about a subject's affairs, to whoever follows them."""

    subject_id: int
    kind: str
    title: Wording
    body: Wording
    link: str


def tell(
    session: Session,
    ports: Ports,
    subject_id: int,
    kind: str,
    title: Wording,
    body: Wording,
    *,
    link: str,
    now: datetime,
    except_for: int | None = None,
) -> None:
    """One notice to everybody who follows the affairs of ``subject_id``; ``except_for`` did it and knows."""
    letter = Letter(subject_id, kind, title, body, link)
    tell_all(session, ports, [letter], now=now, except_for=except_for)


def tell_these(
    session: Session,
    recipients: Collection[int],
    kind: str,
    title: Wording,
    body: Wording,
    *,
    link: str,
    now: datetime,
) -> None:
    """One notice to each of ``recipients``: those whom the caller knows to be concerned (a dead person's family)."""
    notices = [
        NewNotice(subject_id=recipient, kind=kind, title=title, body=body, link=link)
        for recipient in sorted(recipients)
    ]
    notify_all(session, notices, now=now)


def tell_all(
    session: Session,
    ports: Ports,
    letters: Sequence[Letter],
    *,
    now: datetime,
    except_for: int | None = None,
) -> None:
    """The same for many letters at once, in their order."""
    concerned = {letter.subject_id for letter in letters}
    recipients = ports.people.recipients_of(session, concerned, business_date(now))
    notices = [
        NewNotice(
            subject_id=recipient, kind=letter.kind, title=letter.title, body=letter.body, link=letter.link
        )
        for letter in letters
        for recipient in sorted(recipients[letter.subject_id] - {except_for})
    ]
    notify_all(session, notices, now=now)
