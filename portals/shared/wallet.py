"""亮证: the licences of whoever one acts for, and the code that shows one of them for a minute."""

import uuid
from collections.abc import Callable
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses import offline, showing, wallet
from licenses.document.service import LONGEST_DAYS, MEDIA_TYPE, make_for_holder
from licenses.schemas import AskView, LicenceView, OfflineCode, ShownToken, UseView
from licenses.sharing import repository as sharing
from licenses.states import LicenceState
from portals.shared import granting, licence_records, other_wallets
from portals.shared.places import division_name

Form = URLEncodedBody[dict[str, str]]


class Shown(msgspec.Struct, frozen=True):
    """``address`` is what the code holds: opening it uses nothing up."""

    token: ShownToken
    address: str


class CopyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets the copy and what for: both stand across the page."""

    user: Annotated[str, msgspec.Meta(max_length=60)]
    purpose: Annotated[str, msgspec.Meta(max_length=60)]
    days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DAYS)] = 30


class AskAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``ask``: as it was read."""

    ask: Annotated[str, msgspec.Meta(max_length=200)]
    is_granted: bool


#: Whose licences somebody may show.
Holders: TypeAlias = Callable[[Session, Principal], frozenset[int]]


def held_by_oneself(_session: Session, principal: Principal) -> frozenset[int]:
    """The licences of whoever one acts for."""
    return frozenset({principal.acting_for})


class LicenceCase:
    """卡包: what somebody does with the licences of whoever they act for."""

    def __init__(self, house: House, holders: Holders) -> None:
        self.held = holders
        self._house = house

    def licences(self, principal: Principal) -> list[LicenceView]:
        with self._house.database.read() as session:
            return wallet.wallet(session, self._house, self.held(session, principal))

    def one(self, principal: Principal, licence_id: uuid.UUID) -> tuple[LicenceView, list[UseView]]:
        with self._house.database.read() as session:
            held = self.held(session, principal)
            return wallet.licence_of(session, self._house, held, licence_id), wallet.uses_of(
                session, held, licence_id
            )

    def show(self, principal: Principal, licence_id: uuid.UUID) -> Shown:
        with self._house.database.read() as session:
            held = self.held(session, principal)
            token = showing.show(session, self._house, held, licence_id, principal.subject_id)
        return Shown(token, f"{self._house.settings.base_url}/licenses/scan/{token.token}")

    def asked(self, principal: Principal, licence_id: uuid.UUID) -> AskView | None:
        with self._house.database.read() as session:
            return showing.asked_of(session, self._house, principal.subject_id, licence_id)

    def answered(self, principal: Principal, licence_id: uuid.UUID, ask: str, *, is_granted: bool) -> None:
        showing.answer(self._house, principal.subject_id, licence_id, ask, is_granted=is_granted)

    def take_along(self, principal: Principal, licence_id: uuid.UUID) -> OfflineCode:
        with self._house.database.write() as session:
            return offline.make(session, self._house, self.held(session, principal), licence_id)

    def copy(self, principal: Principal, licence_id: uuid.UUID, wanted: CopyRequest) -> Response[bytes]:
        with self._house.database.write() as session:
            held = self.held(session, principal)
            user, purpose = wanted.user.strip(), wanted.purpose.strip()
            made = make_for_holder(
                session, self._house, held, licence_id, user=user, purpose=purpose, days=wanted.days
            )
        headers = {"Cache-Control": "no-store", "Content-Disposition": "attachment; filename=licence.pdf"}
        return Response(made, media_type=MEDIA_TYPE, headers=headers)


def handlers(house: House, portal: str, holders: Holders = held_by_oneself) -> list[ControllerRouterHandler]:
    """``/wallet`` pages and ``/api/v1/licences``; ``holders`` says whose licences one may show.

    A delegation may leave licences out: then their scope is missing, and with it every one of these pages.
    """
    case = LicenceCase(house, holders)
    return [
        *_pages(house, portal, case),
        *_api(portal, case),
        *granting.handlers(house, portal, holders),
        *other_wallets.handlers(house, portal, holders),
        *licence_records.handlers(house, portal, holders),
    ]


