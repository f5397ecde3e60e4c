"""A loan taken as far as a test wants, by the same services that pages and API call."""

import uuid
from datetime import date, datetime, timedelta
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.clock import business_date
from kernel.house import House
from policy_engine.profiles.schemas import SubjectAdded
from policy_engine.profiles.service import apply_changes
from portals.financing.banks import contracts, offers, work
from portals.financing.banks.actors import APPROVE, WORK, BankActor
from portals.financing.banks.schemas import NewContract, NewOffer
from portals.financing.demands import service as demands
from portals.financing.demands.models import Application
from portals.financing.demands.schemas import Actor
from portals.financing.loans import service as loans
from portals.financing.loans.models import Loan
from portals.financing.loans.schemas import Disbursement
from tests.portals.financing.conftest import candidates, wish

USCC = "91429999000000002R"
FIRST = "dongchu-bank"


def pdf(pages: int = 1) -> bytes:
    """A real PDF of some empty pages."""
    writer = PdfFileWriter()
    for _ in range(pages):
        content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
        box = generic.ArrayObject([generic.NumberObject(one) for one in (0, 0, 595, 842)])
        writer.insert_page(PageObject(contents=content, media_box=box))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def manager(code: str = FIRST, person: int = 501) -> BankActor:
    return BankActor(
        code=code,
        officer=f"person:{person}",
        name="客户经理",
        duties=frozenset({WORK}),
        client_id="rongtong",
        subject_id=person,
        seat_id=person,
    )


def approver(code: str = FIRST, person: int = 502) -> BankActor:
    return BankActor(
        code=code,
        officer=f"person:{person}",
        name="审批人",
        duties=frozenset({APPROVE}),
        client_id="rongtong",
        subject_id=person,
        seat_id=person,
    )


def registered_firm(session: Session, house: House, uscc: str = USCC) -> int:
    """A firm that the city knows."""
    now = house.clock.now()
    number = registry.ensure(
        session,
        kind="firm",
        name="黄石样例精密制造有限公司",
        identifier_kind="uscc",
        identifier=uscc,
        vault=house.vault,
        now=now,
    )
    added = SubjectAdded(
        subject_id=number,
        kind="firm",
        owner_id=number,
        division="420281",
        source="market_regulation",
        event_id=f"made-{number}",
        observed_at=now,
    )
    apply_changes(session, [added], now=now)
    return number


def borrower(firm_id: int) -> Actor:
    return Actor(side="firm", firm_id=firm_id, subject_id=7, client_id="rongtong")


def an_offer(**changes: object) -> NewOffer:
    given: dict[str, object] = {
        "amount_fen": 50_000_000,
        "rate_bp": 345,
        "term_months": 12,
        "method": "equal_instalments",
    }
    return NewOffer(**{**given, **changes})  # type: ignore[bad-argument-type]


def posted(session: Session, firm_id: int, now: datetime, *codes: str) -> list[Application]:
    by = borrower(firm_id)
    demand = demands.draft(session, wish(), by=by, division="420281", now=now)
    demands.authorised(session, demand, by=by, now=now)
    return demands.post(session, demand.id, candidates(*(codes or (FIRST,))), by=by, now=now)


def approved(session: Session, house: House, application: Application) -> None:
    now, who = house.clock.now(), manager(application.bank_code)
    for command in ("accept", "contact", "begin_due_diligence"):
        work.take_step(session, who, application.id, command, vault=house.vault, now=now)
    work.approve(session, approver(application.bank_code), application.id, "同意", vault=house.vault, now=now)


def offered(session: Session, house: House, application: Application, **changes: object) -> uuid.UUID:
    approved(session, house, application)
    who, now = manager(application.bank_code), house.clock.now()
    return offers.make(session, who, application.id, an_offer(**changes), now=now).id


def contracted(session: Session, house: House, application: Application, number: str = "HT-001") -> None:
    now, who = house.clock.now(), manager(application.bank_code)
    sealed = contracts.seal_pdf("合同.pdf", pdf(), house.vault)
    document = contracts.keep(session, who, application.id, sealed, now=now)
    wanted = NewContract(number=number, signed_on=business_date(now), document_id=document.id)
    contracts.sign(session, who, application.id, wanted, now=now)


def disbursed(
    session: Session, house: House, firm_id: int, *, number: str = "HT-001", **changes: object
) -> Loan:
    """A loan just paid out."""
    now = house.clock.now()
    (application,) = posted(session, firm_id, now)
    offer_id = offered(session, house, application, **changes)
    offers.accept(session, offer_id, by=borrower(firm_id), now=now)
    contracted(session, house, application, number)
    paid = Disbursement(paid_on=business_date(now), reference=f"FK-{number}")
    return loans.disburse(session, manager(), application.id, paid, vault=house.vault, now=now)


def day_later(day: date, days: int) -> date:
    return day + timedelta(days=days)
