"""添加到其他钱包: a licence goes to a wallet of another maker, its holder sees where it lies, and takes it back."""

import uuid
from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.errors import DongchuError, Forbidden
from kernel.house import House
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses import wallet
from licenses.issuance import offers, wallets
from licenses.issuance.offers import Offer
from licenses.issuance.wallets import WalletView
from portals.routing import routes

Form = URLEncodedBody[dict[str, str]]


class OfferRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``name``: what one calls the wallet, for the list of wallets."""

    name: Annotated[str, msgspec.Meta(max_length=40)] = ""


class Elsewhere:
    """The wallets of others that hold the licences of whom ``holders`` says."""

    def __init__(
        self, house: House, portal: str, holders: Callable[[Session, Principal], frozenset[int]]
    ) -> None:
        self.house, self.portal = house, portal
        self.holders = holders

    def offer(self, principal: Principal, licence_id: uuid.UUID, name: str) -> Offer:
        _require_not_proxy(principal)
        with self.house.database.read() as session:
            held, by = self.holders(session, principal), principal.subject_id
            return offers.offer(session, self.house, held, licence_id, added_by=by, wallet_name=name)

    def listed(self, principal: Principal, licence_id: uuid.UUID) -> list[WalletView]:
        with self.house.database.read() as session:
            return wallets.wallets_of(session, self.holders(session, principal), licence_id)

    def remove(self, principal: Principal, licence_id: uuid.UUID, wallet_id: uuid.UUID) -> None:
        with self.house.database.write() as session:
            held, by = self.holders(session, principal), principal.subject_id
            wallets.remove_wallet(session, self.house, held, licence_id, wallet_id, by=by)


Ours = NamedDependency[Elsewhere]


def handlers(
    house: House, portal: str, holders: Callable[[Session, Principal], frozenset[int]]
) -> list[ControllerRouterHandler]:
    """``/wallet/<licence>/wallets`` and the same as an API, for the licences of whom ``holders`` says."""
    return routes(
        pages=PAGES,
        api=API,
        scope=portal,
        guards=[require(scope="licences")],
        elsewhere=Elsewhere(house, portal, holders),
    )


@get("/wallet/{licence_id:uuid}/wallets", sync_to_thread=True, include_in_schema=False)
def wallets_page(
    request: WebRequest,
    licence_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    pages: NamedDependency[Pages],
    elsewhere: Ours,
) -> Response[str]:
    return _page(elsewhere, request, pages, principal, licence_id)


@post(
    "/wallet/{licence_id:uuid}/wallets",
    sync_to_thread=True,
    status_code=200,
    include_in_schema=False,
)
def offer_page(
    request: WebRequest,
    licence_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    pages: NamedDependency[Pages],
    data: Form,
    elsewhere: Ours,
) -> Response[str]:
    """The code for the wallet to scan, and apart from it the transaction code."""
    try:
        made = elsewhere.offer(principal, licence_id, data.get("name", ""))
    except (Forbidden, DongchuError) as problem:
        return _page(elsewhere, request, pages, principal, licence_id, problem=problem)
    return _page(
        elsewhere, request, pages, principal, licence_id, template="shared/wallet_offer.html", made=made
    )


@post(
    "/wallet/{licence_id:uuid}/wallets/{wallet_id:uuid}",
    sync_to_thread=True,
    include_in_schema=False,
)
def remove_page(
    licence_id: FromPath[uuid.UUID],
    wallet_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    elsewhere: Ours,
) -> Redirect:
    elsewhere.remove(principal, licence_id, wallet_id)
    return Redirect(f"/{elsewhere.portal}/wallet/{licence_id}/wallets", status_code=303)


@post(
    "/licences/{licence_id:uuid}/offers",
    sync_to_thread=True,
    summary="An offer by which a wallet of any maker receives the licence (OpenID4VCI)",
)
def offer_licence(
    licence_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    data: JSONBody[OfferRequest],
    elsewhere: Ours,
) -> Offer:
    return elsewhere.offer(principal, licence_id, data.name)


@get(
    "/licences/{licence_id:uuid}/wallets",
    sync_to_thread=True,
    summary="The wallets that hold a licence",
)
def list_wallets(
    licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], elsewhere: Ours
) -> list[WalletView]:
    return elsewhere.listed(principal, licence_id)


@post(
    "/licences/{licence_id:uuid}/wallets/{wallet_id:uuid}/removal",
    status_code=204,
    sync_to_thread=True,
    summary="Take a licence out of a wallet; the copies there are invalid at once",
)
def remove_from_wallet(
    licence_id: FromPath[uuid.UUID],
    wallet_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    elsewhere: Ours,
) -> None:
    elsewhere.remove(principal, licence_id, wallet_id)


def _page(
    elsewhere: Elsewhere,
    request: WebRequest,
    pages: Pages,
    principal: Principal,
    licence_id: uuid.UUID,
    *,
    template: str = "shared/wallets.html",
    made: Offer | None = None,
    problem: DongchuError | None = None,
) -> Response[str]:
    with elsewhere.house.database.read() as session:
        licence = wallet.licence_of(
            session, elsewhere.house, elsewhere.holders(session, principal), licence_id
        )
    return pages.page(
        request,
        template,
        status=200 if problem is None else problem.status,
        licence=licence,
        wallets=elsewhere.listed(principal, licence_id),
        offer=made,
        may_add=licence.may_be_shown and not principal.is_proxy,
        problem=None if problem is None else problem.detail,
        portal_path=f"/{elsewhere.portal}",
    )


def _require_not_proxy(principal: Principal) -> None:
    """A proxy's right ends, a copy in the proxy's wallet would stay. Raises ``Forbidden``."""
    if principal.is_proxy:
        raise Forbidden("代办人不能把别人的证照添加到钱包，请持有人本人添加。")


PAGES = [wallets_page, offer_page, remove_page]
API = [offer_licence, list_wallets, remove_from_wallet]
