"""The clocks of a check: members are reminded, the asking lapses, silent sources are given up, ended terms forgotten."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.wording import worded
from kernel.working_days import add_working_days
from policy_engine.delivery.means import answers, repository
from policy_engine.delivery.means.ending import end, forget_found, tell
from policy_engine.delivery.means.models import MeansCheck
from policy_engine.delivery.means.repository import Held
from policy_engine.delivery.ports import Ports

REMIND_WORKING_DAYS = 3


def keep_time(session: Session, ports: Ports, *, now: datetime, limit: int = 50) -> int:
    """One round; how many checks it touched. Claims are locked before their checks, as everywhere."""
    today, done = business_date(now), 0
    soon = add_working_days(today, REMIND_WORKING_DAYS)
    for number in repository.overdue(session, "authorising", soon, limit, unreminded=True):
        held = repository.hold(session, number)
        if held is not None and held.check.state == "authorising" and held.check.reminded_at is None:
            _remind(session, held.check, now=now)
            done += 1
    for number in repository.overdue(session, "authorising", today, limit):
        held = repository.hold(session, number)
        if held is not None and held.check.state == "authorising":
            end(session, ports, held.check, "lapsed", now=now)
            done += 1
    for number in repository.overdue(session, "asking", today, limit):
        held = repository.hold(session, number)
        if held is not None and held.check.state == "asking":
            _give_up(session, ports, held, now=now)
            done += 1
    for number in repository.ended_terms(session, today, limit):
        held = repository.hold(session, number)
        if held is not None and held.check.state == "done":
            forget_found(session, held.check, now=now)
            held.check.state, done = "expired", done + 1
    return done


def _remind(session: Session, check: MeansCheck, *, now: datetime) -> None:
    check.reminded_at = now
    waiting = {one.subject_id for one in repository.consents(session, check.id) if one.state == "waiting"}
    body = worded("请在 %(due)s 前同意或不同意；不授权不影响其他待遇。", due=check.due_on)
    tell(session, waiting, check, worded("还在等您授权核对"), body, now=now)


def _give_up(session: Session, ports: Ports, held: Held, *, now: datetime) -> None:
    for inquiry in repository.inquiries(session, held.check.id):
        if inquiry.state == "asked":
            inquiry.state, inquiry.failure = "failed", "没有按期答复"
    session.flush()
    answers.complete(session, ports, held, now=now)
