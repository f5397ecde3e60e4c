"""Guarantees: the firm asks, the guarantor answers on its seat. Pages and API from the same acts (``desk``)."""

import uuid

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import entries
from portals.financing.access import for_a_firm, on_an_institution_seat
from portals.financing.demands.reasons import reasons
from portals.financing.entries import Form
from portals.financing.guarantees.desk import Asked, GuaranteeDesk, Issued, Refused, guarantor_of
from portals.financing.guarantees.fees import fee_rule
from portals.financing.guarantees.service import GuaranteeView
from portals.financing.institutions import institutions
from portals.services import Services

Me = NamedDependency[Principal]
_OFFICER = on_an_institution_seat("financing.work", "financing.approve")


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/financing/applications/{id}/guarantee``, ``/guarantor`` and their API."""
    desk = GuaranteeDesk(services)
    return [*_firm_pages(desk), *_guarantor_pages(desk), *_firm_api(desk), *_guarantor_api(desk)]


def _firm_pages(desk: GuaranteeDesk) -> list[ControllerRouterHandler]:
    @get(
        "/financing/applications/{application_id:uuid}/guarantee",
        guards=[for_a_firm],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def request_page(
        request: WebRequest, application_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        found = desk.of_application(application_id, principal)
        guarantors = [(one.code, one.title) for one in institutions().values() if one.kind == "guarantor"]
        return pages.page(
            request,
            "financing/guarantee.html",
            application_id=application_id,
            guarantees=found,
            guarantors=guarantors,
            may_ask=desk.may_ask(application_id, found),
            rule=fee_rule(),
        )

    @post(
        "/financing/applications/{application_id:uuid}/guarantee",
        guards=[for_a_firm],
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def request_form(application_id: FromPath[uuid.UUID], principal: Me, data: Form) -> Redirect:
        desk.request(application_id, principal, entries.text(data, "guarantor"))
        return Redirect(f"/rongtong/financing/applications/{application_id}/guarantee", status_code=303)

    return [request_page, request_form]


def _guarantor_pages(desk: GuaranteeDesk) -> list[ControllerRouterHandler]:
    @get("/guarantor", guards=[_OFFICER], sync_to_thread=True, include_in_schema=False)
    def desk_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(
            request,
            "financing/guarantor.html",
            guarantees=desk.waiting(principal),
            guarantor=guarantor_of(principal),
        )

    @get("/guarantor/{guarantee_id:uuid}", guards=[_OFFICER], sync_to_thread=True, include_in_schema=False)
    def one_page(
        request: WebRequest, guarantee_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        found = desk.one(guarantee_id, principal)
        return pages.page(
            request,
            "financing/guarantor_one.html",
            one=found,
            reasons=[(one.code, one.text) for one in reasons().values()],
            rule=fee_rule(),
        )

    @post(
        "/guarantor/{guarantee_id:uuid}/issue",
        guards=[_OFFICER],
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def issue_form(guarantee_id: FromPath[uuid.UUID], principal: Me, data: Form) -> Redirect:
        desk.issue(guarantee_id, principal, entries.basis_points(data, "fee"))
        return Redirect(f"/rongtong/guarantor/{guarantee_id}", status_code=303)

    @post(
        "/guarantor/{guarantee_id:uuid}/refuse",
        guards=[_OFFICER],
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def refuse_form(guarantee_id: FromPath[uuid.UUID], principal: Me, data: Form) -> Redirect:
        why = Refused(reason_code=entries.text(data, "reason"), note=entries.text(data, "note")[:500])
        desk.refuse(guarantee_id, principal, why)
        return Redirect("/rongtong/guarantor", status_code=303)

    return [desk_page, one_page, issue_form, refuse_form]


def _firm_api(desk: GuaranteeDesk) -> list[ControllerRouterHandler]:
    @get(
        "/api/v1/financing/applications/{application_id:uuid}/guarantees",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="The guarantees asked for an application, the newest first",
    )
    def list_of_application(application_id: FromPath[uuid.UUID], principal: Me) -> list[GuaranteeView]:
        return desk.of_application(application_id, principal)

    @post(
        "/api/v1/financing/applications/{application_id:uuid}/guarantees",
        guards=[for_a_firm],
        status_code=201,
        sync_to_thread=True,
        summary="Ask a guarantor to stand in for an accepted offer",
    )
    def request_api(
        application_id: FromPath[uuid.UUID], data: JSONBody[Asked], principal: Me
    ) -> GuaranteeView:
        return desk.request(application_id, principal, data.guarantor)

    return [list_of_application, request_api]


def _guarantor_api(desk: GuaranteeDesk) -> list[ControllerRouterHandler]:
    @get(
        "/api/v1/guarantor/guarantees",
        guards=[_OFFICER],
        sync_to_thread=True,
        summary="What lies before a guarantor, what waits first",
    )
    def list_waiting(principal: Me) -> list[GuaranteeView]:
        return desk.waiting(principal)

    @post(
        "/api/v1/guarantor/guarantees/{guarantee_id:uuid}/issue",
        guards=[_OFFICER],
        status_code=200,
        sync_to_thread=True,
        summary="Issue a guarantee for a fee within the rule",
    )
    def issue_api(guarantee_id: FromPath[uuid.UUID], data: JSONBody[Issued], principal: Me) -> GuaranteeView:
        return desk.issue(guarantee_id, principal, data.fee_bp)

    @post(
        "/api/v1/guarantor/guarantees/{guarantee_id:uuid}/refuse",
        guards=[_OFFICER],
        status_code=200,
        sync_to_thread=True,
        summary="Refuse a guarantee with a coded reason",
    )
    def refuse_api(
        guarantee_id: FromPath[uuid.UUID], data: JSONBody[Refused], principal: Me
    ) -> GuaranteeView:
        return desk.refuse(guarantee_id, principal, data)

    return [list_waiting, issue_api, refuse_api]
