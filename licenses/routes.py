"""What anyone may ask of a licence: is it genuine, and by which keys."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import JSONBody, MultipartBody, URLEncodedBody

from kernel.errors import InvalidInput, TooManyRequests
from kernel.house import House
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest
from licenses.document.service import LARGEST, verify_document
from licenses.issuance.metadata import public_jwks
from licenses.offline import PREFIX, verify_offline
from licenses.reports import report_file, signed_report
from licenses.schemas import Verification
from licenses.verification import TRIES_WINDOW, verify_credential, verify_identifier

#: A file costs more to check than a number: as many from one place in ten minutes.
FILES = 60
Form = URLEncodedBody[dict[str, str]]


class VerificationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either ``identifier`` with the last four characters of the licence's number, or a whole ``credential``."""

    identifier: Annotated[str, msgspec.Meta(max_length=120)] = ""
    number_tail: Annotated[str, msgspec.Meta(max_length=4)] = ""
    credential: Annotated[str, msgspec.Meta(max_length=20_000)] = ""


def verify(house: House, wanted: VerificationRequest, asker: str) -> Verification:
    """One question, two ways to ask it."""
    with house.database.read() as session:
        if wanted.credential.strip().startswith(PREFIX):
            return verify_offline(session, house, wanted.credential.strip())
        if wanted.credential.strip():
            return verify_credential(session, house, wanted.credential)
        return verify_identifier(session, house, wanted.identifier, wanted.number_tail.strip(), asker=asker)


@post("/api/v1/verifications", sync_to_thread=True, status_code=200, tags=["verification"])
def verify_licence(
    data: JSONBody[VerificationRequest], request: WebRequest, house: NamedDependency[House]
) -> Verification:
    """Verify a licence: ``valid``, ``not_valid`` or ``undetermined``, with reasons."""
    return verify(house, data, _asker(request))


class Report(msgspec.Struct, frozen=True):
    """``report``: the same answer as a JWS (ES256) by the keys at ``/licenses/jwks``."""

    answer: Verification
    report: str


@post("/api/v1/verification-reports", sync_to_thread=True, status_code=200, tags=["verification"])
def report_licence(
    data: JSONBody[VerificationRequest], request: WebRequest, house: NamedDependency[House]
) -> Report:
    """Verify a licence and get the answer signed."""
    answer = verify(house, data, _asker(request))
    with house.database.write() as session:
        return Report(answer, signed_report(session, house, answer))


@post("/api/v1/verifications/file", sync_to_thread=True, status_code=200, tags=["verification"])
def verify_file(
    data: MultipartBody[dict[str, UploadFile]], request: WebRequest, house: NamedDependency[House]
) -> Verification:
    """Verify a document as the field ``file``, at most one megabyte: a PDF or a credential; an OFD is ``undetermined``."""
    return _verify_file(house, data.get("file"), _asker(request))


def _verify_file(house: House, file: UploadFile | None, asker: str) -> Verification:
    if house.ephemeral.increment(f"licence-file:{asker}", TRIES_WINDOW) > FILES:
        raise TooManyRequests("查验次数过多，请十分钟后再试。", retry_after=TRIES_WINDOW)
    if file is None or not file.filename:
        raise InvalidInput("请选择要查验的文件。")
    data = file.file.read(LARGEST + 1)
    with house.database.read() as session:
        return verify_document(session, house, data)


@post("/verify-file", sync_to_thread=True, status_code=200, include_in_schema=False)
def verify_file_page(
    data: MultipartBody[dict[str, UploadFile]],
    request: WebRequest,
    pages: NamedDependency[Pages],
    house: NamedDependency[House],
) -> Response[str]:
    answer: Verification | None = None
    problems: list[dict[str, str]] = []
    try:
        answer = _verify_file(house, data.get("file"), _asker(request))
    except InvalidInput as error:
        problems = [{"where": "file", "what": error.detail}]
    return _page(request, pages, house, answer, VerificationRequest(), problems)


@get("/jwks", sync_to_thread=True, tags=["trust"])
def issuer_keys(house: NamedDependency[House]) -> dict[str, Any]:
    """The ES256 keys that sign credentials (RFC 7517), old ones included."""
    with house.database.read() as session:
        return {"keys": public_jwks(session)}


@get(["/", "/verify"], sync_to_thread=True, include_in_schema=False)
def verify_page(request: WebRequest, pages: NamedDependency[Pages]) -> Response[str]:
    empty = VerificationRequest()
    return pages.page(request, "licenses/verify.html", answer=None, report="", given=empty, errors=[])


@post("/verify", sync_to_thread=True, status_code=200, include_in_schema=False)
def verify_answer(
    data: Form, request: WebRequest, pages: NamedDependency[Pages], house: NamedDependency[House]
) -> Response[str]:
    answer: Verification | None = None
    problems: list[dict[str, str]] = []
    given = VerificationRequest(
        data.get("identifier", "")[:120], data.get("number_tail", "")[:4], data.get("credential", "")[:20_001]
    )
    try:
        answer = verify(house, given, _asker(request))
    except InvalidInput as error:
        problems = [{"where": "identifier", "what": error.detail}]
    return _page(request, pages, house, answer, given, problems)


@post("/verify-report", sync_to_thread=True, status_code=200, include_in_schema=False)
def take_report(data: Form, house: NamedDependency[House]) -> Response[bytes]:
    """The signed report of an answer that a page showed, as a file: of the moment of that answer, not asked anew."""
    with house.database.read() as session:
        file = report_file(session, data.get("report", ""))
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": "attachment; filename=verification-report.json",
    }
    text = msgspec.json.format(msgspec.json.encode(file), indent=1)
    return Response(text, media_type="application/json", headers=headers)


def _page(
    request: WebRequest,
    pages: Pages,
    house: House,
    answer: Verification | None,
    given: VerificationRequest,
    problems: list[dict[str, str]],
) -> Response[str]:
    report = ""
    if answer is not None:
        with house.database.read() as session:
            report = signed_report(session, house, answer)
    return pages.page(
        request,
        "licenses/verify.html",
        status=422 if problems else 200,
        answer=answer,
        report=report,
        given=given,
        errors=problems,
    )


def _asker(request: WebRequest) -> str:
    return request.client.host if request.client else "unknown"


HANDLERS = [
    verify_licence,
    report_licence,
    verify_file,
    verify_file_page,
    issuer_keys,
    verify_page,
    verify_answer,
    take_report,
]
