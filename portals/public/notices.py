"""公示 in public: what runs today, and a way to object for anybody, without an account.

Search engines are told to keep nothing, and no cache keeps a page beyond its day.
"""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, URLEncodedBody
from litestar.types import ControllerRouterHandler

from kernel.errors import DongchuError, InvalidInput, TooManyRequests
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.preferences import refuse_cross_site
from kernel.web.requests import WebRequest
from policy_engine.catalogue import catalogue
from policy_engine.delivery.publicity import service as delivery
from policy_engine.delivery.publicity.service import ObjectionSeen
from policy_engine.delivery.publicity.showing import NoticeEntry
from portals.routing import routes
from portals.services import Services
from portals.shared.places import division_name

#: No trace of a notice outlives it (practice: taken down on its last day, not indexed).
HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Cache-Control": "no-store"}
#: Objections from one address in an hour.
MOST_AN_HOUR = 5
PAGE = 50


class NewObjection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``contact`` is for those who want to be asked back; without it nobody knows who objected."""

    grounds: Annotated[str, msgspec.Meta(max_length=4000)]
    contact: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Receipt(msgspec.Struct, frozen=True):
    """By this code, and by nothing else, the answer is read."""

    receipt: str


class RunningNotices:
    """What runs today, and objections to it from anybody."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._house = services.house

    def running(self, county: str, policy: str) -> list[NoticeEntry]:
        with self._house.database.read() as session:
            return delivery.running_notices(
                session, self._services.ports, division=county, policy_id=policy, now=self._house.clock.now()
            )

    def one(self, claim_id: uuid.UUID) -> NoticeEntry:
        with self._house.database.read() as session:
            return delivery.running_notice(
                session, self._services.ports, claim_id, now=self._house.clock.now()
            )

    def object_to(self, request: WebRequest, claim_id: uuid.UUID, said: NewObjection) -> str:
        address = request.client.host if request.client else "unknown"
        index = self._house.vault.blind_index(address, purpose="public-objection").hex()
        if self._house.ephemeral.increment(f"public:objection:{index}", 3600) > MOST_AN_HOUR:
            raise TooManyRequests(_("一小时内提交的异议过多，请稍后再试，或拨打 12345。"))
        with self._house.database.write() as session:
            return delivery.object_publicly(
                session,
                self._services.ports,
                self._house.vault,
                claim_id=claim_id,
                grounds=said.grounds,
                contact=said.contact,
                now=self._house.clock.now(),
            )

    def seen(self, receipt: str) -> ObjectionSeen:
        with self._house.database.read() as session:
            return delivery.objection_seen(session, self._services.ports, self._house.vault, receipt)


Ours = NamedDependency[RunningNotices]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    return routes(pages=PAGES, api=API, notices=RunningNotices(services))


@get("/notices", sync_to_thread=True, include_in_schema=False)
def notices_page(
    request: WebRequest,
    notices: Ours,
    pages: NamedDependency[Pages],
    county: FromQuery[str] = "",
    policy: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Response[str]:
    everything = notices.running("", "")
    found = [entry for entry in everything if policy in ("", entry.policy_id)]
    if county:
        allowed = {entry.id for entry in notices.running(county[:6], policy)}
        found = [entry for entry in found if entry.id in allowed]
    last = max(1, -(-len(found) // PAGE))
    here = max(1, min(page, last))
    return pages.page(
        request,
        "public/notices.html",
        headers=HEADERS,
        entries=found[(here - 1) * PAGE : here * PAGE],
        here=here,
        last=last,
        county=county,
        policy=policy,
        counties=counties(),
        policies=sorted({(entry.policy_id, entry.title) for entry in everything}),
        division_name=division_name,
    )


@get("/notices/{claim_id:uuid}", sync_to_thread=True, include_in_schema=False)
def notice_page(
    request: WebRequest, claim_id: FromPath[uuid.UUID], notices: Ours, pages: NamedDependency[Pages]
) -> Response[str]:
    return _entry_page(notices, pages, request, claim_id)


@post("/notices/{claim_id:uuid}", status_code=200, sync_to_thread=True, include_in_schema=False)
def object_form(
    request: WebRequest,
    claim_id: FromPath[uuid.UUID],
    data: URLEncodedBody[dict[str, str]],
    notices: Ours,
    pages: NamedDependency[Pages],
) -> Response[str]:
    refuse_cross_site(request)
    said = NewObjection(grounds=data.get("grounds", ""), contact=data.get("contact", ""))
    try:
        receipt = notices.object_to(request, claim_id, said)
    except (InvalidInput, TooManyRequests) as problem:
        return _entry_page(notices, pages, request, claim_id, problem=problem, said=said)
    return _entry_page(notices, pages, request, claim_id, receipt=receipt)


@get("/objections", sync_to_thread=True, include_in_schema=False)
def answer_page(
    request: WebRequest, notices: Ours, pages: NamedDependency[Pages], receipt: FromQuery[str] = ""
) -> Response[str]:
    found, problem = None, ""
    if receipt:
        try:
            found = notices.seen(receipt.strip())
        except DongchuError as refusal:
            problem = refusal.detail
    return pages.page(
        request, "public/objection.html", headers=HEADERS, found=found, problem=problem, receipt=receipt
    )


@get(
    "/notices",
    sync_to_thread=True,
    tags=["notices"],
    summary="Public notices that run today",
    response_headers=[],
)
def list_notices(
    notices: Ours, county: FromQuery[str] = "", policy: FromQuery[str] = ""
) -> Response[list[NoticeEntry]]:
    return Response(notices.running(county[:9], policy), headers=HEADERS)


@post(
    "/notices/{claim_id:uuid}/objections",
    sync_to_thread=True,
    tags=["notices"],
    summary="Object to a running notice; anybody may",
)
def add_objection(
    request: WebRequest, claim_id: FromPath[uuid.UUID], data: JSONBody[NewObjection], notices: Ours
) -> Response[Receipt]:
    refuse_cross_site(request)
    return Response(Receipt(notices.object_to(request, claim_id, data)), status_code=201, headers=HEADERS)


@get(
    "/objections/{receipt:str}",
    sync_to_thread=True,
    tags=["notices"],
    summary="What came of an objection, by the code its maker was given",
)
def read_objection(receipt: FromPath[str], notices: Ours) -> Response[ObjectionSeen]:
    return Response(notices.seen(receipt), headers=HEADERS)


def _entry_page(
    notices: RunningNotices,
    pages: Pages,
    request: WebRequest,
    claim_id: uuid.UUID,
    *,
    problem: DongchuError | None = None,
    said: NewObjection | None = None,
    receipt: str = "",
) -> Response[str]:
    return pages.page(
        request,
        "public/notice.html",
        status=problem.status if problem is not None else 200,
        headers=HEADERS,
        entry=notices.one(claim_id),
        division_name=division_name,
        problem=problem.detail if problem is not None else "",
        said=said,
        receipt=receipt,
    )


def counties() -> list[tuple[str, str]]:
    """The counties to choose from."""
    divisions = catalogue().divisions
    return [(code, division_name(code)) for code, one in sorted(divisions.items()) if one.level == "county"]


PAGES = [notices_page, notice_page, object_form, answer_page]
API = [list_notices, add_objection, read_objection]
