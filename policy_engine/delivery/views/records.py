"""Signed decision records, for the person they are about and for the seat that has the claim.

A record is given with the values that its reader may see: their own and their household's, a firm's own, of a worker
only what is general; an official sees all but the highest class. What is withheld stays in it as a digest.
"""

import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import Attribute
from policy_engine.decisions import repository
from policy_engine.decisions.models import DecisionRecord
from policy_engine.decisions.record import DecisionFile, Record
from policy_engine.delivery.access import Relation, sees_claim
from policy_engine.delivery.cases.schemas import RecordView
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import stages_of
from policy_engine.delivery.claims.standing import find_relation
from policy_engine.delivery.offers import repository as offer_rows
from policy_engine.delivery.ports import Ports

OUTCOMES = {
    "offered": N_("推送"),
    "granted": N_("准予"),
    "refused": N_("不予批准"),
    "upheld": N_("申诉：维持"),
    "overturned": N_("申诉：撤销原决定"),
}
MayRead = Callable[[int, int, Attribute], bool]


def records_of(session: Session, claim: Claim) -> tuple[RecordView, ...]:
    """Everything on record about a claim and the offer it came from, the oldest first."""
    rows = repository.records_about(session, offer_id=claim.offer_id, claim_id=claim.id)
    return tuple(
        RecordView(id=row.id, outcome=_(OUTCOMES[row.outcome]), issued_at=row.created_at) for row in rows
    )


def decision_file(
    session: Session, ports: Ports, record_id: uuid.UUID, principal: Principal, *, now: datetime
) -> DecisionFile:
    """The record to be downloaded. ``NotFound`` for strangers and for seats that have no business with it."""
    row, may_read = readable_record(session, ports, record_id, principal, now=now)
    return ports.records.file(session, row, may_read)


def readable_record(
    session: Session, ports: Ports, record_id: uuid.UUID, principal: Principal, *, now: datetime
) -> tuple[DecisionRecord, MayRead]:
    """The record, and which of its values this reader may see. Raises ``NotFound`` as ``decision_file`` does."""
    row = repository.find_record(session, record_id)
    may_read = None if row is None else _reader(session, ports, row, principal, now)
    if row is None or may_read is None:
        raise NotFound(_("没有找到您要的内容。"))
    return row, may_read


def _reader(
    session: Session, ports: Ports, row: DecisionRecord, principal: Principal, now: datetime
) -> MayRead | None:
    claim = None if row.claim_id is None else claim_rows.get_claim(session, row.claim_id)
    offer = None if row.offer_id is None else offer_rows.get_offer(session, row.offer_id)
    if principal.capacity == "seat":
        if claim is None and row.offer_id is not None:
            claim = claim_rows.latest_of_offer(session, row.offer_id)
        if claim is not None and sees_claim(principal, stages_of(claim), claim.division):
            return lambda _place, _subject, attribute: attribute.sensitivity != "highest"
    division = claim.division if claim is not None else offer.division if offer is not None else ""
    relation = find_relation(session, ports, principal, row.subject_id, division, now)
    return None if relation is None else _by_relation(relation, row, principal)


def _by_relation(relation: Relation, row: DecisionRecord, principal: Principal) -> MayRead:
    unit = msgspec.json.decode(row.content, type=Record).unit

    def may_read(place: int, subject_id: int, attribute: Attribute) -> bool:
        if subject_id == principal.subject_id:
            return True
        if relation in ("self", "guardian"):
            return place in (0, unit)
        if relation == "enterprise":
            return place == 0 or (place == unit and attribute.sensitivity == "general")
        return relation == "counter" and attribute.sensitivity != "highest"

    return may_read
