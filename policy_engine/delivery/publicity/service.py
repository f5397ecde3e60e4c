"""Running notices as the public reads them, and objections that anybody can make to them."""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_token
from kernel.wording import worded
from policy_engine.delivery.access import serves
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.cases.timeline import Actor
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.objections import add_objection
from policy_engine.delivery.claims.stages import decide_index, stages_of
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.publicity import repository
from policy_engine.delivery.publicity.models import NoticeObjection
from policy_engine.delivery.publicity.showing import NoticeEntry, entry_of
from policy_engine.delivery.states import ClaimState
from policy_engine.delivery.words import checked_words

LONGEST_CONTACT = 100
#: Enough for any real case, and an end to whoever only wants to fill a table.
MOST_OPEN = 20
MOST_LISTED = 500
PUBLIC = Actor("person", None, "公众")


class ObjectionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What an objector reads by the code they were given; ``outcome`` empty while it is looked into."""

    title: str
    made_at: datetime
    due_on: str
    outcome: str
    answer: str


def running_notices(
    session: Session, ports: Ports, *, division: str = "", policy_id: str = "", now: datetime
) -> list[NoticeEntry]:
    """What runs today; on the day after its last it is gone."""
    today = business_date(now)
    claims = repository.running(session, today, division, policy_id, MOST_LISTED)
    found = (_entry(session, ports, claim, now) for claim in claims)
    return [one for one in found if one is not None]


def running_notice(session: Session, ports: Ports, claim_id: uuid.UUID, *, now: datetime) -> NoticeEntry:
    """One of them. Raises ``NotFound`` for whatever does not run today, so that claims cannot be tried out."""
    claim = claim_rows.get_claim(session, claim_id)
    entry = _entry(session, ports, claim, now) if claim is not None and _runs(claim, now) else None
    if entry is None:
        raise NotFound(_("这条公示不存在，或者公示期已过。"))
    return entry


def object_publicly(
    session: Session,
    ports: Ports,
    vault: Vault,
    *,
    claim_id: uuid.UUID,
    grounds: str,
    contact: str,
    now: datetime,
) -> str:
    """An objection from the public, with or without a name; returns the code by which its answer is read.

    The notice stops, and a seat that decides such claims looks into it.
    """
    claim = claim_rows.lock_claim(session, claim_id)
    if claim is None or not _runs(claim, now):
        raise NotFound(_("这条公示不存在，或者公示期已过。"))
    if _entry(session, ports, claim, now) is None:
        raise NotFound(_("这条公示不存在，或者公示期已过。"))
    grounds = checked_words(grounds, _("请写明异议的内容和理由。"))
    contact = contact.strip()
    if len(contact) > LONGEST_CONTACT:
        raise InvalidInput(_("联系方式过长。"))
    if len(repository.open_objections(session, claim.id)) >= MOST_OPEN:
        raise Conflict(_("这条公示已收到多条异议，正在核查。"))
    receipt = new_token(128)
    row = add_objection(session, claim, "public", grounds, PUBLIC, now=now)
    row.receipt_hash = vault.hash_token(receipt)
    if contact:
        row.contact_sealed = vault.seal(contact, context=f"notice_objection/contact_sealed/{row.id}")
    _tell_deciders(session, ports, claim, row, now=now)
    return receipt


def objection_seen(session: Session, ports: Ports, vault: Vault, receipt: str) -> ObjectionSeen:
    """Raises ``NotFound`` for a code that was never given."""
    row = repository.by_receipt(session, vault.hash_token(receipt[:100]))
    claim = claim_rows.get_claim(session, row.claim_id) if row is not None else None
    if row is None or claim is None:
        raise NotFound(_("没有这个查询码，请核对后再试。"))
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    return ObjectionSeen(
        title=terms.title,
        made_at=row.made_at,
        due_on=row.due_on.isoformat(),
        outcome=row.outcome or "",
        answer=row.answer or "",
    )


def contact_of(vault: Vault, row: NoticeObjection) -> str:
    """For the seat that looks into it."""
    if row.contact_sealed is None:
        return ""
    return vault.open(row.contact_sealed, context=f"notice_objection/contact_sealed/{row.id}")


def _runs(claim: Claim, now: datetime) -> bool:
    """Its last day counts; an objection does not take it down while others may still object."""
    is_shown = claim.state in (ClaimState.NOTICE, ClaimState.OBJECTION)
    return is_shown and claim.notice_until_on is not None and business_date(now) <= claim.notice_until_on


def _entry(session: Session, ports: Ports, claim: Claim, now: datetime) -> NoticeEntry | None:
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    concerned = {claim.subject_id, claim.applicant_id}
    minors = ports.people.minors_among(session, concerned, business_date(now))
    return entry_of(claim, terms, ports.people.name_of(session, claim.subject_id), minors)


def _tell_deciders(
    session: Session, ports: Ports, claim: Claim, row: NoticeObjection, *, now: datetime
) -> None:
    stages = stages_of(claim)
    stage = stages[decide_index(stages)]
    hands = claim_rows.officials_of(session, [claim.id]).get(claim.id, set())
    holders = {
        one
        for held in ports.people.held_seats(session, now)
        if serves(held.seat, stage, claim.division)
        for one in held.holders
    }
    title = worded("公示收到异议：%(number)s", number=claim.case_number)
    body = worded("请在 %(due)s 前核查。", due=row.due_on)
    tell_these(
        session,
        holders - hands,
        "claim.objection",
        title,
        body,
        link=f"/zhengtong/claims/{claim.id}",
        now=now,
    )
