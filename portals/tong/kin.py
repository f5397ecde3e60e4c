"""亲情代办: who may act for me, for whom I may act, and asking one of them for help."""

import uuid
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from identity import service as identity
from identity.delegation import mandates, proxies, street
from identity.delegation import repository as delegations
from identity.delegation.models import Mandate, Proxy, SeatAuthorisation
from identity.registry import service as registry
from identity.registry.names import is_same_name
from identity.seats import service as seats
from kernel.errors import FieldError, Forbidden, InvalidInput, NotFound
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.notices import notify
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from kernel.wording import worded
from portals.services import Services
from portals.shared.benefits import Form

Me = NamedDependency[Principal]
MONTHS = {"1": 30, "3": 91, "6": 182, "12": 365}
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]


class KinView(msgspec.Struct, frozen=True, kw_only=True):
    """One delegation, from either side. A guardian was appointed by an authority and is not dismissed here."""

    id: uuid.UUID
    kind: Literal["kin", "guardian"]
    name: str
    relation: str
    until_at: datetime
    may_show_licences: bool


class OfficeView(msgspec.Struct, frozen=True, kw_only=True):
    """An institution or a street's seat that may act for one by a paper on file."""

    id: uuid.UUID
    kind: Literal["institution", "street"]
    name: str
    until_at: datetime


class Kin(msgspec.Struct, frozen=True, kw_only=True):
    act_for_me: tuple[KinView, ...]
    i_act_for: tuple[KinView, ...]
    offices: tuple[OfficeView, ...]


