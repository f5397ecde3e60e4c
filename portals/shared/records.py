"""The download of a signed decision record, the same file from every portal."""

import uuid

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from kernel.web.bearer import require
from kernel.web.principal import Principal
from policy_engine.decisions.record import canonical
from policy_engine.delivery import views
from portals.services import Services

Me = NamedDependency[Principal]


def download(services: Services, principal: Principal, record_id: uuid.UUID) -> Response[bytes]:
    """Canonical JSON to be kept and to be checked with ``dongchu decision verify``. ``NotFound`` for strangers."""
    house = services.house
    with house.database.read() as session:
        file = views.decision_file(session, services.ports, record_id, principal, now=house.clock.now())
    return Response(
        canonical(file),
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="decision-{record_id}.json"',
            "Cache-Control": "no-store",
        },
    )


def record_page(services: Services) -> ControllerRouterHandler:
    """The download for a browser."""

    @get("/records/{record_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def record_file(record_id: FromPath[uuid.UUID], principal: Me) -> Response[bytes]:
        return download(services, principal, record_id)

    return record_file


def record_api(services: Services, portal: str) -> ControllerRouterHandler:
    """The download for a program."""

    @get(
        "/api/v1/decision-records/{record_id:uuid}",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        summary="A signed decision record, to be checked offline",
    )
    def get_record(record_id: FromPath[uuid.UUID], principal: Me) -> Response[bytes]:
        return download(services, principal, record_id)

    return get_record
