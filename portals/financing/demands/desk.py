"""What a firm may do about its financing, one transaction each: for pages and API from the same functions."""

import uuid
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import Conflict, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.profiles.evaluation import facts_for
from policy_engine.profiles.repository import load_families
from policy_engine.profiles.schemas import Family
from portals.financing.demands import authorisation, repository, routing, service, views
from portals.financing.demands.models import Demand
from portals.financing.demands.schemas import Actor, Candidate, Wish
from portals.financing.demands.views import AuthorisationView, DemandDetail, DemandRow, Preview
from portals.financing.demands.wishes import wish_from
from portals.financing.products.matching import Match, match_demand
from portals.financing.products.offered import OfferedProducts, OfferedSet
from portals.financing.products.views import (
    ProductDetail,
    ProductRow,
    failing_conditions,
    product_for,
    products_for,
)
from portals.financing.profile.items import items_for
from portals.services import Services


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a firm chooses to let banks read: the items, for how many days, once or as often as needed; some banks or all."""

    items: tuple[str, ...]
    days: int = 90
    is_once: bool = False
    banks: tuple[str, ...] = ()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The question for the identity service; a program sends ``authorization_details`` with its own request."""

    authorisation_id: uuid.UUID
    authorization_details: tuple[dict[str, Any], ...]


