"""扫码核验: an official at a counter or on the street sees of a shown licence what that duty needs, by name of the seat."""

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kernel.errors import DongchuError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from licenses import showing
from licenses.scan_routes import POLL_SECONDS
from licenses.schemas import Verifier, Waiting
from portals.zhengtong import forms
from portals.zhengtong.access import needs, seat_of
from portals.zhengtong.forms import Form
from portals.zhengtong.visit import Visit, Visiting

MAY_VERIFY = needs("licence.verify")
POLICE = "公安局"


def verifier_of(principal: Principal) -> Verifier:
    """The seat as it stands in the holder's record; police seats see what police may."""
    seat = seat_of(principal)
    return Verifier(seat.title, is_known=True, purpose="police" if seat.department == POLICE else "counter")


@get("/scan", sync_to_thread=True, include_in_schema=False, guards=[MAY_VERIFY])
def scan_page(visit: Visiting, code: FromQuery[str] = "") -> Response[str]:
    """The code is in the address that the holder's phone shows; a scanner types it in."""
    return _page(visit, code=code)


@post("/scan", sync_to_thread=True, include_in_schema=False, status_code=200, guards=[MAY_VERIFY])
def scan(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """Use the code up; the use is recorded before anything is shown."""
    house, code, cause = visit.services.house, forms.one(data, "code"), forms.one(data, "cause")
    try:
        if not 2 <= len(cause) <= 200 or not code:
            raise InvalidInput(_("请填写出示码和查验事由（事由至少两个字）。"))
        token = code.rstrip("/").rsplit("/", 1)[-1]
        with house.database.write() as session:
            found = showing.scan(session, house, token, verifier=verifier_of(visit.principal), cause=cause)
    except DongchuError as problem:
        return _page(visit, code=code, cause=cause, problem=problem)
    if isinstance(found, Waiting):
        return Redirect(f"/zhengtong/scan/{found.handle}", status_code=303)
    return _page(visit, answer=found)


@get("/scan/{handle:str}", sync_to_thread=True, include_in_schema=False, guards=[MAY_VERIFY])
def waiting(visit: Visiting, handle: FromPath[str]) -> Response[str]:
    """Until the holder has answered."""
    is_answered = showing.is_answered(visit.services.house, handle)
    return visit.page(
        "zhengtong/licences/waiting.html",
        headers={} if is_answered else {"Refresh": str(POLL_SECONDS)},
        is_answered=is_answered,
        action=f"/zhengtong/scan/{handle}",
    )


@post(
    "/scan/{handle:str}", sync_to_thread=True, include_in_schema=False, status_code=200, guards=[MAY_VERIFY]
)
def collect(visit: Visiting, handle: FromPath[str]) -> Response[str]:
    """What the holder agreed to, once."""
    with visit.services.house.database.write() as session:
        answer = showing.collect(session, visit.services.house, handle)
    return _page(visit, answer=answer)


def _page(
    visit: Visit,
    *,
    code: str = "",
    cause: str = "",
    answer: object = None,
    problem: DongchuError | None = None,
) -> Response[str]:
    return visit.page(
        "zhengtong/licences/scan.html",
        status=200 if problem is None else problem.status,
        code=code,
        cause=cause,
        answer=answer,
        problem=None if problem is None else problem.detail,
    )


HANDLERS = [scan_page, scan, waiting, collect]
