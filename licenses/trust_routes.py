"""What others trust us by: status lists, type metadata and the trust anchor, each at the address that credentials name."""

import hashlib

from cryptography.hazmat.primitives import serialization
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from kernel.errors import NotFound
from kernel.house import House
from kernel.web.requests import WebRequest
from licenses import keys
from licenses.catalogue import licence_type
from licenses.status_list import FAMILIES, MEDIA_TYPE, list_uris, status_list_token
from licenses.type_metadata import type_document

#: To be kept, and asked about before each use: a status that changed is seen by the next who looks.
REVALIDATED = "public, no-cache"


@get("/status", sync_to_thread=True, tags=["trust"])
def status_lists(house: NamedDependency[House]) -> dict[str, list[str]]:
    """Every status list there is (Token Status List, aggregation)."""
    with house.database.read() as session:
        return {"status_lists": list_uris(session, house)}


@get("/status/{family:str}/{number:int}", sync_to_thread=True, tags=["trust"])
def status_list(
    request: WebRequest, house: NamedDependency[House], family: FromPath[str], number: FromPath[int]
) -> Response[bytes]:
    """The status list token that credentials point to; 304 while nothing in it has changed."""
    known = next((one for one in FAMILIES if one == family), None)
    token = None
    if known is not None:
        with house.database.read() as session:
            token = status_list_token(session, house, known, number, now=house.clock.now())
    if token is None:
        raise NotFound("没有这个状态列表。")
    tag = f'"{hashlib.sha256(token.encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": REVALIDATED, "ETag": tag, "Access-Control-Allow-Origin": "*"}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, media_type=MEDIA_TYPE, headers=headers)
    return Response(token.encode(), media_type=MEDIA_TYPE, headers=headers)


@get("/types/{type_id:str}/{version:int}", sync_to_thread=True, tags=["trust"])
def type_metadata(
    house: NamedDependency[House], type_id: FromPath[str], version: FromPath[int]
) -> Response[bytes]:
    """SD-JWT VC Type Metadata at the ``vct`` of the credentials of a type."""
    kind = licence_type(type_id)
    if version not in {one.number for one in kind.versions}:
        raise NotFound("没有这种证照。")
    document = type_document(house.settings.base_url, type_id, version)
    headers = {"Cache-Control": "public, max-age=86400", "Access-Control-Allow-Origin": "*"}
    return Response(document, media_type=MediaType.JSON, headers=headers)


@get("/trust/anchor.pem", sync_to_thread=True, tags=["trust"])
def trust_anchor(house: NamedDependency[House]) -> Response[bytes]:
    """The roots of the certificate chains that credentials, status lists and requests to wallets carry, the newest first."""
    with house.database.read() as session:
        found = keys.root_certificates(session)
    content = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in found)
    return Response(
        content, media_type="application/x-pem-file", headers={"Cache-Control": "public, max-age=86400"}
    )


HANDLERS = [status_lists, status_list, type_metadata, trust_anchor]
