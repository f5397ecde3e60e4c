"""What many tests of delivery begin with: an award, its payments, a month that passes, money that has arrived."""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from policy_engine.delivery import service
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.answers import apply_answer
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ports import TreasuryAnswer
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.profiles.schemas import Change, FactChange, SubjectAdded
from policy_engine.profiles.service import apply_changes
from tests.policy_engine.delivery.city import GRANDMOTHER, STREET, Office, decider


def award_of(office: Office, claim: Claim) -> Award:
    with office.database.read() as session:
        return session.query(Award).filter_by(claim_id=claim.id).one()


def payments_of(office: Office, claim: Claim) -> list[Payment]:
    """Oldest period first."""
    with office.database.read() as session:
        return list(reversed(payment_rows.payments_of_award(session, award_of(office, claim).id)))


def next_month(office: Office) -> int:
    """The first of the next month, and the payments it makes due."""
    today = office.now.replace(day=28) + timedelta(days=5)
    office.clock.set(today.replace(day=1))
    with office.database.write() as session:
        return service.create_due_payments(session, office.ports, until=office.clock.today(), now=office.now)


def pay(office: Office, claim: Claim) -> None:
    """All that is reserved for the claim is approved and arrives."""
    ready = [one.id for one in payments_of(office, claim) if one.state == "reserved"]
    office.approve(ready)
    with office.database.write() as session:
        for payment_id in ready:
            payment = payment_rows.lock_payment(session, payment_id)
            assert payment is not None
            apply_answer(
                session, office.ports, payment, TreasuryAnswer(status="paid", reference="B1"), now=office.now
            )


def paid(office: Office, policy_id: str = "nursing", subject_id: int = GRANDMOTHER) -> Claim:
    """A right whose first month has been paid."""
    office.budget(1_000_000, policy_id)
    office.budget(1_000_000, policy_id, year=2027)
    claim = office.grant(office.claimed(policy_id, subject_id))
    pay(office, claim)
    return claim


def overpaid(office: Office) -> Overpayment:
    """November was paid, and the right had ended before it."""
    claim = paid(office)
    with office.database.write() as session:
        service.end_award(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=decider(),
            from_month=date(2026, 11, 1),
            reason="十一月起不再符合条件",
            now=office.now,
        )
    with office.database.read() as session:
        return session.scalars(sa.select(Overpayment)).one()


def known_person(office: Office, subject_id: int) -> None:
    """A household of one, of whom facts can be told."""
    home = subject_id + 5_000
    told: Sequence[Change] = [
        SubjectAdded(
            subject_id=number,
            kind=kind,
            owner_id=home,
            division=STREET,
            source="public_security",
            event_id=f"register/{number}",
            observed_at=office.now,
        )
        for number, kind in ((home, "household"), (subject_id, "person"))
    ]
    with office.database.write() as session:
        apply_changes(session, told, now=office.now)


def tell_death(office: Office, subject_id: int, source: str, died_on: date | None) -> None:
    """A department reports a death, or (no day) takes it back; facts only, as an event leaves them."""
    told = [
        FactChange(
            subject_id=subject_id,
            attribute=attribute,
            value=value,
            source=source,
            event_id=f"{source}/{office.now.isoformat()}",
            observed_at=office.now,
        )
        for attribute, value in (
            ("person.is_deceased", died_on is not None),
            ("person.death_date", died_on.isoformat() if died_on else None),
        )
    ]
    with office.database.write() as session:
        apply_changes(session, told, now=office.now)
        service.stop_for_deaths(session, office.ports, subject_ids=[subject_id], now=office.now)
