"""The API of consumers: ask, look, use. They sign in by HTTP Basic (RFC 7617) with their access id and secret."""

import base64
import binascii
import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.orm import Session

from kernel.errors import Unauthenticated
from kernel.house import House
from kernel.web.requests import WebRequest
from licenses.document.service import MEDIA_TYPE
from licenses.listing import CatalogueListing, listing
from licenses.models import LicenceConsumer
from licenses.sharing import consumers, grants
from licenses.sharing.interface import Envelope, answer, fetch_copy
from licenses.sharing.schemas import RequestView, SharedLicence

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class LicenceRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``holder``: the citizen's number or the credit code; ``purpose`` in the words that were registered."""

    holder: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    type_id: Word
    purpose: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]
    fields: Annotated[list[Word], msgspec.Meta(min_length=1, max_length=40)]


@post(
    "/api/v1/requests", sync_to_thread=True, tags=["sharing"], summary="Ask a holder for fields of a licence"
)
def ask_holder(
    request: WebRequest, house: NamedDependency[House], data: JSONBody[LicenceRequest]
) -> RequestView:
    with house.database.write() as session:
        consumer = consumer_of(session, house, request)
        return grants.ask(
            session,
            house,
            consumer,
            identifier=data.holder,
            type_id=data.type_id,
            purpose=data.purpose,
            fields=data.fields,
        )


@get(
    "/api/v1/requests/{request_id:uuid}",
    sync_to_thread=True,
    tags=["sharing"],
    summary="Where a request stands",
)
def read_request(
    request: WebRequest, house: NamedDependency[House], request_id: FromPath[uuid.UUID]
) -> RequestView:
    with house.database.read() as session:
        return grants.look(session, consumer_of(session, house, request), request_id)


@post(
    "/api/v1/requests/{request_id:uuid}/uses",
    sync_to_thread=True,
    tags=["sharing"],
    summary="Use what was granted; the holder sees it at once",
)
def use_grant(
    request: WebRequest, house: NamedDependency[House], request_id: FromPath[uuid.UUID]
) -> SharedLicence:
    with house.database.write() as session:
        return grants.use(session, house, consumer_of(session, house, request), request_id)


def consumer_of(session: Session, house: House, request: WebRequest) -> LicenceConsumer:
    """Who calls, by Basic. Raises ``Unauthenticated``."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    access_id, separator, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not separator:
        raise Unauthenticated("用证方的身份没有通过验证。")
    return consumers.authenticate(session, house, access_id, secret)


@post(
    "/share/{operation:str}",
    sync_to_thread=True,
    status_code=200,
    tags=["national interface"],
    summary="The national sharing operations, by name",
)
def national_operation(
    house: NamedDependency[House], operation: FromPath[str], data: JSONBody[Envelope]
) -> dict[str, Any]:
    """Always 200; ``head.status`` is the national code: 0 done, 10 not found, 11 authentication, 12 a required field is
    empty, 102 bad parameter, 113 bad type code, 99 other."""
    return answer(house, operation, data)


@get("/share/files/{token:str}", sync_to_thread=True, include_in_schema=False)
def download_copy(house: NamedDependency[House], token: FromPath[str]) -> Response[bytes]:
    """The copy that ``downloadUrl`` promised, once."""
    return Response(
        fetch_copy(house, token),
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "Content-Disposition": "attachment; filename=licence.pdf"},
    )


@get("/api/v1/types", sync_to_thread=True, tags=["catalogue"], summary="The catalogue of licence types")
def list_types() -> CatalogueListing:
    """What there is, who defines and issues it, its fields and their classes, and on what terms it is shared (DCAT-like)."""
    return listing()


HANDLERS = [ask_holder, read_request, use_grant, national_operation, download_copy, list_types]
