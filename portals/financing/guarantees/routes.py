"""Guarantees: the firm asks, the guarantor answers on its seat. Pages and API from the same functions."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import entries
from portals.financing.access import for_a_firm, institution_of, on_an_institution_seat
from portals.financing.banks import repository as bank_rows
from portals.financing.demands import repository as demand_rows
from portals.financing.demands.reasons import reasons
from portals.financing.entries import Form
from portals.financing.guarantees import repository, service
from portals.financing.guarantees.fees import fee_rule
from portals.financing.guarantees.service import GuaranteeView
from portals.financing.institutions import Institution, institutions
from portals.services import Services

Me = NamedDependency[Principal]
_OFFICER = on_an_institution_seat("financing.work", "financing.approve")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    guarantor: str


class Issued(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``fee_bp`` is a year's rate in 万分之一 of what is guaranteed."""

    fee_bp: int


class Refused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason_code: str
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/financing/applications/{id}/guarantee``, ``/guarantor`` and their API."""
    house = services.house

    def of_application(application_id: uuid.UUID, principal: Principal) -> list[GuaranteeView]:
        with house.database.read() as session:
            application = demand_rows.application(session, application_id)
            if application is None or application.firm_id != principal.acting_for:
                raise NotFound(_("没有找到这笔融资申请。"))
            rows = list(repository.of_application(session, application_id))
            return service.views_of(session, rows, vault=house.vault)

    def request(application_id: uuid.UUID, principal: Principal, guarantor: str) -> GuaranteeView:
        with house.database.write() as session:
            row = service.request(session, application_id, guarantor, by=principal, now=house.clock.now())
            return service.views_of(session, [row], vault=house.vault)[0]

    def waiting(principal: Principal) -> list[GuaranteeView]:
        code = _guarantor_of(principal).code
        with house.database.read() as session:
            rows = list(repository.at_guarantor(session, code))
            return service.views_of(session, rows, vault=house.vault)

    def issue(guarantee_id: uuid.UUID, principal: Principal, fee_bp: int) -> GuaranteeView:
        code = _guarantor_of(principal).code
        with house.database.write() as session:
            row = service.issue(session, guarantee_id, fee_bp, code=code, by=principal, now=house.clock.now())
            return service.views_of(session, [row], vault=house.vault)[0]

    def refuse(guarantee_id: uuid.UUID, principal: Principal, why: Refused) -> GuaranteeView:
        code = _guarantor_of(principal).code
        with house.database.write() as session:
            row = service.refuse(
                session,
                guarantee_id,
                why.reason_code,
                why.note,
                code=code,
                by=principal,
                now=house.clock.now(),
            )
            return service.views_of(session, [row], vault=house.vault)[0]

    @get(
        "/financing/applications/{application_id:uuid}/guarantee",
        guards=[for_a_firm],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def request_page(
        request: WebRequest, application_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        found = of_application(application_id, principal)
        with house.database.read() as session:
            offer = bank_rows.accepted_offer(session, application_id)
        guarantors = [(one.code, one.title) for one in institutions().values() if one.kind == "guarantor"]
        may_ask = offer is not None and all(one.state == "refused" for one in found)
        return pages.page(
            request,
            "financing/guarantee.html",
            application_id=application_id,
            guarantees=found,
            guarantors=guarantors,
            may_ask=may_ask,
            offer=offer,
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
        request(application_id, principal, entries.text(data, "guarantor"))
        return Redirect(f"/rongtong/financing/applications/{application_id}/guarantee", status_code=303)

    @get("/guarantor", guards=[_OFFICER], sync_to_thread=True, include_in_schema=False)
    def desk_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(
            request,
            "financing/guarantor.html",
            guarantees=waiting(principal),
            guarantor=_guarantor_of(principal),
        )

    @get("/guarantor/{guarantee_id:uuid}", guards=[_OFFICER], sync_to_thread=True, include_in_schema=False)
    def one_page(
        request: WebRequest, guarantee_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        found = next((one for one in waiting(principal) if one.id == guarantee_id), None)
        if found is None:
            raise NotFound(_("没有找到这笔担保申请。"))
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
        issue(guarantee_id, principal, entries.basis_points(data, "fee"))
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
        refuse(guarantee_id, principal, why)
        return Redirect("/rongtong/guarantor", status_code=303)

    @get(
        "/api/v1/financing/applications/{application_id:uuid}/guarantees",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="The guarantees asked for an application, the newest first",
    )
    def list_of_application(application_id: FromPath[uuid.UUID], principal: Me) -> list[GuaranteeView]:
        return of_application(application_id, principal)

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
        return request(application_id, principal, data.guarantor)

    @get(
        "/api/v1/guarantor/guarantees",
        guards=[_OFFICER],
        sync_to_thread=True,
        summary="What lies before a guarantor, what waits first",
    )
    def list_waiting(principal: Me) -> list[GuaranteeView]:
        return waiting(principal)

    @post(
        "/api/v1/guarantor/guarantees/{guarantee_id:uuid}/issue",
        guards=[_OFFICER],
        status_code=200,
        sync_to_thread=True,
        summary="Issue a guarantee for a fee within the rule",
    )
    def issue_api(guarantee_id: FromPath[uuid.UUID], data: JSONBody[Issued], principal: Me) -> GuaranteeView:
        return issue(guarantee_id, principal, data.fee_bp)

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
        return refuse(guarantee_id, principal, data)

    return [
        request_page,
        request_form,
        desk_page,
        one_page,
        issue_form,
        refuse_form,
        list_of_application,
        request_api,
        list_waiting,
        issue_api,
        refuse_api,
    ]


def _guarantor_of(principal: Principal) -> Institution:
    found = institution_of(principal, "financing.work", "financing.approve")
    if found.kind != "guarantor":
        raise Forbidden(_("这里供担保机构的工作人员使用。请切换到您在担保机构的席位。"))
    return found
