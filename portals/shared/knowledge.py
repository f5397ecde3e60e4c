"""What the city knows about one: from whom, since when, used for what; saying that it is wrong; not being looked for."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from connectors.resilience import Watch
from connectors.resilience.states import states
from kernel.errors import Conflict, DongchuError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.matching.footing import footing_of
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.disclosure import known_about, other_words, past_words
from policy_engine.profiles.objections import service as objections
from policy_engine.profiles.objections.service import ObjectionView
from policy_engine.profiles.schemas import KnownAbout, OtherWord, PastWord
from portals.services import Services
from portals.shared.benefits import Form

Me = NamedDependency[Principal]
Short = Annotated[str, msgspec.Meta(max_length=500)]


class Objecting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong with a fact, and what would be right (may be left empty)."""

    wrong: Short
    right: Short = ""


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether policies may look for one by themselves."""

    may_be_found: bool


class PolicyUse(msgspec.Struct, frozen=True):
    """A policy in force whose conditions read this fact."""

    policy_id: str
    title: str


class FactDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One fact with everything behind it. ``source_down_since`` says that its source cannot be asked just now."""

    fact: KnownAbout
    uses: tuple[str, ...]
    retention: str
    policies: tuple[PolicyUse, ...]
    other_words: tuple[OtherWord, ...]
    history: tuple[PastWord, ...]
    objections: tuple[ObjectionView, ...]
    is_source_down: bool


