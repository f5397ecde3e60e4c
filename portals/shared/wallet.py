"""亮证: the licences of whoever one acts for, and the code that shows one of them for a minute."""

import uuid
from collections.abc import Callable

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses import wallet
from licenses.schemas import LicenceView, ShownToken, UseView
from licenses.states import LicenceState


class Shown(msgspec.Struct, frozen=True):
    """``address`` is what the code holds: opening it uses nothing up."""

    token: ShownToken
    address: str


def held_by_oneself(_session: Session, principal: Principal) -> frozenset[int]:
    """The licences of whoever one acts for."""
    return frozenset({principal.acting_for})


def handlers(
    house: House, portal: str, holders: Callable[[Session, Principal], frozenset[int]] = held_by_oneself
) -> list[ControllerRouterHandler]:
    """``/wallet`` pages and ``/api/v1/licences``; ``holders`` says whose licences one may show.

    A delegation may leave licences out: then their scope is missing, and with it every one of these pages.
    """

    guards = [require(scope="licences")]

    def licences(principal: Principal) -> list[LicenceView]:
        with house.database.read() as session:
            return wallet.wallet(session, house, holders(session, principal))

    def one(principal: Principal, licence_id: uuid.UUID) -> tuple[LicenceView, list[UseView]]:
        with house.database.read() as session:
            held = holders(session, principal)
            return wallet.licence_of(session, house, held, licence_id), wallet.uses_of(
                session, held, licence_id
            )

    def show(principal: Principal, licence_id: uuid.UUID) -> Shown:
        with house.database.read() as session:
            held = holders(session, principal)
            token = wallet.show(session, house, held, licence_id, principal.subject_id)
        return Shown(token, f"{house.settings.base_url}/licenses/scan/{token.token}")

    @get("/wallet", guards=guards, sync_to_thread=True, include_in_schema=False)
    def wallet_page(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(
            request,
            "shared/wallet.html",
            licences=licences(principal),
            expired=LicenceState.EXPIRED.value,
            portal_path=f"/{portal}",
        )

    @get("/wallet/{licence_id:uuid}", guards=guards, sync_to_thread=True, include_in_schema=False)
    def licence_page(
        request: WebRequest,
        licence_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        licence, uses = one(principal, licence_id)
        path = f"/{portal}"
        return pages.page(request, "shared/licence.html", licence=licence, uses=uses, portal_path=path)

    @get("/wallet/{licence_id:uuid}/show", guards=guards, sync_to_thread=True, include_in_schema=False)
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
        guards=[require(scope=portal), require(scope="licences")],
        sync_to_thread=True,
        summary="The licences one holds",
    )
    def list_licences(principal: NamedDependency[Principal]) -> list[LicenceView]:
        return licences(principal)

    @post(
        "/api/v1/licences/{licence_id:uuid}/codes",
        guards=[require(scope=portal), require(scope="licences")],
        sync_to_thread=True,
        summary="A code that shows a licence once, within a minute",
    )
    def show_licence(licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> Shown:
        return show(principal, licence_id)

    return [wallet_page, licence_page, show_page, list_licences, show_licence]