class Delegation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``name`` and ``id_number`` of whoever shall act, together; ``relation`` is what they call you (母亲)."""

    name: Short
    id_number: Short
    relation: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    months: Annotated[int, msgspec.Meta(ge=1, le=12)] = 6
    may_show_licences: bool = False


class Delegations:
    """What a person may do about those who act for them. A proxy may do none of it."""

    def __init__(self, house: House) -> None:
        self._house = house

    def read(self, principal: Principal) -> Kin:
        now, vault = self._house.clock.now(), self._house.vault
        with self._house.database.read() as session:
            given = delegations.live_proxies_from(session, principal.subject_id, now)
            held = delegations.live_proxies_to(session, principal.subject_id, now)
            mandated = delegations.live_mandates(session, now, principal_id=principal.subject_id)
            filed = street.authorisations_on_file(session, principal_id=principal.subject_id, now=now)
            numbers = {row.agent_id for row in given} | {row.principal_id for row in held}
            numbers |= {row.holder_id for row in mandated}
            names = registry.describe(session, numbers, vault=vault)
            return Kin(
                act_for_me=tuple(_view(row, names[row.agent_id].name) for row in given),
                i_act_for=tuple(_view(row, names[row.principal_id].name) for row in held),
                offices=(
                    *(_institution(row, names[row.holder_id].name) for row in mandated),
                    *(_street(session, row) for row in filed),
                ),
            )

    def grant(self, principal: Principal, wanted: Delegation) -> uuid.UUID:
        """Let somebody act, named by name and number so that neither can be tried out alone."""
        _require_oneself(principal)
        now, vault = self._house.clock.now(), self._house.vault
        with self._house.database.write() as session:
            agent_id = self._person(session, wanted)
            proxy_id = identity.grant_proxy(
                session,
                house=self._house,
                principal_id=principal.subject_id,
                agent_id=agent_id,
                relation=wanted.relation.strip(),
                until_at=now + timedelta(days=MONTHS.get(str(wanted.months), wanted.months * 30)),
                scopes=("tong", "licences") if wanted.may_show_licences else ("tong",),
                given_by="phone",
            )
            names = registry.describe(session, [principal.subject_id], vault=vault)
            notify(
                session,
                subject_id=agent_id,
                kind="proxy.received",
                title=worded("有人请您代办"),
                body=worded(
                    "%(person)s请您代为办事。切换身份后就能替对方确认和查看，不能更改收款账户。",
                    person=names[principal.subject_id].name,
                ),
                link="/tong/me/kin",
                now=now,
            )
            return proxy_id

    def revoke(self, principal: Principal, proxy_id: uuid.UUID) -> None:
        _require_oneself(principal)
        with self._house.database.write() as session:
            proxies.revoke_proxy(
                session, proxy_id=proxy_id, by_subject=principal.subject_id, now=self._house.clock.now()
            )

    def end_office(self, principal: Principal, kind: str, number: uuid.UUID) -> None:
        """Take back what an institution or a street may do for one."""
        _require_oneself(principal)
        now = self._house.clock.now()
        with self._house.database.write() as session:
            if kind == "institution":
                mandates.end_mandate_by(session, mandate_id=number, by_subject=principal.subject_id, now=now)
            elif kind == "street":
                street.withdraw_authorisation(session, authorisation_id=number, by=principal, now=now)
            else:
                raise NotFound(_("没有找到这项代办委托。"))

    def ask(self, principal: Principal, proxy_id: uuid.UUID) -> None:
        """叫家人帮忙: a message to somebody who may act already."""
        _require_oneself(principal)
        kin = self.read(principal)
        if proxy_id not in {one.id for one in kin.act_for_me}:
            raise NotFound(_("没有找到这项代办委托。"))
        now = self._house.clock.now()
        with self._house.database.write() as session:
            proxy = delegations.get_proxy(session, proxy_id)
            if proxy is None:
                raise NotFound(_("没有找到这项代办委托。"))
            notify(
                session,
                subject_id=proxy.agent_id,
                kind="proxy.help",
                title=worded("%(person)s请您帮忙", person=principal.name),
                body=worded("对方在东楚通遇到了困难，请和对方联系，或切换身份替对方办理。"),
                link="/tong/me/kin",
                now=now,
            )

    def _person(self, session: Session, wanted: Delegation) -> int:
        vault = self._house.vault
        agent_id = registry.find_by_identifier(session, "id_number", wanted.id_number.strip(), vault=vault)
        view = registry.describe(session, [agent_id], vault=vault).get(agent_id) if agent_id else None
        if (
            agent_id is None
            or view is None
            or view.kind != "person"
            or not is_same_name(view.name, wanted.name)
        ):
            text = _("姓名和身份证号码对不上，请核对后再填。")
            raise InvalidInput(text, errors=[FieldError("id_number", text)])
        return agent_id


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/me/kin`` and its API, and ``/help``."""
    desk = Delegations(services.house)

    def kin_view(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        given: dict[str, str],
        problem: InvalidInput | None = None,
    ) -> Response[str]:
        return pages.page(
            request,
            "tong/kin.html",
            status=problem.status if problem is not None else 200,
            kin=desk.read(principal),
            given={**given, "id_number": ""} if problem is None else given,
            errors=list(problem.errors) if problem is not None else [],
        )

    @get("/me/kin", sync_to_thread=True, include_in_schema=False)
    def kin_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return kin_view(request, pages, principal, {})

    @post("/me/kin", status_code=303, sync_to_thread=True, include_in_schema=False)
    def grant_form(
        request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        try:
            desk.grant(principal, _delegation(data))
        except InvalidInput as problem:
            return kin_view(request, pages, principal, data, problem)
        return Redirect("/tong/me/kin", status_code=303)

    @post("/me/kin/{proxy_id:uuid}/revoke", status_code=303, sync_to_thread=True, include_in_schema=False)
    def revoke_form(proxy_id: FromPath[uuid.UUID], principal: Me) -> Redirect:
        desk.revoke(principal, proxy_id)
        return Redirect("/tong/me/kin", status_code=303)

    @post(
        "/me/kin/{kind:str}/{number:uuid}/end", status_code=303, sync_to_thread=True, include_in_schema=False
    )
    def end_office_form(kind: FromPath[str], number: FromPath[uuid.UUID], principal: Me) -> Redirect:
        desk.end_office(principal, kind, number)
        return Redirect("/tong/me/kin", status_code=303)

    @get("/help", sync_to_thread=True, include_in_schema=False)
    def help_page(
        request: WebRequest, principal: Me, pages: NamedDependency[Pages], asked: FromQuery[str] = ""
    ) -> Response[str]:
        return pages.page(request, "tong/help.html", kin=desk.read(principal), has_asked=asked == "1")

    @post("/help/{proxy_id:uuid}", status_code=303, sync_to_thread=True, include_in_schema=False)
    def ask_form(proxy_id: FromPath[uuid.UUID], principal: Me) -> Redirect:
        desk.ask(principal, proxy_id)
        return Redirect("/tong/help?asked=1", status_code=303)

    guards = [require(scope="tong")]

    @get("/api/v1/delegations", guards=guards, sync_to_thread=True, summary="Who acts for whom")
    def list_delegations(principal: Me) -> Kin:
        return desk.read(principal)

    @post("/api/v1/delegations", guards=guards, sync_to_thread=True, summary="Let somebody act for one")
    def grant_api(data: JSONBody[Delegation], principal: Me) -> Kin:
        desk.grant(principal, data)
        return desk.read(principal)

    @post(
        "/api/v1/delegations/{proxy_id:uuid}/revoke",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="End a delegation, from either side",
    )
    def revoke_api(proxy_id: FromPath[uuid.UUID], principal: Me) -> None:
        desk.revoke(principal, proxy_id)

    @post(
        "/api/v1/delegations/{kind:str}/{number:uuid}/end",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="Take back what an institution or a street's seat may do",
    )
    def end_office_api(kind: FromPath[str], number: FromPath[uuid.UUID], principal: Me) -> None:
        desk.end_office(principal, kind, number)

    return [
        kin_page,
        grant_form,
        revoke_form,
        end_office_form,
        end_office_api,
        help_page,
        ask_form,
        list_delegations,
        grant_api,
        revoke_api,
    ]


def _delegation(form: dict[str, str]) -> Delegation:
    wanted = {
        "name": _("请填写对方的姓名"),
        "id_number": _("请填写对方的身份证号码"),
        "relation": _("请填写对方怎么称呼您"),
    }
    errors = [FieldError(name, text) for name, text in wanted.items() if not form.get(name, "").strip()]
    if len(form.get("relation", "")) > 20:
        errors.append(FieldError("relation", _("请控制在二十字以内")))
    if form.get("months") not in MONTHS:
        errors.append(FieldError("months", _("请选择期限")))
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return Delegation(
        name=form["name"][:50],
        id_number=form["id_number"][:50],
        relation=form["relation"],
        months=int(form["months"]),
        may_show_licences=form.get("may_show_licences") == "1",
    )


def _require_oneself(principal: Principal) -> None:
    if principal.capacity != "self":
        raise Forbidden(_("代办期间不能办理这件事，请先切换回本人身份。"))


def _view(row: Proxy, name: str) -> KinView:
    return KinView(
        id=row.proxy_id,
        kind="guardian" if row.kind == "guardian" else "kin",
        name=name,
        relation=row.relation,
        until_at=row.until_at,
        may_show_licences="licences" in row.scopes,
    )


def _institution(row: Mandate, name: str) -> OfficeView:
    return OfficeView(id=row.mandate_id, kind="institution", name=name, until_at=row.until_at)


def _street(session: Session, row: SeatAuthorisation) -> OfficeView:
    return OfficeView(
        id=row.authorisation_id,
        kind="street",
        name=seats.describe_seat(session, row.seat_id).title,
        until_at=row.until_at,
    )
