"""The banks' API under ``/api/v1/bank``: the same acts for an officer's token and for a bank's own system.

An officer comes with a bearer token of Rongtong on a seat of the bank. A system comes with a bound token of its own and a
signature on every request (``signing``), names the officer in ``Bank-Officer``, gives each change an ``Idempotency-Key``,
and gets every answer signed.
"""

import uuid
from collections.abc import Callable
from typing import Annotated, Any

import anyio.to_thread
from litestar import Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from identity.oauth.provider import open_provider
from identity.oauth.service_tokens import ServiceTokens
from kernel.errors import Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.bearer import principal_of
from kernel.web.requests import WebRequest
from portals.financing.banks import calls, contracts, offers, views, work
from portals.financing.banks.actors import BankActor, officer_of
from portals.financing.banks.schemas import (
    ApplicationRow,
    ApplicationView,
    Decline,
    DocumentView,
    NewContract,
    NewNote,
    NewOffer,
    ReasonView,
    Said,
)
from portals.financing.banks.signing import CityKeys, SignedAnswers, SystemDoor
from portals.financing.demands import disclosure
from portals.financing.demands.disclosure import AuthorisedFile
from portals.financing.demands.reasons import reasons
from portals.financing.loans import service as loans
from portals.financing.loans import views as loan_views
from portals.financing.loans.schemas import (
    Disbursement,
    Extension,
    LoanRow,
    LoanView,
    NewRepayment,
    Overdue,
    Renewal,
)
from portals.services import Services

