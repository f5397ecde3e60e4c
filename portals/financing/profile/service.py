"""一企一档: everything known of the firm one acts for, on one page: facts with sources, certificates, tags, credit, health."""

from datetime import date

import msgspec

from kernel.errors import NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from licenses import wallet
from policy_engine.profiles.disclosure import known_about
from policy_engine.profiles.repository import load_families
from policy_engine.profiles.schemas import Family, KnownAbout
from portals.financing.products.offered import OfferedProducts
from portals.financing.profile.credit import CreditLine, credit_of
from portals.financing.profile.health import HealthCheck, health_of
from portals.services import Services


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One licence of the firm."""

    title: str
    number: str
    state_label: str
    until: date | None
    href: str


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A word for the firm, and the fact that it stands on."""

    text: str
    attribute: str
    source: str


class EnterpriseProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The firm as the city knows it; only those who act for it see this."""

    name: str
    tags: tuple[Tag, ...]
    facts: tuple[KnownAbout, ...]
    certificates: tuple[Certificate, ...]
    credit: tuple[CreditLine, ...]
    health: HealthCheck


#: Attribute → its tag; True stands for the word itself, None for the value's own name.
_TAGS: dict[str, str | None] = {
    "firm.firm_kind": None,
    "firm.size": None,
    "firm.industry": None,
    "firm.hitech_recognition": N_("高新技术企业"),
    "firm.is_technology_sme": N_("科技型中小企业"),
    "firm.speciality": None,
    "firm.is_above_scale": N_("规上企业"),
    "firm.green_factory": N_("绿色工厂"),
    "firm.food_business": N_("持有食品经营许可"),
}


class Profiles:
    """Of the firm one acts for."""

    def __init__(self, services: Services, offered: OfferedProducts) -> None:
        self._services = services
        self._offered = offered

    def profile(self, principal: Principal) -> EnterpriseProfile:
        """Raises ``NotFound`` for a firm that no register has told us of."""
        house = self._services.house
        with house.database.read() as session:
            family = load_families(session, [principal.acting_for]).get(principal.acting_for)
            if family is None:
                raise NotFound(_("城市还没有这家企业的登记信息，暂时不能匹配产品。请先到市场监管部门登记。"))
            facts = known_about(session, principal.acting_for)
            offered = self._offered.current(session)
            may_see_licences = principal.has_scope("licences")
            licences = wallet.wallet(session, house, [principal.acting_for]) if may_see_licences else []
            return EnterpriseProfile(
                name=principal.acting_for_name,
                tags=tuple(_tags(facts, family)),
                facts=tuple(facts),
                certificates=tuple(
                    Certificate(
                        title=one.name,
                        number=one.number,
                        state_label=one.state_label,
                        until=one.valid_until,
                        href=f"/rongtong/wallet/{one.id}",
                    )
                    for one in licences
                ),
                credit=tuple(credit_of(family)),
                health=health_of(session, self._services, principal, family, offered),
            )

    def health(self, principal: Principal) -> HealthCheck:
        return self.profile(principal).health


def _tags(facts: list[KnownAbout], family: Family) -> list[Tag]:
    found = [
        Tag(text=_(word) if word else one.text, attribute=one.attribute, source=one.source_name)
        for one in facts
        if one.attribute in _TAGS and not one.is_none
        for word in [_TAGS[one.attribute]]
    ]
    if not family.of_kind("loan"):
        found.append(Tag(text=_("首贷户（平台上没有贷款记录）"), attribute="", source=_("平台记录")))
    return found
