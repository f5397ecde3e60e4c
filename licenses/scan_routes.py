"""What a shown code lets anyone see who scans it."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect

from kernel.errors import DongchuError, InvalidInput
from kernel.house import House
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest
from licenses import showing
from licenses.schemas import Verification, Verifier, Waiting

Form = URLEncodedBody[dict[str, str]]
POLL_SECONDS = 2


class ScanRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``verifier`` and ``purpose`` stand in the holder's record of uses, the name as one that was typed."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    verifier: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
    purpose: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]


def scan(house: House, wanted: ScanRequest) -> Verification | Waiting:
    with house.database.write() as session:
        verifier = Verifier(wanted.verifier, is_known=False, purpose="anyone")
        return showing.scan(session, house, wanted.token, verifier=verifier, cause=wanted.purpose)


@post("/api/v1/scans", sync_to_thread=True, status_code=200, tags=["verification"])
def scan_licence(data: JSONBody[ScanRequest], house: NamedDependency[House]) -> Verification | Waiting:
    """Use up a shown code; the use is recorded before anything is answered. 410 when it was used or is too old; a
    ``handle`` where the holder is asked first."""
    return scan(house, data)


@post("/api/v1/scans/{handle:str}/answer", sync_to_thread=True, status_code=200, tags=["verification"])
def collect_scan(handle: FromPath[str], house: NamedDependency[House]) -> Verification | Waiting:
    """What the holder agreed to, once; the ``handle`` again while they have not answered. 403 after a no."""
    if not showing.is_answered(house, handle):
        return Waiting(handle)
    with house.database.write() as session:
        return showing.collect(session, house, handle)


@get("/scan/{token:str}", sync_to_thread=True, include_in_schema=False)
def scan_page(token: FromPath[str], request: WebRequest, pages: NamedDependency[Pages]) -> Response[str]:
    """Opening the address uses nothing up: a messenger that previews links would spend the code."""
    return pages.page(request, "licenses/scan.html", token=token, answer=None, problem=None)


@post("/scan/{token:str}", sync_to_thread=True, status_code=200, include_in_schema=False)
def scan_answer(
    token: FromPath[str],
    data: Form,
    request: WebRequest,
    pages: NamedDependency[Pages],
    house: NamedDependency[House],
) -> Response[str] | Redirect:
    answer, problem = None, None
    try:
        sent = {"token": token, "verifier": data.get("verifier", ""), "purpose": data.get("purpose", "")}
        outcome = scan(house, msgspec.convert(sent, ScanRequest))
        if isinstance(outcome, Waiting):
            return Redirect(f"/licenses/waiting/{outcome.handle}", status_code=303)
        answer = outcome
    except msgspec.ValidationError:
        problem = InvalidInput("请填写查验单位和事由（各至少两个字）。")
    except DongchuError as error:
        problem = error
    return pages.page(
        request,
        "licenses/scan.html",
        status=200 if problem is None else problem.status,
        token=token,
        answer=answer,
        problem=None if problem is None else problem.detail,
    )


@get("/waiting/{handle:str}", sync_to_thread=True, include_in_schema=False)
def waiting_page(
    handle: FromPath[str], request: WebRequest, pages: NamedDependency[Pages], house: NamedDependency[House]
) -> Response[str]:
    """Until the holder has answered; looking takes nothing."""
    is_answered = showing.is_answered(house, handle)
    headers = {} if is_answered else {"Refresh": str(POLL_SECONDS)}
    return pages.page(
        request,
        "licenses/waiting.html",
        headers=headers,
        is_answered=is_answered,
        action=f"/licenses/waiting/{handle}",
    )


@post("/waiting/{handle:str}", sync_to_thread=True, status_code=200, include_in_schema=False)
def waiting_answer(
    handle: FromPath[str], request: WebRequest, pages: NamedDependency[Pages], house: NamedDependency[House]
) -> Response[str]:
    with house.database.write() as session:
        answer = showing.collect(session, house, handle)
    return pages.page(request, "licenses/scan.html", token="", answer=answer, problem=None)


HANDLERS = [
    scan_licence,
    collect_scan,
    scan_page,
    scan_answer,
    waiting_page,
    waiting_answer,
]