class Knowledge:
    """Of whoever the visitor acts for: only themselves, or who they may act for, as identity has granted it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._house = services.house

    def detail(self, principal: Principal, attribute_id: str) -> FactDetail:
        """Raises ``NotFound`` when nothing of the kind is known."""
        house, today = self._house, self._house.clock.today()
        attribute = _attribute(attribute_id)
        with house.database.read() as session:
            facts = {one.attribute: one for one in known_about(session, principal.acting_for)}
            if attribute_id not in facts:
                raise NotFound(_("没有登记这项信息。"))
            known = profiles.load_subjects(session, [principal.acting_for])[principal.acting_for]
            fact = known.facts[attribute.key]
            raised = objections.of_subject(session, house.vault, principal.acting_for, today)
            published = self._services.published.current(session)
            systems = states(session, Watch(house.ephemeral, house.clock), now=house.clock.now())
            return FactDetail(
                fact=facts[attribute_id],
                uses=attribute.permitted_uses,
                retention=attribute.retention,
                policies=tuple(
                    PolicyUse(one.document.id, one.document.title)
                    for one in published.effective_on(today)
                    if attribute in footing_of(one.document, published.statuses).reading.attributes
                ),
                other_words=other_words(session, principal.acting_for, attribute, fact),
                history=past_words(session, principal.acting_for, attribute),
                objections=tuple(one for one in raised if one.attribute == attribute_id),
                is_source_down=any(
                    one.condition == "down" and SOURCES_OF_SYSTEMS.get(one.system, one.system) == fact.source
                    for one in systems
                ),
            )

    def raise_objection(self, principal: Principal, attribute_id: str, words: Objecting) -> ObjectionView:
        house = self._house
        _require_owner(principal)
        with house.database.write() as session:
            return objections.raise_objection(
                session,
                house.vault,
                subject_id=principal.acting_for,
                attribute_id=attribute_id,
                wrong=words.wrong,
                right=words.right,
                by=principal.subject_id,
                now=house.clock.now(),
            )

    def withdraw(self, principal: Principal, objection_id: uuid.UUID) -> None:
        with self._house.database.write() as session:
            objections.withdraw(
                session, objection_id, subject_id=principal.acting_for, now=self._house.clock.now()
            )

    def objections(self, principal: Principal) -> list[ObjectionView]:
        house = self._house
        with house.database.read() as session:
            return objections.of_subject(session, house.vault, principal.acting_for, house.clock.today())

    def finding(self, principal: Principal) -> Finding:
        with self._house.database.read() as session:
            return Finding(not objections.is_quiet(session, principal.acting_for))

    def choose(self, principal: Principal, chosen: Finding) -> Finding:
        _require_owner(principal)
        with self._house.database.write() as session:
            objections.choose_quiet(
                session,
                principal.acting_for,
                is_quiet=not chosen.may_be_found,
                now=self._house.clock.now(),
            )
        return chosen


#: Where a connector is called otherwise than the source of its facts.
SOURCES_OF_SYSTEMS = {"social_insurance": "human_resources", "technology": "science", "banks": "bank"}


def handlers(services: Services, portal: str) -> list[ControllerRouterHandler]:
    """``/facts/{attribute}``, ``/finding`` and their API."""
    ours = Knowledge(services)

    def shown(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        attribute: str,
        given: dict[str, str],
        problem: DongchuError | None = None,
    ) -> Response[str]:
        return pages.page(
            request,
            "shared/fact.html",
            status=200 if problem is None else problem.status,
            detail=ours.detail(principal, attribute),
            given=given,
            problem=problem,
        )

    @get("/facts/{attribute:str}", sync_to_thread=True, include_in_schema=False)
    def fact_page(
        request: WebRequest, attribute: FromPath[str], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return shown(request, pages, principal, attribute, {})

    @post("/facts/{attribute:str}/objections", status_code=303, sync_to_thread=True, include_in_schema=False)
    def objection_form(
        request: WebRequest,
        attribute: FromPath[str],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        words = Objecting(data.get("wrong", ""), data.get("right", ""))
        try:
            ours.raise_objection(principal, attribute, words)
        except (InvalidInput, Conflict) as problem:
            return shown(request, pages, principal, attribute, data, problem)
        return Redirect(f"/{portal}/facts/{attribute}", status_code=303)

    @post(
        "/objections/{objection_id:uuid}/withdraw",
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def withdraw_form(objection_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        ours.withdraw(principal, objection_id)
        return Redirect(f"/{portal}/facts/{_attribute(data.get('attribute', '')).id}", status_code=303)

    @get("/finding", sync_to_thread=True, include_in_schema=False)
    def finding_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "shared/finding.html", finding=ours.finding(principal))

    @post("/finding", status_code=303, sync_to_thread=True, include_in_schema=False)
    def finding_form(data: Form, principal: Me) -> Redirect:
        ours.choose(principal, Finding(data.get("found") == "1"))
        return Redirect(f"/{portal}/finding", status_code=303)

    guards = [require(scope=portal)]

    @get(
        "/api/v1/facts/{attribute:str}",
        guards=guards,
        sync_to_thread=True,
        tags=["facts"],
        summary="One fact: source, uses, other words, history",
    )
    def get_fact(attribute: FromPath[str], principal: Me) -> FactDetail:
        return ours.detail(principal, attribute)

    @get("/api/v1/objections", guards=guards, sync_to_thread=True, tags=["facts"], summary="One's objections")
    def list_objections(principal: Me) -> list[ObjectionView]:
        return ours.objections(principal)

    @post(
        "/api/v1/facts/{attribute:str}/objections",
        guards=guards,
        status_code=201,
        sync_to_thread=True,
        tags=["facts"],
        summary="Say that a fact is wrong",
    )
    def add_objection(attribute: FromPath[str], data: JSONBody[Objecting], principal: Me) -> ObjectionView:
        return ours.raise_objection(principal, attribute, data)

    @post(
        "/api/v1/objections/{objection_id:uuid}/withdraw",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        tags=["facts"],
        summary="Take an objection back",
    )
    def withdraw(objection_id: FromPath[uuid.UUID], principal: Me) -> None:
        ours.withdraw(principal, objection_id)

    @get(
        "/api/v1/finding",
        guards=guards,
        sync_to_thread=True,
        tags=["facts"],
        summary="Whether policies may look for one",
    )
    def get_finding(principal: Me) -> Finding:
        return ours.finding(principal)

    @post(
        "/api/v1/finding",
        guards=guards,
        status_code=200,
        sync_to_thread=True,
        tags=["facts"],
        summary="Choose whether policies may look for one; no benefit is lost",
    )
    def choose_finding(data: JSONBody[Finding], principal: Me) -> Finding:
        return ours.choose(principal, data)

    return [
        fact_page,
        objection_form,
        withdraw_form,
        finding_page,
        finding_form,
        get_fact,
        list_objections,
        add_objection,
        withdraw,
        get_finding,
        choose_finding,
    ]


def _attribute(attribute_id: str) -> Attribute:
    try:
        return catalogue().attribute(attribute_id)
    except KeyError:
        raise NotFound(_("没有登记这项信息。")) from None


def _require_owner(principal: Principal) -> None:
    """An official's seat never objects or chooses for somebody."""
    if principal.capacity == "seat":
        raise Forbidden(_("请以本人、代办人或企业的身份办理。"))
