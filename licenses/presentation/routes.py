"""HTTP of the verifier: what wallets fetch and send, and what consumers ask and get."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody
from sqlalchemy.orm import Session

from kernel.errors import FieldError, Forbidden, InvalidInput, TooManyRequests
from kernel.house import House
from kernel.web.requests import WebRequest
from licenses.catalogue import licence_type
from licenses.issuance.errors import ProtocolError
from licenses.issuance.routes import NO_STORE, REFUSALS
from licenses.models import LicenceConsumer, LicenceEntitlement
from licenses.presentation import requests, service, transactions
from licenses.presentation.forms import read_form
from licenses.presentation.openapi import RequestOperation, ResponseOperation
from licenses.presentation.service import Asking
from licenses.schemas import Verification, Verifier
from licenses.sharing import repository as sharing
from licenses.sharing.grants import ASKS_A_MINUTE
from licenses.sharing.routes import Word, consumer_of

LONGEST_NONCE = 200


class PresentationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``purpose`` in the words that were registered; ``fields`` some of those registered for it.

    ``return_uri``: where the wallet leads the browser back to, for wallets on the same device.
    """

    type_id: Word
    purpose: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]
    fields: Annotated[list[Word], msgspec.Meta(min_length=1, max_length=40)]
    return_uri: Annotated[str, msgspec.Meta(max_length=500)] = ""
    is_encrypted: bool = True


class PresentationState(msgspec.Struct, frozen=True):
    state: Literal["waiting", "answered"]


class ResultRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``response_code``: as it stood in the address that the wallet led to; needed where a ``return_uri`` was given."""

    response_code: Annotated[str, msgspec.Meta(max_length=100)] = ""


class PresentedLicence(msgspec.Struct, frozen=True):
    """What was disclosed, and whether it counts as of ``checked_at``."""

    result: str
    reasons: list[str]
    checked_at: datetime
    licence_name: str | None
    authority: str | None
    fields: dict[str, Any]


@get(
    "/presentation/requests/{reference:str}",
    sync_to_thread=True,
    tags=["wallets"],
    exception_handlers=REFUSALS,
)
def request_object(house: NamedDependency[House], reference: FromPath[str]) -> Response[bytes]:
    """The signed request (OpenID4VP §5, RFC 9101)."""
    return _request_object(house, reference, None)


@post(
    "/presentation/requests/{reference:str}",
    sync_to_thread=True,
    status_code=200,
    tags=["wallets"],
    operation_class=RequestOperation,
    exception_handlers=REFUSALS,
)
def request_object_for(
    request: WebRequest, house: NamedDependency[House], reference: FromPath[str], body: RawBody
) -> Response[bytes]:
    """The same for a wallet that gives a nonce of its own (OpenID4VP §5.10)."""
    wallet_nonce = read_form(request, body).get("wallet_nonce")
    if wallet_nonce is not None and len(wallet_nonce) > LONGEST_NONCE:
        raise ProtocolError("invalid_request", "wallet_nonce is too long.")
    return _request_object(house, reference, wallet_nonce)


@post(
    "/presentation/responses/{reference:str}",
    sync_to_thread=True,
    status_code=200,
    tags=["wallets"],
    operation_class=ResponseOperation,
    exception_handlers=REFUSALS,
)
def response(
    request: WebRequest, house: NamedDependency[House], reference: FromPath[str], body: RawBody
) -> Response[bytes]:
    """The wallet's answer (OpenID4VP §8.2, ``direct_post`` and ``direct_post.jwt``)."""
    parameters = read_form(request, body)
    if (
        transactions.asked_by(house, reference) is None
    ):  # nobody queues for the writer with a reference made up
        raise _unknown()
    with house.database.write() as session:
        lead_to = service.receive(session, house, reference, parameters)
    content = {"redirect_uri": lead_to} if lead_to else {}
    return Response(msgspec.json.encode(content), media_type=MediaType.JSON, headers=NO_STORE)


