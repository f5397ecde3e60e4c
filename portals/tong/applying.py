"""仍要申请, and applying where nothing was offered: the form, the facts one declares, the account."""

import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput, OutsideFailure
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.services import Services
from portals.shared.benefits import Created, Form
from portals.tong.benefits import Desk, TongBenefits
from portals.tong.declaring import check_declared, read_declared
from portals.tong.explaining import Standing, explain

Me = NamedDependency[Principal]
Words = Annotated[str, msgspec.Meta(max_length=2000)]


class Application(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``key`` names one of the policy's standings; ``declared`` holds raw values by attribute id."""

    key: Annotated[str, msgspec.Meta(max_length=40)]
    declared: dict[str, Any] = {}
    words: Words = ""
    account_id: uuid.UUID | None = None


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/services/{policy_id}/apply`` and its API."""
    benefits = TongBenefits(services)

    def form_page(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        desk: Desk,
        *,
        given: dict[str, str] | None = None,
        problem: DongchuError | None = None,
    ) -> Response[str]:
        errors = list(problem.errors) if problem is not None else []
        if problem is not None and not errors:
            errors = [FieldError("", _(problem.detail))]
        return pages.page(
            request,
            "tong/apply.html",
            status=problem.status if problem is not None else 200,
            desk=desk,
            standings=explain(services, principal, desk.document.id),
            given=given or {},
            errors=errors,
        )

    @get("/services/{policy_id:str}/apply", sync_to_thread=True, include_in_schema=False)
    def apply_page(
        request: WebRequest,
        policy_id: FromPath[str],
        principal: Me,
        pages: NamedDependency[Pages],
        who: FromQuery[str] = "",
    ) -> Response[str]:
        return form_page(
            request,
            pages,
            principal,
            benefits.desk(principal, policy_id, who or _first(policy_id, principal)),
        )

    def _first(policy_id: str, principal: Principal) -> str:
        standings = explain(services, principal, policy_id)
        return standings[0].key if standings else ""

    @post("/services/{policy_id:str}/apply", status_code=303, sync_to_thread=True, include_in_schema=False)
    def apply_form(
        request: WebRequest,
        policy_id: FromPath[str],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        desk = benefits.desk(principal, policy_id, data.get("who", ""))
        try:
            declared = read_declared(data, desk.fields)
            if declared and not data.get("promise"):
                where = FieldError("promise", _("请阅读并勾选承诺"))
                raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=[where])
            claim_id = benefits.apply(
                principal,
                desk,
                declared=declared,
                words=data.get("words", ""),
                account_id=_account(data.get("account_id", "")),
            )
        except (InvalidInput, Conflict, OutsideFailure) as problem:
            return form_page(request, pages, principal, desk, given=data, problem=problem)
        return Redirect(f"/tong/claims/{claim_id}", status_code=303)

    @get(
        "/api/v1/services/{policy_id:str}/standings",
        guards=[require(scope="tong")],
        sync_to_thread=True,
        summary="How a policy stands for oneself, one's children and household",
    )
    def list_standings(policy_id: FromPath[str], principal: Me) -> list[Standing]:
        return explain(services, principal, policy_id)

    @post(
        "/api/v1/services/{policy_id:str}/applications",
        guards=[require(scope="tong")],
        sync_to_thread=True,
        summary="Apply, whatever the engine says",
    )
    def apply_api(policy_id: FromPath[str], data: JSONBody[Application], principal: Me) -> Created:
        desk = benefits.desk(principal, policy_id, data.key)
        declared = check_declared(data.declared, desk.fields)
        return Created(
            benefits.apply(principal, desk, declared=declared, words=data.words, account_id=data.account_id)
        )

    return [apply_page, apply_form, list_standings, apply_api]


def _account(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise InvalidInput(
            _("请选择页面上列出的收款账户。"), errors=[FieldError("account_id", _("请选择收款账户"))]
        ) from None