class FinancingDesk:
    """Of the firm one acts for."""

    def __init__(self, services: Services, offered: OfferedProducts) -> None:
        self._house = services.house
        self._offered = offered

    def products(self, principal: Principal) -> list[ProductRow]:
        offered, family = self._read(principal)
        return products_for(offered, family, self._house.clock.today())

    def product(self, principal: Principal, product_id: str) -> ProductDetail:
        offered, family = self._read(principal)
        return product_for(offered, family, product_id, self._house.clock.today())

    def demands(self, principal: Principal) -> list[DemandRow]:
        with self._house.database.read() as session:
            return views.demands_of(session, principal.acting_for)

    def demand(self, principal: Principal, demand_id: uuid.UUID) -> DemandDetail:
        with self._house.database.read() as session:
            demand = _own(session, demand_id, principal)
            return views.detail_of(session, demand, self._offered.current(session), self._house.clock.now())

    def draft(self, principal: Principal, wish: Wish) -> uuid.UUID:
        house = self._house
        with house.database.write() as session:
            family = _family(session, principal)
            demand = service.draft(
                session,
                self._with_its_bank(session, wish),
                by=Actor.firm(principal),
                division=family.owner.division,
                now=house.clock.now(),
            )
            return demand.id

    def wish(self, principal: Principal, demand_id: uuid.UUID) -> Wish:
        """What a draft says, to be changed. Raises ``Conflict`` once banks have it."""
        with self._house.database.read() as session:
            demand = _own(session, demand_id, principal)
            service.check_amendable(demand)
            return wish_from(demand)

    def amend(self, principal: Principal, demand_id: uuid.UUID, wish: Wish) -> None:
        with self._house.database.write() as session:
            service.amend(
                session,
                demand_id,
                self._with_its_bank(session, wish),
                by=Actor.firm(principal),
                now=self._house.clock.now(),
            )

    def preview(self, principal: Principal, demand_id: uuid.UUID) -> Preview:
        """Which banks would be asked in which order, what else was looked at, and which items they need."""
        now = self._house.clock.now()
        with self._house.database.read() as session:
            demand = _own(session, demand_id, principal)
            family, offered = _registered(session, demand), self._offered.current(session)
            matches = self._matches(session, demand)
            candidates = routing.in_order(matches, demand, routing.records_of(session, now))
        failing = failing_conditions(offered, family, self._house.clock.today())
        chosen = {one.product_id for one in candidates}
        policies = [one.product.policy for one in matches if one.product.document.id in chosen]
        return views.preview_of(demand, matches, candidates, items_for(policies), failing)

    def ask(self, principal: Principal, demand_id: uuid.UUID, chosen: Chosen) -> Asked:
        """Write down what is going to be asked; it says nothing until it is given at the identity service."""
        house = self._house
        now = house.clock.now()
        with house.database.write() as session:
            demand = service.own_demand(session, demand_id, Actor.firm(principal))
            banks = [one.bank_code for one in self._candidates(session, demand, now)]
            banks += [one.bank_code for one in repository.applications_of(session, demand.id)]
            if chosen.banks:
                banks = [one for one in banks if one in chosen.banks]
            row = authorisation.ask(
                session,
                demand,
                items=chosen.items,
                bank_codes=banks,
                days=chosen.days,
                is_once=chosen.is_once,
                now=now,
            )
            return Asked(
                authorisation_id=row.id, authorization_details=(authorisation.detail_of(row, demand),)
            )

    def give(self, answer: Principal) -> uuid.UUID:
        """Take a consent and put the demand to the authorised banks; one that is with banks already stays there."""
        house = self._house
        now = house.clock.now()
        with house.database.write() as session:
            row = authorisation.give(session, answer, now=now)
            by = Actor.firm(answer)
            demand = service.own_demand(session, row.demand_id, by)
            if service.may_post(demand):
                demand.is_first_loan = not _registered(session, demand).of_kind("loan")
                candidates = self._candidates(session, demand, now)
                allowed = [one for one in candidates if one.bank_code in row.bank_codes]
                service.post(session, demand.id, allowed, by=by, now=now)
            return demand.id

    def withdraw(self, principal: Principal, demand_id: uuid.UUID, note: str = "") -> None:
        """The whole demand, with what banks may read for it."""
        house = self._house
        with house.database.write() as session:
            by = Actor.firm(principal)
            service.withdraw(session, demand_id, by=by, now=house.clock.now(), note=note)
            for row in repository.authorisations_of(session, demand_id):
                authorisation.withdraw(session, row.id, principal=principal, now=house.clock.now())

    def authorisations(self, principal: Principal) -> list[AuthorisationView]:
        with self._house.database.read() as session:
            return views.authorisations_of(session, principal.acting_for, self._house.clock.now())

    def withdraw_authorisation(self, principal: Principal, authorisation_id: uuid.UUID) -> None:
        house = self._house
        with house.database.write() as session:
            authorisation.withdraw(session, authorisation_id, principal=principal, now=house.clock.now())

    def _with_its_bank(self, session: Session, wish: Wish) -> Wish:
        """A wish for a product is one for its bank. Raises ``NotFound``."""
        if wish.wanted_product is None:
            return wish
        product = self._offered.current(session).by_id.get(wish.wanted_product)
        if product is None:
            raise NotFound(_("没有找到这项产品，可能已经下架。"))
        return msgspec.structs.replace(wish, wanted_bank=product.document.institution)

    def _read(self, principal: Principal) -> tuple[OfferedSet, Family]:
        with self._house.database.read() as session:
            return self._offered.current(session), _family(session, principal)

    def _candidates(self, session: Session, demand: Demand, now: datetime) -> list[Candidate]:
        return routing.in_order(self._matches(session, demand), demand, routing.records_of(session, now))

    def _matches(self, session: Session, demand: Demand) -> list[Match]:
        firm = facts_for(_registered(session, demand), demand.firm_id)
        offered = self._offered.current(session)
        return match_demand(offered, firm, routing.asked_of(demand), self._house.clock.today())


def _own(session: Session, demand_id: uuid.UUID, principal: Principal) -> Demand:
    demand = repository.demand_of(session, demand_id, principal.acting_for)
    if demand is None:
        raise NotFound(_("没有找到这项融资需求。"))
    return demand


def _registered(session: Session, demand: Demand) -> Family:
    """The demand's firm as the city knows it. Raises ``Conflict``."""
    family = load_families(session, [demand.firm_id]).get(demand.firm_id)
    if family is None:
        raise Conflict(_("城市还没有这家企业的登记信息，暂时不能匹配产品。请先到市场监管部门登记。"))
    return family


def _family(session: Session, principal: Principal) -> Family:
    family = load_families(session, [principal.acting_for]).get(principal.acting_for)
    if family is None:
        raise NotFound(_("城市还没有这家企业的登记信息，暂时不能匹配产品。请先到市场监管部门登记。"))
    return family