@post(
    "/api/v1/presentations",
    sync_to_thread=True,
    tags=["sharing"],
    summary="Ask whoever stands before you to present fields of a licence from a wallet",
)
def ask_wallet(
    request: WebRequest, house: NamedDependency[House], data: JSONBody[PresentationRequest]
) -> Asking:
    with house.database.write() as session:  # the first request of all makes our key
        consumer = consumer_of(session, house, request)
        if house.ephemeral.increment(f"licence-vp-rate:{consumer.id}", 60) > ASKS_A_MINUTE:
            raise TooManyRequests("请求过于频繁，请一分钟后再试。", retry_after=60)
        entitlement = _entitlement(session, house, consumer, data)
        return service.ask(
            session,
            house,
            owner=_owner(consumer),
            verifier=Verifier(consumer.name, is_known=True, purpose="counter"),
            type_id=entitlement.type_id,
            claims=tuple(dict.fromkeys(data.fields)),
            cause=entitlement.purpose,
            basis=entitlement.basis,
            is_encrypted=data.is_encrypted,
            return_uri=data.return_uri,
        )


@get(
    "/api/v1/presentations/{handle:str}",
    sync_to_thread=True,
    tags=["sharing"],
    summary="Whether the wallet has answered",
)
def read_presentation(
    request: WebRequest, house: NamedDependency[House], handle: FromPath[str]
) -> PresentationState:
    with house.database.read() as session:
        owner = _owner(consumer_of(session, house, request))
    is_answered = service.is_answered(house, handle, owner=owner)
    return PresentationState("answered" if is_answered else "waiting")


@post(
    "/api/v1/presentations/{handle:str}/result",
    sync_to_thread=True,
    status_code=200,
    tags=["sharing"],
    summary="What was presented, once; its holder sees the use at once",
)
def collect_presentation(
    request: WebRequest,
    house: NamedDependency[House],
    handle: FromPath[str],
    data: JSONBody[ResultRequest],
) -> PresentedLicence:
    with house.database.read() as session:
        owner = _owner(consumer_of(session, house, request))
        answer = service.collect(session, house, handle, owner=owner, response_code=data.response_code)
    return _told(answer)


def _request_object(house: House, reference: str, wallet_nonce: str | None) -> Response[bytes]:
    asked = transactions.asked_by(house, reference)
    if asked is None:
        raise _unknown(status=404)
    with house.database.read() as session:
        made = requests.request_object(session, house, asked, reference, wallet_nonce=wallet_nonce)
    return Response(made.encode(), media_type=requests.MEDIA_TYPE, headers=NO_STORE)


def _unknown(status: int = 400) -> ProtocolError:
    return ProtocolError("invalid_request", "The request is unknown, answered or expired.", status=status)


def _entitlement(
    session: Session, house: House, consumer: LicenceConsumer, wanted: PresentationRequest
) -> LicenceEntitlement:
    """Asking a wallet rests on the same registration as asking the holder: for this purpose, these fields and no others."""
    kind = licence_type(wanted.type_id)
    held = sharing.entitlements(session, consumer.id, kind.id, house.clock.today())
    found = next((one for one in held if one.purpose == wanted.purpose), None)
    if found is None:
        raise Forbidden("没有为这个用途登记使用这种证照的权限。")
    beyond = [one for one in wanted.fields if one not in found.fields]
    if beyond:
        raise InvalidInput(
            "请求的字段超出了登记的用途。", errors=[FieldError("fields", one) for one in beyond]
        )
    return found


def _owner(consumer: LicenceConsumer) -> str:
    return f"consumer:{consumer.id}"


def _told(answer: Verification) -> PresentedLicence:
    return PresentedLicence(
        result=answer.result,
        reasons=answer.reasons,
        checked_at=answer.checked_at,
        licence_name=answer.name,
        authority=answer.authority,
        fields={field.id: field.value for field in answer.fields},
    )


HANDLERS = [
    request_object,
    request_object_for,
    response,
    ask_wallet,
    read_presentation,
    collect_presentation,
]
