"""All SQL of banks' work. Whatever a bank asks for is asked for with its own code: another's is as if it were not there."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from kernel.database import insert
from portals.financing.banks.models import Bank, BankCall, Contract, Document, Note, Offer
from portals.financing.banks.states import OfferState
from portals.financing.demands.models import Application, FinancingEvent


def bank(session: Session, code: str) -> Bank | None:
    return session.get(Bank, code)


def bank_of_client(session: Session, client_id: str) -> Bank | None:
    return session.scalar(sa.select(Bank).where(Bank.client_id == client_id))


def notes_of(session: Session, application_id: uuid.UUID) -> Sequence[Note]:
    """The oldest first."""
    return session.scalars(
        sa.select(Note).where(Note.application_id == application_id).order_by(Note.at, Note.id)
    ).all()


def steps_of(session: Session, application_id: uuid.UUID) -> Sequence[FinancingEvent]:
    """The history of one application: what concerns another bank's is not in it."""
    return session.scalars(
        sa.select(FinancingEvent)
        .where(FinancingEvent.application_id == application_id)
        .order_by(FinancingEvent.number)
    ).all()


def offers_of(session: Session, application_id: uuid.UUID) -> Sequence[Offer]:
    """The newest first."""
    return session.scalars(
        sa.select(Offer).where(Offer.application_id == application_id).order_by(Offer.number.desc())
    ).all()


def offers_for(session: Session, demand_id: uuid.UUID, firm_id: int) -> Sequence[tuple[Offer, Application]]:
    """Every bank's offers for a firm's own demand, the earliest first."""
    rows = session.execute(
        sa.select(Offer, Application)
        .join(Application, Application.id == Offer.application_id)
        .where(Offer.demand_id == demand_id, Offer.firm_id == firm_id)
        .order_by(Offer.made_at, Offer.id)
    )
    return [(offer, application) for offer, application in rows]


def offer_to(session: Session, offer_id: uuid.UUID, firm_id: int) -> tuple[Offer, Application] | None:
    """An offer made to this firm."""
    row = session.execute(
        sa.select(Offer, Application)
        .join(Application, Application.id == Offer.application_id)
        .where(Offer.id == offer_id, Offer.firm_id == firm_id)
    ).first()
    return (row[0], row[1]) if row else None


def accepted_offer(session: Session, application_id: uuid.UUID) -> Offer | None:
    return session.scalar(
        sa.select(Offer).where(Offer.application_id == application_id, Offer.state == OfferState.ACCEPTED)
    )


def close_open(session: Session, application_id: uuid.UUID, state: OfferState, now: datetime) -> None:
    """The open offer of an application is open no more."""
    session.execute(
        sa.update(Offer)
        .where(Offer.application_id == application_id, Offer.state == OfferState.OPEN)
        .values(state=state, answered_at=now)
    )


def open_over(session: Session, now: datetime, limit: int) -> Sequence[tuple[Offer, Application]]:
    """Open offers whose time is over, or whose application no longer waits for an answer."""
    rows = session.execute(
        sa.select(Offer, Application)
        .join(Application, Application.id == Offer.application_id)
        .where(
            Offer.state == OfferState.OPEN,
            sa.or_(Offer.valid_until <= now, Application.state != "offered"),
        )
        .order_by(Offer.valid_until, Offer.id)
        .limit(limit)
    )
    return [(offer, application) for offer, application in rows]


def document_at(
    session: Session, document_id: uuid.UUID, application_id: uuid.UUID, *, with_content: bool = False
) -> Document | None:
    """A document of this very application."""
    statement = sa.select(Document).where(
        Document.id == document_id, Document.application_id == application_id
    )
    return session.scalar(statement.options(undefer(Document.content_sealed)) if with_content else statement)


def documents_of(session: Session, application_id: uuid.UUID) -> Sequence[Document]:
    return session.scalars(
        sa.select(Document).where(Document.application_id == application_id).order_by(Document.uploaded_at)
    ).all()


def contract_of(session: Session, application_id: uuid.UUID) -> Contract | None:
    return session.scalar(sa.select(Contract).where(Contract.application_id == application_id))


def contract_numbered(session: Session, bank_code: str, number: str) -> Contract | None:
    return session.scalar(
        sa.select(Contract).where(Contract.bank_code == bank_code, Contract.number == number)
    )


def begin_call(session: Session, bank_code: str, key: str, digest: bytes, now: datetime) -> bool:
    """Note a call; False when one with its key was done. On PostgreSQL the second of two at once waits here."""
    row = insert(session, BankCall).values(
        bank_code=bank_code, key=key, digest=digest, status=0, answer=b"", at=now
    )
    inserted = row.on_conflict_do_nothing().returning(BankCall.key)
    return session.execute(inserted).first() is not None


def call(session: Session, bank_code: str, key: str) -> BankCall | None:
    return session.scalar(
        sa.select(BankCall).where(BankCall.bank_code == bank_code, BankCall.key == key),
        execution_options={"populate_existing": True},
    )
