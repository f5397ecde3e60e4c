"""The banks' API of applications: from the queue to a signed contract."""

import uuid
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.errors import InvalidInput
from kernel.i18n import gettext as _
from portals.financing.banks import contracts, offers, views, work
from portals.financing.banks.calls import Call
from portals.financing.banks.documents import LARGEST_UPLOAD, pdf_answer
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
from portals.financing.demands import disclosure
from portals.financing.demands.disclosure import AuthorisedFile
from portals.financing.demands.reasons import reasons

Id = FromPath[uuid.UUID]
Given = NamedDependency[Call]


@get("/reasons", sync_to_thread=False, summary="The reasons for which an application may be declined")
def list_reasons(call: Given) -> list[ReasonView]:  # noqa: ARG001 (banks only)
    return [ReasonView(reason_code=one.code, text=one.text, mend=one.mend) for one in reasons().values()]


@get("/applications", sync_to_thread=True, summary="The bank's queue, the nearest clock first")
def list_applications(
    call: Given, is_all: Annotated[bool, QueryParameter(name="all")] = False
) -> list[ApplicationRow]:
    with call.house.database.read() as session:
        return views.queue(session, call.actor, is_all=is_all)


@get("/applications/{application_id:uuid}", sync_to_thread=True, summary="One application of the bank")
def read_application(call: Given, application_id: Id) -> ApplicationView:
    with call.house.database.read() as session:
        return views.application_view(session, call.actor, application_id, vault=call.vault, now=call.now)


@post(
    "/applications/{application_id:uuid}/file",
    status_code=200,
    sync_to_thread=True,
    summary="Read what the firm has authorised; the reading goes on the firm's record first",
)
def read_file(call: Given, application_id: Id) -> AuthorisedFile:
    return disclosure.open_file(call.house, application_id, by=call.actor.step)


@get(
    "/applications/{application_id:uuid}/documents/{document_id:uuid}",
    sync_to_thread=True,
    summary="A document of the bank's own application",
)
def read_document(call: Given, application_id: Id, document_id: Id) -> Response[bytes]:
    with call.house.database.read() as session:
        application = work.own(session, call.actor, application_id)
        content = contracts.content_of(session, application, document_id, vault=call.vault)
    return pdf_answer(content)


@post(
    "/applications/{application_id:uuid}/steps/{command:str}",
    status_code=200,
    sync_to_thread=True,
    summary="accept, contact, begin_due_diligence",
    response_description="The application",
)
def take_step(
    call: Given, application_id: Id, command: FromPath[str], data: JSONBody[Said]
) -> Response[bytes]:
    return call.on_application(
        application_id,
        lambda session: work.take_step(
            session, call.actor, application_id, command, note=data.note, vault=call.vault, now=call.now
        ),
    )


@post(
    "/applications/{application_id:uuid}/notes",
    status_code=200,
    sync_to_thread=True,
    summary="A note of due diligence",
)
def write_note(call: Given, application_id: Id, data: JSONBody[NewNote]) -> Response[bytes]:
    return call.on_application(
        application_id,
        lambda session: work.write_note(
            session, call.actor, application_id, data, vault=call.vault, now=call.now
        ),
    )


@post(
    "/applications/{application_id:uuid}/decline",
    status_code=200,
    sync_to_thread=True,
    summary="Decline, with a coded reason",
)
def decline(call: Given, application_id: Id, data: JSONBody[Decline]) -> Response[bytes]:
    return call.on_application(
        application_id,
        lambda session: work.decline(session, call.actor, application_id, data, now=call.now),
    )


@post(
    "/applications/{application_id:uuid}/approve",
    status_code=200,
    sync_to_thread=True,
    summary="Approve, by a second person",
)
def approve(call: Given, application_id: Id, data: JSONBody[Said]) -> Response[bytes]:
    return call.on_application(
        application_id,
        lambda session: work.approve(
            session, call.actor, application_id, data.note, vault=call.vault, now=call.now
        ),
    )


@post(
    "/applications/{application_id:uuid}/offers",
    status_code=200,
    sync_to_thread=True,
    summary="Make an offer, with every charge",
)
def make_offer(call: Given, application_id: Id, data: JSONBody[NewOffer]) -> Response[bytes]:
    return call.on_application(
        application_id,
        lambda session: offers.make(session, call.actor, application_id, data, now=call.now),
    )


@post(
    "/applications/{application_id:uuid}/documents",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=LARGEST_UPLOAD,
    summary="Upload the contract: one PDF of at most 20 MB as the body, its name in ?name=",
)
def upload(call: Given, application_id: Id, name: FromQuery[str] = "contract.pdf") -> Response[bytes]:
    if call.request.headers.get("content-type", "").partition(";")[0].strip() != contracts.MEDIA_TYPE:
        raise InvalidInput(_("请以 application/pdf 上传PDF文件。"))
    with call.house.database.read() as session:
        contracts.require_waiting(session, call.actor, application_id)
    sealed = contracts.seal_pdf(name, call.body, call.vault)

    def act(session: Session) -> DocumentView:
        kept = contracts.keep(session, call.actor, application_id, sealed, now=call.now)
        return contracts.document_view(kept)

    return call.once(act)


@post(
    "/applications/{application_id:uuid}/contract",
    status_code=200,
    sync_to_thread=True,
    summary="The contract is signed",
)
def sign(call: Given, application_id: Id, data: JSONBody[NewContract]) -> Response[bytes]:
    return call.on_application(
        application_id,
        lambda session: contracts.sign(session, call.actor, application_id, data, now=call.now),
    )


HANDLERS: tuple[ControllerRouterHandler, ...] = (
    list_reasons,
    list_applications,
    read_application,
    read_file,
    read_document,
    take_step,
    write_note,
    decline,
    approve,
    make_offer,
    upload,
    sign,
)
