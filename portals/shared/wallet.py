"""亮证: the licences of whoever one acts for, and the code that shows one of them for a minute."""

import uuid

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from kernel.house import House
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses import wallet
from licenses.schemas import LicenceView, ShownToken, UseView


class Shown(msgspec.Struct, frozen=True):
    """``address`` is what the code holds: opening it uses nothing up."""

    token: ShownToken
    address: str


def handlers(house: House, portal: str) -> list[ControllerRouterHandler]:
    """``/wallet`` pages and ``/api/v1/licences``."""

    def licences(principal: Principal) -> list[LicenceView]:
        with house.database.read() as session:
            return wallet.wallet(session, house, [principal.acting_for])

    def one(principal: Principal, licence_id: uuid.UUID) -> tuple[LicenceView, list[UseView]]:
        with house.database.read() as session:
            held = [principal.acting_for]
            return wallet.licence_of(session, house, held, licence_id), wallet.uses_of(
                session, held, licence_id
            )

    def show(principal: Principal, licence_id: uuid.UUID) -> Shown:
        with house.database.read() as session:
            token = wallet.show(session, house, [principal.acting_for], licence_id, principal.subject_id)
        return Shown(token, f"{house.settings.base_url}/licenses/scan/{token.token}")

    @get("/wallet", sync_to_thread=True, include_in_schema=False)
    def wallet_page(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(
            request, "shared/wallet.html", licences=licences(principal), portal_path=f"/{portal}"
        )

    @get("/wallet/{licence_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def licence_page(
        request: WebRequest,
        licence_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        licence, uses = one(principal, licence_id)
        path = f"/{portal}"
        return pages.page(request, "shared/licence.html", licence=licence, uses=uses, portal_path=path)

    @get("/wallet/{licence_id:uuid}/show", sync_to_thread=True, include_in_schema=False)
    def show_page(
        request: WebRequest,
        licence_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        licence, _uses = one(principal, licence_id)
        shown = show(principal, licence_id)
        return pages.page(
            request,
            "shared/show.html",
            headers={"Refresh": "30"},
            licence=licence,
            shown=shown,
            portal_path=f"/{portal}",
        )

    @get(
        "/api/v1/licences",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        summary="The licences one holds",
    )
    def list_licences(principal: NamedDependency[Principal]) -> list[LicenceView]:
        return licences(principal)

    @post(
        "/api/v1/licences/{licence_id:uuid}/codes",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        summary="A code that shows a licence once, within a minute",
    )
    def show_licence(licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> Shown:
        return show(principal, licence_id)

    return [wallet_page, licence_page, show_page, list_licences, show_licence]
