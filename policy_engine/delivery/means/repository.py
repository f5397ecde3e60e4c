"""All SQL of means checks."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.means.models import (
    IncomeRule,
    MeansCheck,
    MeansConsent,
    MeansInquiry,
    MeansRecording,
)

OPEN = ("authorising", "asking")
# Built once: every claim that is decided asks it.
_OPEN_OF_CLAIM = sa.select(MeansCheck.id).where(
    MeansCheck.claim_id == sa.bindparam("claim_id"), MeansCheck.state.in_(OPEN)
)


def get_check(session: Session, check_id: uuid.UUID) -> MeansCheck | None:
    return session.get(MeansCheck, check_id)


def lock_check(session: Session, check_id: uuid.UUID) -> MeansCheck | None:
    return session.get(MeansCheck, check_id, with_for_update=True, populate_existing=True)


class Held(NamedTuple):
    """A check and its claim, both ours until the transaction ends."""

    claim: Claim
    check: MeansCheck


def hold(session: Session, check_id: uuid.UUID) -> Held | None:
    """The claim is locked before the check, whoever comes: two who met the other way round would wait for each other."""
    known = session.get(MeansCheck, check_id)
    claim = None if known is None else claim_rows.lock_claim(session, known.claim_id)
    check = None if claim is None else lock_check(session, check_id)
    return None if claim is None or check is None else Held(claim, check)


def open_of_claim(session: Session, claim_id: uuid.UUID) -> uuid.UUID | None:
    """The check that is under way for a claim, if one is."""
    return session.scalar(_OPEN_OF_CLAIM, {"claim_id": claim_id})


def of_claim(session: Session, claim_id: uuid.UUID) -> list[MeansCheck]:
    """The newest first."""
    statement = sa.select(MeansCheck).where(MeansCheck.claim_id == claim_id)
    return list(session.scalars(statement.order_by(MeansCheck.opened_at.desc(), MeansCheck.id.desc())))


def in_division(session: Session, division: str, limit: int) -> Sequence[MeansCheck]:
    """Open ones first, the nearest deadline first."""
    statement = sa.select(MeansCheck).where(MeansCheck.division.between(*bounds_of(division)))
    is_over = sa.case((MeansCheck.state.in_(OPEN), 0), else_=1)
    return session.scalars(statement.order_by(is_over, MeansCheck.due_on, MeansCheck.id).limit(limit)).all()


def checks_of_member(session: Session, subject_id: int) -> Sequence[MeansCheck]:
    statement = (
        sa.select(MeansCheck)
        .join(MeansConsent, MeansConsent.check_id == MeansCheck.id)
        .where(MeansConsent.subject_id == subject_id)
    )
    return session.scalars(statement.order_by(MeansCheck.opened_at.desc())).all()


def consents(session: Session, check_id: uuid.UUID) -> list[MeansConsent]:
    statement = sa.select(MeansConsent).where(MeansConsent.check_id == check_id)
    return list(session.scalars(statement.order_by(MeansConsent.subject_id)))


def consent_of(session: Session, check_id: uuid.UUID, subject_id: int) -> MeansConsent | None:
    """What one member was asked and said."""
    return session.scalar(
        sa.select(MeansConsent).where(
            MeansConsent.check_id == check_id, MeansConsent.subject_id == subject_id
        )
    )


def inquiries(session: Session, check_id: uuid.UUID) -> list[MeansInquiry]:
    statement = sa.select(MeansInquiry).where(MeansInquiry.check_id == check_id)
    return list(session.scalars(statement.order_by(MeansInquiry.subject_id, MeansInquiry.source)))


def recording(
    session: Session, recording_id: uuid.UUID, *, with_content: bool = False
) -> MeansRecording | None:
    statement = sa.select(MeansRecording).where(MeansRecording.id == recording_id)
    return session.scalar(
        statement.options(undefer(MeansRecording.content_sealed)) if with_content else statement
    )


def recordings(session: Session, check_id: uuid.UUID) -> Sequence[MeansRecording]:
    """Without what is on them, the oldest first."""
    statement = sa.select(MeansRecording).where(MeansRecording.check_id == check_id)
    return session.scalars(statement.order_by(MeansRecording.uploaded_at, MeansRecording.id)).all()


def get_inquiry(session: Session, inquiry_id: uuid.UUID) -> MeansInquiry | None:
    return session.get(MeansInquiry, inquiry_id, populate_existing=True)


def note_submitted(session: Session, inquiry_id: uuid.UUID) -> None:
    """It was handed in, and has to be asked about from now on; nothing is noted of one that is no longer wanted."""
    session.execute(sa.update(MeansInquiry).where(MeansInquiry.id == inquiry_id).values(is_submitted=True))


def forget_inquiries(session: Session, check_id: uuid.UUID) -> None:
    session.execute(sa.delete(MeansInquiry).where(MeansInquiry.check_id == check_id))


def overdue(
    session: Session, state: str, on: date, limit: int, *, unreminded: bool = False
) -> Sequence[uuid.UUID]:
    """In this state and due before ``on``."""
    statement = sa.select(MeansCheck.id).where(MeansCheck.state == state, MeansCheck.due_on < on)
    if unreminded:
        statement = statement.where(MeansCheck.reminded_at.is_(None))
    return session.scalars(statement.order_by(MeansCheck.id).limit(limit)).all()


def ended_terms(session: Session, on: date, limit: int) -> Sequence[uuid.UUID]:
    """Done, and no longer counting on ``on``."""
    statement = sa.select(MeansCheck.id).where(MeansCheck.state == "done", MeansCheck.valid_until_on < on)
    return session.scalars(statement.order_by(MeansCheck.id).limit(limit)).all()


def income_rules(session: Session, *states: str) -> Sequence[IncomeRule]:
    """Those in these states, in the order in which they were decided, then proposed."""
    statement = sa.select(IncomeRule).where(IncomeRule.state.in_(states))
    return session.scalars(
        statement.order_by(IncomeRule.decided_at, IncomeRule.proposed_at, IncomeRule.id)
    ).all()


def lock_income_rule(session: Session, rule_id: uuid.UUID) -> IncomeRule | None:
    return session.get(IncomeRule, rule_id, with_for_update=True, populate_existing=True)
