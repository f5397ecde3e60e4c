"""All SQL by which the ready questions look into the books; they change nothing."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim, StageDecision
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.states import AwardState, PaymentState
from policy_engine.profiles.models import Profile

_COUNTY_DIGITS = 6
#: So many numbers in one statement.
_AT_ONCE = 500


class PaidToDead(NamedTuple):
    award_id: uuid.UUID
    claim_id: uuid.UUID
    subject_id: int
    division: str
    period: str
    period_starts_on: date
    amount_fen: int
    died_on: str


class CrowdedAccount(NamedTuple):
    number_index: bytes
    people: int
    first_division: str
    last_division: str


class PaidThere(NamedTuple):
    unit_id: int
    subject_id: int
    claim_id: uuid.UUID
    policy_id: str
    policy_version: int
    period: str
    division: str
    amount_fen: int


class ChangedAccount(NamedTuple):
    payment_id: uuid.UUID
    claim_id: uuid.UUID
    subject_id: int
    division: str
    period: str
    amount_fen: int
    account_at: datetime
    instructed_at: datetime | None


class Approved(NamedTuple):
    claim_id: uuid.UUID
    subject_id: int
    official_id: int
    division: str


def paid_to_dead(session: Session) -> list[PaidToDead]:
    """Recurring payments that arrived, of people known to have died."""
    died_on = sa.type_coerce(Profile.facts, sa.JSON)["death_date"][0].as_string()
    rows = session.execute(
        sa.select(
            Payment.award_id,
            Payment.claim_id,
            Payment.unit_id,
            Payment.division,
            Payment.period,
            Payment.period_starts_on,
            Payment.amount_fen,
            died_on,
        )
        .join(Profile, Profile.subject_id == Payment.unit_id)
        .join(Award, Award.id == Payment.award_id)
        .where(Payment.state == PaymentState.PAID, Award.period != "once", died_on.is_not(None))
    )
    return [PaidToDead(*row) for row in rows]


def crowded_accounts(session: Session, more_than: int) -> list[CrowdedAccount]:
    """Account numbers into which the live awards of more people than that are paid."""
    people = sa.func.count(sa.distinct(Award.subject_id))
    rows = session.execute(
        sa.select(PayeeAccount.number_index, people, sa.func.min(Award.division), sa.func.max(Award.division))
        .join(Award, Award.account_id == PayeeAccount.id)
        .where(Award.state != AwardState.ENDED)
        .group_by(PayeeAccount.number_index)
        .having(people > more_than)
    )
    return [CrowdedAccount(*row) for row in rows]


def paid_in_two_counties(session: Session) -> list[PaidThere]:
    """Everything paid for a unit and period for which more than one county paid."""
    county = sa.func.substr(Payment.division, 1, _COUNTY_DIGITS)
    twice = (
        sa.select(Payment.unit_id, Payment.period)
        .where(Payment.state == PaymentState.PAID)
        .group_by(Payment.unit_id, Payment.period)
        .having(sa.func.count(sa.distinct(county)) > 1)
        .subquery()
    )
    rows = session.execute(
        sa.select(
            Payment.unit_id,
            Payment.subject_id,
            Payment.claim_id,
            Payment.policy_id,
            Payment.policy_version,
            Payment.period,
            Payment.division,
            Payment.amount_fen,
        )
        .join(twice, sa.and_(twice.c.unit_id == Payment.unit_id, twice.c.period == Payment.period))
        .where(Payment.state == PaymentState.PAID)
        .order_by(Payment.unit_id, Payment.period, Payment.policy_id)
    )
    return [PaidThere(*row) for row in rows]


def changed_before_payment(session: Session, since: datetime) -> list[ChangedAccount]:
    """Orders since then into an account newer than one that the same award was paid into before."""
    earlier = aliased(Payment)
    was_elsewhere = (
        sa.select(earlier.id)
        .where(
            earlier.award_id == Payment.award_id,
            earlier.account_id != Payment.account_id,
            earlier.instructed_at < Payment.instructed_at,
        )
        .exists()
    )
    rows = session.execute(
        sa.select(
            Payment.id,
            Payment.claim_id,
            Payment.subject_id,
            Payment.division,
            Payment.period,
            Payment.amount_fen,
            PayeeAccount.created_at,
            Payment.instructed_at,
        )
        .join(PayeeAccount, PayeeAccount.id == Payment.account_id)
        .where(
            Payment.instructed_at >= since, PayeeAccount.created_at <= Payment.instructed_at, was_elsewhere
        )
    )
    return [ChangedAccount(*row) for row in rows]


def granted_to(session: Session, official_id: int, kin: Collection[int]) -> list[Approved]:
    """Claims for these people that the official granted, or whose payment the official approved."""
    found: list[Approved] = []
    for part in _parts(kin):
        concerned = sa.or_(Claim.subject_id.in_(part), Claim.unit_id.in_(part), Claim.applicant_id.in_(part))
        granted = sa.select(StageDecision.claim_id).where(
            StageDecision.official_id == official_id,
            StageDecision.action == "grant",
            StageDecision.taken_back_at.is_(None),
        )
        approved = (
            sa.select(Payment.claim_id)
            .join(PaymentBatch, PaymentBatch.id == Payment.batch_id)
            .where(PaymentBatch.approved_by_id == official_id)
        )
        rows = session.execute(
            sa.select(Claim.id, Claim.subject_id, Claim.division).where(
                concerned, sa.or_(Claim.id.in_(granted), Claim.id.in_(approved))
            )
        )
        found += [Approved(claim_id, subject_id, official_id, where) for claim_id, subject_id, where in rows]
    return found


def live_awards_of(session: Session, subject_ids: Collection[int]) -> list[Award]:
    found: list[Award] = []
    for part in _parts(subject_ids):
        found += session.scalars(
            sa.select(Award).where(Award.subject_id.in_(part), Award.state != AwardState.ENDED)
        )
    return found


def _parts(numbers: Collection[int]) -> Sequence[list[int]]:
    ordered = sorted(numbers)
    return [ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE)]
