"""Telling the people concerned: a subject, a minor's guardians, a firm. In-app only carries the words.

What goes outside the app is the notices package's own neutral sentence: no benefit, no amount, no link.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.notices import notify
from policy_engine.delivery.ports import Ports

TRUST = "办理不收费，不索要验证码。"


def tell(
    session: Session,
    ports: Ports,
    subject_id: int,
    kind: str,
    title: str,
    body: str,
    *,
    link: str,
    now: datetime,
    except_for: int | None = None,
) -> None:
    """One notice to everybody who follows the affairs of ``subject_id``; ``except_for`` did it and knows."""
    recipients = ports.people.recipients_of(session, subject_id, business_date(now))
    for recipient in sorted(recipients - {except_for}):
        notify(session, subject_id=recipient, kind=kind, title=title, body=body, link=link, now=now)
