"""Asking the means-test centre, and coming back until it has answered; every call outside stands between transactions."""

import uuid
from collections.abc import Mapping
from datetime import timedelta

from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import OutsideRefused
from kernel.outbox import Handler, Message, Schedule, TryLater
from policy_engine.delivery.means import answers, clocks, repository
from policy_engine.delivery.means.ending import note_late
from policy_engine.delivery.ports import MeansInquiryOrder, MeansSystems, Ports

CLOCK = "means.clock"
SCHEDULES = (Schedule(CLOCK, timedelta(hours=1)),)
BETWEEN_LOOKS = timedelta(hours=2)


def handlers(database: Database, clock: Clock, ports: Ports, means: MeansSystems) -> Mapping[str, Handler]:
    """The handlers by topic, for the worker."""

    def ask(message: Message) -> None:
        inquiry_id = uuid.UUID(message.payload["inquiry_id"])
        with database.read() as session:
            inquiry = repository.get_inquiry(session, inquiry_id)
            if inquiry is None or inquiry.state != "asked":
                return
            check = repository.get_check(session, inquiry.check_id)
            if check is None or check.state != "asking":
                return
            order = MeansInquiryOrder(
                number=inquiry.number,
                source=inquiry.source,
                id_number=ports.people.identifier_of(session, inquiry.subject_id),
                name=ports.people.name_of(session, inquiry.subject_id),
                consent=inquiry.consent_number,
                purpose=check.number,
            )
            is_submitted, check_id = inquiry.is_submitted, check.id
        failure = ""
        try:
            answer = means.query(order.number) if is_submitted else means.submit(order)
        except OutsideRefused as refusal:
            answer, failure = None, refusal.detail
        is_silent = answer is None and not failure
        with database.write() as session:
            if is_silent:
                repository.note_submitted(session, inquiry_id)
            elif not answers.take_answer(
                session, ports, check_id, inquiry_id, answer, failure, now=clock.now()
            ):
                note_late(session, check_id, order.source, now=clock.now())
        if is_silent:
            raise TryLater(BETWEEN_LOOKS, f"{order.source} has not answered yet")

    def keep_time(_message: Message) -> None:
        is_more = True
        while is_more:
            with database.write() as session:
                is_more = clocks.keep_time(session, ports, now=clock.now()) > 0

    return {answers.ASK: ask, CLOCK: keep_time}