#: A contract of 20 MB, and what comes with it.
LARGEST_UPLOAD = 21 * 1024 * 1024
Id = FromPath[uuid.UUID]
Who = NamedDependency[BankActor]
JSON = "application/json"


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/api/v1/bank``."""
    house = services.house
    door = SystemDoor(house, ServiceTokens(open_provider(house)))
    keys = CityKeys(house.vault)

    async def actor(request: WebRequest) -> BankActor:
        if "signature-input" in request.headers:
            return await anyio.to_thread.run_sync(door.actor_of, request, await request.body())
        principal = await principal_of(request)
        if not principal.has_scope("rongtong"):
            raise Forbidden(_("这次登录没有授权办理此事，请重新登录后再试。"))
        return officer_of(principal)

    @get("/keys", sync_to_thread=False, summary="The keys by which the city signs (JWKS)", security=[])
    def list_keys() -> dict[str, Any]:
        return keys.public_set(house.clock.now())

    return [
        Router(
            "/api/v1/bank",
            route_handlers=[list_keys, *_reading(services), *_working(services), *_lending(services)],
            dependencies={"actor": Provide(actor)},
            middleware=[SignedAnswers(house, keys)],
            tags=["bank"],
        )
    ]


def _reading(services: Services) -> list[ControllerRouterHandler]:
    house = services.house

    @get("/reasons", sync_to_thread=False, summary="The reasons for which an application may be declined")
    def list_reasons(actor: Who) -> list[ReasonView]:  # noqa: ARG001 (banks only)
        return [ReasonView(reason_code=one.code, text=one.text, mend=one.mend) for one in reasons().values()]

    @get("/applications", sync_to_thread=True, summary="The bank's queue, the nearest clock first")
    def list_applications(
        actor: Who, is_all: Annotated[bool, QueryParameter(name="all")] = False
    ) -> list[ApplicationRow]:
        with house.database.read() as session:
            return views.queue(session, actor, is_all=is_all)

    @get("/applications/{application_id:uuid}", sync_to_thread=True, summary="One application of the bank")
    def read_application(application_id: Id, actor: Who) -> ApplicationView:
        with house.database.read() as session:
            return views.application_view(
                session, actor, application_id, vault=house.vault, now=house.clock.now()
            )

    @post(
        "/applications/{application_id:uuid}/file",
        status_code=200,
        sync_to_thread=True,
        summary="Read what the firm has authorised; the reading goes on the firm's record first",
    )
    def read_file(application_id: Id, actor: Who) -> AuthorisedFile:
        return disclosure.open_file(house, application_id, by=actor.step)

    @get(
        "/applications/{application_id:uuid}/documents/{document_id:uuid}",
        sync_to_thread=True,
        summary="A document of the bank's own application",
    )
    def read_document(application_id: Id, document_id: Id, actor: Who) -> Response[bytes]:
        with house.database.read() as session:
            application = work.own(session, actor, application_id)
            content = contracts.content_of(session, application, document_id, vault=house.vault)
        return pdf_answer(content)

    @get("/loans", sync_to_thread=True, summary="The bank's loans, what falls due next first")
    def list_loans(actor: Who) -> list[LoanRow]:
        with house.database.read() as session:
            return loan_views.of_bank(session, actor, vault=house.vault)

    @get("/loans/{loan_id:uuid}", sync_to_thread=True, summary="One loan of the bank, with its schedule")
    def read_loan(loan_id: Id, actor: Who) -> LoanView:
        with house.database.read() as session:
            return loan_views.at_bank(session, actor, loan_id, vault=house.vault, now=house.clock.now())

    return [
        list_reasons,
        list_applications,
        read_application,
        read_file,
        read_document,
        list_loans,
        read_loan,
    ]


def _working(services: Services) -> list[ControllerRouterHandler]:
    house = services.house

    def done(
        request: WebRequest,
        actor: BankActor,
        body: bytes,
        application_id: uuid.UUID,
        act: Callable[[Session], object],
    ) -> Response[bytes]:
        """Do it once, and answer with the application as it is then."""

        def acted(session: Session) -> ApplicationView:
            act(session)
            return views.application_view(
                session, actor, application_id, vault=house.vault, now=house.clock.now()
            )

        return Response(calls.done_once(house, actor, request, body, acted), media_type=JSON)

    @post(
        "/applications/{application_id:uuid}/steps/{command:str}",
        status_code=200,
        sync_to_thread=True,
        summary="accept, contact, begin_due_diligence",
        response_description="The application",
    )
    def take_step(
        request: WebRequest,
        application_id: Id,
        command: FromPath[str],
        data: JSONBody[Said],
        body: RawBody,
        actor: Who,
    ) -> Response[bytes]:
        def act(session: Session) -> object:
            return work.take_step(
                session,
                actor,
                application_id,
                command,
                note=data.note,
                vault=house.vault,
                now=house.clock.now(),
            )

        return done(request, actor, body, application_id, act)

    @post(
        "/applications/{application_id:uuid}/notes",
        status_code=200,
        sync_to_thread=True,
        summary="A note of due diligence",
    )
    def write_note(
        request: WebRequest, application_id: Id, data: JSONBody[NewNote], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> object:
            return work.write_note(
                session, actor, application_id, data, vault=house.vault, now=house.clock.now()
            )

        return done(request, actor, body, application_id, act)

    @post(
        "/applications/{application_id:uuid}/decline",
        status_code=200,
        sync_to_thread=True,
        summary="Decline, with a coded reason",
    )
    def decline(
        request: WebRequest, application_id: Id, data: JSONBody[Decline], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> object:
            return work.decline(session, actor, application_id, data, now=house.clock.now())

        return done(request, actor, body, application_id, act)

    @post(
        "/applications/{application_id:uuid}/approve",
        status_code=200,
        sync_to_thread=True,
        summary="Approve, by a second person",
    )
    def approve(
        request: WebRequest, application_id: Id, data: JSONBody[Said], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> object:
            return work.approve(
                session, actor, application_id, data.note, vault=house.vault, now=house.clock.now()
            )

        return done(request, actor, body, application_id, act)

    @post(
        "/applications/{application_id:uuid}/offers",
        status_code=200,
        sync_to_thread=True,
        summary="Make an offer, with every charge",
    )
    def make_offer(
        request: WebRequest, application_id: Id, data: JSONBody[NewOffer], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> object:
            return offers.make(session, actor, application_id, data, now=house.clock.now())

        return done(request, actor, body, application_id, act)

    @post(
        "/applications/{application_id:uuid}/documents",
        status_code=200,
        sync_to_thread=True,
        request_max_body_size=LARGEST_UPLOAD,
        summary="Upload the contract: one PDF of at most 20 MB as the body, its name in ?name=",
    )
    def upload(
        request: WebRequest,
        application_id: Id,
        body: RawBody,
        actor: Who,
        name: FromQuery[str] = "contract.pdf",
    ) -> Response[bytes]:
        if request.headers.get("content-type", "").partition(";")[0].strip() != contracts.MEDIA_TYPE:
            raise InvalidInput(_("请以 application/pdf 上传PDF文件。"))
        with house.database.read() as session:
            contracts.require_waiting(session, actor, application_id)
        sealed = contracts.seal_pdf(name, body, house.vault)

        def act(session: Session) -> DocumentView:
            kept = contracts.keep(session, actor, application_id, sealed, now=house.clock.now())
            return contracts.document_view(kept)

        return Response(calls.done_once(house, actor, request, body, act), media_type=JSON)

    @post(
        "/applications/{application_id:uuid}/contract",
        status_code=200,
        sync_to_thread=True,
        summary="The contract is signed",
    )
    def sign(
        request: WebRequest, application_id: Id, data: JSONBody[NewContract], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> object:
            return contracts.sign(session, actor, application_id, data, now=house.clock.now())

        return done(request, actor, body, application_id, act)

    return [take_step, write_note, decline, approve, make_offer, upload, sign]


def _lending(services: Services) -> list[ControllerRouterHandler]:
    house = services.house

    def done(
        request: WebRequest, actor: BankActor, body: bytes, act: Callable[[Session], uuid.UUID]
    ) -> Response[bytes]:
        """Do it once, and answer with the loan as it is then."""

        def acted(session: Session) -> LoanView:
            return loan_views.at_bank(session, actor, act(session), vault=house.vault, now=house.clock.now())

        return Response(calls.done_once(house, actor, request, body, acted), media_type=JSON)

    @post(
        "/applications/{application_id:uuid}/disbursement",
        status_code=200,
        sync_to_thread=True,
        summary="The money is paid out",
    )
    def disburse(
        request: WebRequest, application_id: Id, data: JSONBody[Disbursement], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> uuid.UUID:
            return loans.disburse(
                session, actor, application_id, data, vault=house.vault, now=house.clock.now()
            ).id

        return done(request, actor, body, act)

    @post("/loans/{loan_id:uuid}/repayments", status_code=200, sync_to_thread=True, summary="A sum came back")
    def repay(
        request: WebRequest, loan_id: Id, data: JSONBody[NewRepayment], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> uuid.UUID:
            loans.repay(session, actor, loan_id, data, vault=house.vault, now=house.clock.now())
            return loan_id

        return done(request, actor, body, act)

    @post(
        "/loans/{loan_id:uuid}/overdue",
        status_code=200,
        sync_to_thread=True,
        summary="Something due did not come",
    )
    def report_overdue(
        request: WebRequest, loan_id: Id, data: JSONBody[Overdue], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> uuid.UUID:
            return loans.report_overdue(
                session, actor, loan_id, data, vault=house.vault, now=house.clock.now()
            ).id

        return done(request, actor, body, act)

    @post("/loans/{loan_id:uuid}/extension", status_code=200, sync_to_thread=True, summary="Extend the term")
    def extend(
        request: WebRequest, loan_id: Id, data: JSONBody[Extension], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> uuid.UUID:
            return loans.extend(session, actor, loan_id, data, vault=house.vault, now=house.clock.now()).id

        return done(request, actor, body, act)

    @post(
        "/loans/{loan_id:uuid}/renewal",
        status_code=200,
        sync_to_thread=True,
        summary="Renew: a new loan over what is owed",
    )
    def renew(
        request: WebRequest, loan_id: Id, data: JSONBody[Renewal], body: RawBody, actor: Who
    ) -> Response[bytes]:
        def act(session: Session) -> uuid.UUID:
            return loans.renew(session, actor, loan_id, data, vault=house.vault, now=house.clock.now()).id

        return done(request, actor, body, act)

    @post(
        "/loans/{loan_id:uuid}/close", status_code=200, sync_to_thread=True, summary="The account is closed"
    )
    def close(request: WebRequest, loan_id: Id, body: RawBody, actor: Who) -> Response[bytes]:
        def act(session: Session) -> uuid.UUID:
            return loans.close(session, actor, loan_id, now=house.clock.now()).id

        return done(request, actor, body, act)

    return [disburse, repay, report_overdue, extend, renew, close]


def pdf_answer(content: bytes) -> Response[bytes]:
    """A contract to keep, never shown inside a page of ours."""
    return Response(
        content,
        media_type=contracts.MEDIA_TYPE,
        headers={
            "Content-Disposition": 'attachment; filename="contract.pdf"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
