"""核对 as a member of the household meets it: who asks, why, whom, for how long; agree, do not, or take it back."""

import uuid

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery.means import recordings, results, service, withdrawing
from policy_engine.delivery.means.schemas import MeansView
from policy_engine.delivery.views import means as views
from portals.services import Services
from portals.shared.benefits import Form
from portals.shared.recordings import recording_answer

Me = NamedDependency[Principal]
GUARDS = [require(scope="tong")]


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    agrees: bool


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/means`` as pages and under ``/api/v1``."""
    house, ports = services.house, services.ports

    def mine(principal: Principal) -> list[MeansView]:
        with house.database.read() as session:
            return views.own_checks(session, ports, principal, now=house.clock.now())

    def one(principal: Principal, check_id: uuid.UUID) -> MeansView:
        with house.database.read() as session:
            return views.own_check(session, ports, check_id, principal, now=house.clock.now())

    def say(principal: Principal, check_id: uuid.UUID, agrees: bool) -> None:
        with house.database.write() as session:
            service.say(
                session, ports, check_id=check_id, principal=principal, agrees=agrees, now=house.clock.now()
            )

    def withdraw(principal: Principal, check_id: uuid.UUID) -> None:
        with house.database.write() as session:
            withdrawing.withdraw(
                session, ports, check_id=check_id, principal=principal, now=house.clock.now()
            )

    def listen(principal: Principal, check_id: uuid.UUID, recording_id: uuid.UUID) -> Response[bytes]:
        with house.database.write() as session:
            views.own_check(session, ports, check_id, principal, now=house.clock.now())
            return recording_answer(
                *recordings.listen(
                    session, check_id, recording_id, principal, vault=house.vault, now=house.clock.now()
                )
            )

    @get("/means", sync_to_thread=True, include_in_schema=False)
    def means_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "tong/means.html", found=mine(principal))

    @get("/means/{check_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def check_page(
        request: WebRequest, check_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(
            request,
            "tong/means_check.html",
            check=one(principal, check_id),
            sources=[_(label) for label in views.SOURCES.values()],
            valid_days=results.VALID_DAYS,
        )

    @post("/means/{check_id:uuid}", status_code=303, sync_to_thread=True, include_in_schema=False)
    def say_form(check_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        word = data.get("word", "")
        if word == "withdraw":
            withdraw(principal, check_id)
        else:
            say(principal, check_id, word == "agree")
        return Redirect(f"/tong/means/{check_id}", status_code=303)

    @get(
        "/means/{check_id:uuid}/recordings/{recording_id:uuid}", sync_to_thread=True, include_in_schema=False
    )
    def recording_page(
        check_id: FromPath[uuid.UUID], recording_id: FromPath[uuid.UUID], principal: Me
    ) -> Response[bytes]:
        return listen(principal, check_id, recording_id)

    @get("/api/v1/means", guards=GUARDS, sync_to_thread=True, summary="Means checks that ask for one's word")
    def list_means(principal: Me) -> list[MeansView]:
        return mine(principal)

    @get("/api/v1/means/{check_id:uuid}", guards=GUARDS, sync_to_thread=True, summary="One means check")
    def get_means(check_id: FromPath[uuid.UUID], principal: Me) -> MeansView:
        return one(principal, check_id)

    @post(
        "/api/v1/means/{check_id:uuid}/word",
        guards=GUARDS,
        status_code=200,
        sync_to_thread=True,
        summary="Agree to a means check, or do not",
    )
    def say_api(check_id: FromPath[uuid.UUID], data: JSONBody[Word], principal: Me) -> MeansView:
        say(principal, check_id, data.agrees)
        return one(principal, check_id)

    @post(
        "/api/v1/means/{check_id:uuid}/withdrawal",
        guards=GUARDS,
        status_code=200,
        sync_to_thread=True,
        summary="Take one's agreement back; what was found is forgotten",
    )
    def withdraw_api(check_id: FromPath[uuid.UUID], principal: Me) -> MeansView:
        withdraw(principal, check_id)
        return one(principal, check_id)

    @get(
        "/api/v1/means/{check_id:uuid}/recordings/{recording_id:uuid}",
        guards=GUARDS,
        sync_to_thread=True,
        summary="One's own spoken agreement or withdrawal; every hearing is on record",
    )
    def get_recording(
        check_id: FromPath[uuid.UUID], recording_id: FromPath[uuid.UUID], principal: Me
    ) -> Response[bytes]:
        return listen(principal, check_id, recording_id)

    return [
        means_page,
        check_page,
        say_form,
        recording_page,
        list_means,
        get_means,
        say_api,
        withdraw_api,
        get_recording,
    ]
