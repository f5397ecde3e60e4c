"""In which role somebody stands before an offer or a claim, or that it does not exist for them."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.access import Relation, relation_to
from policy_engine.delivery.ports import Ports


def find_relation(
    session: Session, ports: Ports, principal: Principal, subject_id: int, division: str, now: datetime
) -> Relation | None:
    """The role of ``principal`` towards a subject; asks for wards only where that could matter."""
    may_be_guardian = principal.capacity == "self" and principal.subject_id != subject_id
    on = business_date(now)
    wards = ports.people.wards_of(session, principal.subject_id, on) if may_be_guardian else frozenset()
    return relation_to(principal, subject_id, wards=wards, division=division)


def require_relation(
    session: Session, ports: Ports, principal: Principal, subject_id: int, division: str, now: datetime
) -> Relation:
    """Raises ``NotFound`` for a stranger, so that numbers cannot be tried out."""
    relation = find_relation(session, ports, principal, subject_id, division, now)
    if relation is None:
        raise NotFound(_("没有找到您要的内容。"))
    return relation


def subjects_of(session: Session, ports: Ports, principal: Principal, now: datetime) -> frozenset[int]:
    """Whose affairs a person sees in this capacity: their own and their wards', or those they act for."""
    if principal.capacity == "self":
        wards = ports.people.wards_of(session, principal.subject_id, business_date(now))
        return frozenset({principal.subject_id}) | wards
    if principal.capacity in ("person", "enterprise"):
        return frozenset({principal.acting_for})
    return frozenset()
