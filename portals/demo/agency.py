"""An accountancy of the demonstration that acts for two firms: one to-do list, one click from one firm to the other."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from identity.delegation import mandates
from identity.delegation.enterprises import AGENT_SCOPES
from identity.registry import service as registry
from identity.registry.identifiers import uscc_check_character
from identity.registry.schemas import RelationshipRow
from kernel.clock import business_date
from kernel.house import House
from portals.demo.cast import Cast

NAME = "黄石磁湖代理记账有限公司"
_FIRST_17 = "91420299MA4DA1X0T"
USCC = _FIRST_17 + uscc_check_character(_FIRST_17)


def create_agency(session: Session, house: House, cast: Cast) -> int:
    """The accountancy, headed by the cast's accountant, and its two clients' mandates; its subject number."""
    now = house.clock.now()
    agency = registry.ensure(
        session,
        kind="firm",
        name=NAME,
        identifier_kind="uscc",
        identifier=USCC,
        vault=house.vault,
        now=now,
    )
    registry.load_relationships(
        session,
        [
            RelationshipRow(
                kind="legal_representative",
                from_subject=cast.accountant,
                to_subject=agency,
                source="demo",
                from_on=business_date(now),
                until_on=None,
            )
        ],
    )
    for firm_id, head in ((cast.firm, cast.legal_representative), (cast.other_firm, cast.other_head)):
        _let_act(session, agency, firm_id, head, cast.accountant, now)
    return agency


def _let_act(session: Session, agency: int, firm_id: int, head: int, accountant: int, now: datetime) -> None:
    mandate_id = mandates.grant_mandate(
        session,
        firm_id=firm_id,
        agency_id=agency,
        granted_by=head,
        scopes=AGENT_SCOPES,
        until_at=now + timedelta(days=360),
        now=now,
    )
    mandates.assign(session, mandate_id=mandate_id, subject_id=accountant, assigned_by=accountant, now=now)