def _pages(house: House, portal: str, case: LicenceCase) -> list[ControllerRouterHandler]:
    guards = [require(scope="licences")]

    @get("/wallet", guards=guards, sync_to_thread=True, include_in_schema=False)
    def wallet_page(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str]:
        with house.database.read() as session:
            asked_count = sharing.count_asked(session, case.held(session, principal))
        return pages.page(
            request,
            "shared/wallet.html",
            asked_count=asked_count,
            licences=case.licences(principal),
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
        licence, uses = case.one(principal, licence_id)
        with house.database.read() as session:
            acts = wallet.acts_on(session, case.held(session, principal), licence_id)
        return pages.page(
            request,
            "shared/licence.html",
            licence=licence,
            uses=uses,
            acts=acts,
            place_name=division_name,
            portal_path=f"/{portal}",
        )

    @get("/wallet/{licence_id:uuid}/show", guards=guards, sync_to_thread=True, include_in_schema=False)
    def show_page(
        request: WebRequest,
        licence_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        licence, _uses = case.one(principal, licence_id)
        shown = case.show(principal, licence_id)
        return pages.page(
            request,
            "shared/show.html",
            headers={"Refresh": str(showing.RENEW_SECONDS)},
            licence=licence,
            shown=shown,
            ask=case.asked(principal, licence_id),
            portal_path=f"/{portal}",
        )

    @get("/wallet/{licence_id:uuid}/asked", guards=guards, sync_to_thread=True, include_in_schema=False)
    def asked_fragment(
        request: WebRequest,
        licence_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        """Asked for every two seconds while a code is shown; empty until somebody wants to see the licence."""
        ask = case.asked(principal, licence_id)
        return pages.page(
            request,
            "shared/asked.html",
            ask=ask,
            action=f"/{portal}/wallet/{licence_id}/asked",
        )

    @post("/wallet/{licence_id:uuid}/asked", guards=guards, sync_to_thread=True, include_in_schema=False)
    def answer_asked(
        licence_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        data: Form,
    ) -> Redirect:
        """Agree to be seen by the one that is named, or not."""
        case.answered(principal, licence_id, data.get("ask", ""), is_granted=data.get("answer") == "yes")
        return Redirect(f"/{portal}/wallet/{licence_id}", status_code=303)

    @post("/wallet/{licence_id:uuid}/offline", guards=guards, sync_to_thread=True, include_in_schema=False)
    def offline_page(
        request: WebRequest,
        licence_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        """A code to take along where there is no network."""
        licence, _uses = case.one(principal, licence_id)
        return pages.page(
            request,
            "shared/offline.html",
            licence=licence,
            code=case.take_along(principal, licence_id),
            portal_path=f"/{portal}",
        )

    @post("/wallet/{licence_id:uuid}/document", guards=guards, sync_to_thread=True, include_in_schema=False)
    def document(
        licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], data: Form
    ) -> Response[bytes]:
        """A copy for one use, as a file."""
        return case.copy(principal, licence_id, CopyRequest(data.get("user", ""), data.get("purpose", "")))

    return [wallet_page, licence_page, show_page, asked_fragment, answer_asked, offline_page, document]


def _api(portal: str, case: LicenceCase) -> list[ControllerRouterHandler]:
    guards = [require(scope=portal), require(scope="licences")]

    @get(
        "/api/v1/licences",
        guards=guards,
        sync_to_thread=True,
        summary="The licences one holds",
    )
    def list_licences(principal: NamedDependency[Principal]) -> list[LicenceView]:
        return case.licences(principal)

    @post(
        "/api/v1/licences/{licence_id:uuid}/codes",
        guards=guards,
        sync_to_thread=True,
        summary="A code that shows a licence once, within a minute",
    )
    def show_licence(licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> Shown:
        return case.show(principal, licence_id)

    @get(
        "/api/v1/licences/{licence_id:uuid}/asked",
        guards=guards,
        sync_to_thread=True,
        summary="Who wants to see the licence that is being shown",
    )
    def read_asked(licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> AskView | None:
        return case.asked(principal, licence_id)

    @post(
        "/api/v1/licences/{licence_id:uuid}/asked",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="Agree to be seen by the one that is named, or not",
    )
    def answer_ask(
        licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], data: JSONBody[AskAnswer]
    ) -> None:
        case.answered(principal, licence_id, data.ask, is_granted=data.is_granted)

    @post(
        "/api/v1/licences/{licence_id:uuid}/offline-codes",
        guards=guards,
        sync_to_thread=True,
        summary="A code that shows a licence without a network",
    )
    def take_licence_along(
        licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]
    ) -> OfflineCode:
        return case.take_along(principal, licence_id)

    @post(
        "/api/v1/licences/{licence_id:uuid}/documents",
        guards=guards,
        sync_to_thread=True,
        summary="A signed PDF for one use, watermarked with it",
    )
    def make_document(
        licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], data: JSONBody[CopyRequest]
    ) -> Response[bytes]:
        return case.copy(principal, licence_id, data)

    return [list_licences, show_licence, read_asked, answer_ask, take_licence_along, make_document]
