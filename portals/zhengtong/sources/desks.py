"""Which sources a seat speaks for: an office of civil affairs answers for civil affairs, the administrator for all."""

from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from policy_engine.catalogue import catalogue
from portals.zhengtong.access import seat_of

#: Duties that decide about people's affairs; who only drafts policies does not answer for the register.
ANSWERING = frozenset({"claim.accept", "claim.joint_review", "claim.decide"})


def sources_of(seat: SeatView) -> frozenset[str]:
    """Sources whose name the seat's office bears: 民政局 speaks for 民政."""
    departments = catalogue().departments.values()
    if "admin.system" in seat.duties:
        return frozenset(one.id for one in departments if one.id != "engine")
    if not seat.duties & ANSWERING:
        return frozenset()
    return frozenset(one.id for one in departments if one.name in seat.department)


def require_sources(principal: Principal) -> tuple[SeatView, frozenset[str]]:
    """The seat with what it speaks for. Raises ``Forbidden`` when that is nothing."""
    seat = seat_of(principal)
    sources = sources_of(seat)
    if not sources:
        raise Forbidden(_("您所在的席位不属于数据来源部门，不能办理异议和数据质量任务。"))
    return seat, sources
