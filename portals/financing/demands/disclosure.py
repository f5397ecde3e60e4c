"""The one door through which a firm's data reaches a bank: the reading is committed first, then the data leaves.

Without a live authorisation for this bank nothing leaves but what pre-qualification says: yes, no or not known, and the limit.
"""

import uuid
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.accounts.models import Account
from identity.registry import service as registry
from kernel.errors import NotFound
from kernel.house import House
from kernel.i18n import gettext as _
from policy_engine.profiles.repository import load_families
from portals.financing.demands import authorisation, repository
from portals.financing.demands.models import Application, Demand
from portals.financing.demands.schemas import PURPOSES, Actor
from portals.financing.demands.states import APPLICATION_LABELS, ApplicationState
from portals.financing.profile.building import Section, sections_of


class Prequalified(msgspec.Struct, frozen=True, kw_only=True):
    """All that a bank knows of an application without an authorisation: the demand's ranges, the verdict and the limit."""

    application_id: uuid.UUID
    number: str
    product_id: str
    amount_fen: int
    term_months: int
    purpose: str
    purpose_label: str
    repayment: str
    collateral: tuple[str, ...]
    verdict: str
    limit_fen: int | None
    state: str
    state_label: str
    routed_at: datetime
    may_read: bool
    #: Why nothing more may be read; empty where it may.
    refusal: str


class AuthorisedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What an authorisation lets a bank read, item by item; ``access_id`` is the reading on the firm's record."""

    access_id: uuid.UUID
    read_at: datetime
    expires_at: datetime
    name: str
    uscc: str
    contact_name: str
    contact_phone: str
    sections: tuple[Section, ...]


def prequalified(
    session: Session, application_id: uuid.UUID, bank_code: str, *, now: datetime
) -> Prequalified:
    """An application as its bank sees it beforehand. Raises ``NotFound`` for any other bank's."""
    application = repository.application_at(session, application_id, bank_code)
    demand = None if application is None else session.get(Demand, application.demand_id)
    if application is None or demand is None:
        raise NotFound(_("没有找到这笔融资申请。"))
    return _shown(session, application, demand, now)


def queue(session: Session, bank_code: str, *, now: datetime) -> list[Prequalified]:
    """Everything open before a bank, the nearest clock first."""
    return [_shown(session, one, demand, now) for one, demand in repository.queue_of(session, bank_code)]


def open_file(house: House, application_id: uuid.UUID, *, by: Actor) -> AuthorisedFile:
    """Read the firm's data for an application at one's own bank.

    Raises ``NotFound`` for any other bank's application, ``Forbidden`` where the firm has not authorised it or has
    taken it back. Whatever goes wrong afterwards, the reading stands on the firm's record.
    """
    now = house.clock.now()
    with house.database.write() as session:
        application = repository.application_at(session, application_id, by.institution or "")
        if application is None:
            raise NotFound(_("没有找到这笔融资申请。"))
        access = authorisation.note_access(session, application, by=by, now=now)
        access_id, items, firm_id = access.id, list(access.items), application.firm_id
        given = repository.authorisation_of(session, access.authorisation_id, firm_id)
        giver, expires_at = (None, now) if given is None else (given.given_by, given.expires_at)
    with house.database.read() as session:
        family = load_families(session, [firm_id]).get(firm_id)
        views = registry.describe(session, {firm_id, *([giver] if giver else [])}, vault=house.vault)
        return AuthorisedFile(
            access_id=access_id,
            read_at=now,
            expires_at=expires_at,
            name=views[firm_id].name if "identity" in items else "",
            uscc=registry.identifier_of(session, firm_id, vault=house.vault) if "identity" in items else "",
            contact_name=views[giver].name if giver in views and "contact" in items else "",
            contact_phone=_phone(house, session, giver) if "contact" in items else "",
            sections=() if family is None else tuple(sections_of(family, items)),
        )


def _shown(session: Session, application: Application, demand: Demand, now: datetime) -> Prequalified:
    row, why = authorisation.standing(session, application, now=now)
    return Prequalified(
        application_id=application.id,
        number=demand.number,
        product_id=application.product_id,
        amount_fen=demand.amount_fen,
        term_months=demand.term_months,
        purpose=demand.purpose,
        purpose_label=_(PURPOSES[demand.purpose]),
        repayment=demand.repayment,
        collateral=tuple(demand.collateral),
        verdict=application.verdict,
        limit_fen=application.limit_fen,
        state=application.state,
        state_label=_(APPLICATION_LABELS[ApplicationState(application.state)]),
        routed_at=application.routed_at,
        may_read=row is not None,
        refusal="" if row is not None else authorisation.refusal_text(why or "none"),
    )


def _phone(house: House, session: Session, subject_id: int | None) -> str:
    if subject_id is None:
        return ""
    sealed = session.scalar(sa.select(Account.phone_sealed).where(Account.subject_id == subject_id))
    if sealed is not None:
        return house.vault.open(sealed, context=f"account/phone_sealed/{subject_id}")
    return registry.contact_of(session, subject_id, vault=house.vault) or ""
