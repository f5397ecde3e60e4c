"""Whom a publication reaches: wider step by step, back again when it was wrong, and until the offer's last day."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.wording import as_said, worded
from policy_engine.delivery.awards import allowance
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.cases.holds import place_hold
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.offers import repository
from policy_engine.delivery.offers.batch import Batch
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.offers.presenting import invite, last_day, log, present
from policy_engine.delivery.offers.repository import Row
from policy_engine.delivery.periods import beginning
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import OFFER, OfferState
from policy_engine.delivery.terms import Terms
from policy_engine.profiles.objections.repository import quiet_among

S = OfferState


class Page(msgspec.Struct, frozen=True):
    """Where work that goes through all offers of a policy stands; ``after`` is none when it is through."""

    changed: int
    after: uuid.UUID | None


def widen_rollout(
    session: Session,
    ports: Ports,
    *,
    policy_id: str,
    after: uuid.UUID | None,
    now: datetime,
    limit: int = 300,
) -> Page:
    """Offer to those matched whom a publication has now reached. Call again with ``after`` until it is none.

    Who asked not to be found since the match stays matched and unseen.
    """
    rows = repository.lock_page(session, policy_id, (S.MATCHED,), after=after, limit=limit)
    quiet = quiet_among(session, {row.subject_id for row in rows})
    batch = Batch(session, ports, now)
    changed = 0
    for terms, of_version in _by_version(session, ports, policy_id, rows):
        reached = [
            row
            for row in of_version
            if terms.is_inside_rollout(row.subject_id) and row.subject_id not in quiet
        ]
        if terms.mode == "automatic":
            for offer in _still_open(session, ports, terms, [row.id for row in reached], now):
                changed += 1
                before, offer.state = offer.state, OFFER.move(S(offer.state), "offer")
                present(batch, offer, terms, before)
        else:
            changed += len(reached)
            _invite_all(batch, reached, terms)
    batch.write()
    return Page(changed, rows[-1].id if len(rows) == limit else None)


def _still_open(
    session: Session, ports: Ports, terms: Terms, offer_ids: Sequence[uuid.UUID], now: datetime
) -> Iterator[Offer]:
    """Those of which a claim can begin by itself: not granted, applied for or used up since they were matched."""
    found = repository.lock_offers(session, offer_ids)
    units = {(offer.policy_id, offer.unit_id) for offer in found}
    taken = {*award_rows.lock_live(session, units), *claim_rows.units_under_claim(session, units)}
    on = beginning(terms, business_date(now))
    for offer in found:
        unit = (offer.policy_id, offer.unit_id)
        reached = allowance.used_up(session, ports, terms, offer.subject_id, offer.unit_id, on=on)
        if unit not in taken and reached is None:
            taken.add(unit)  # another offer of the same unit may stand on the same page
            yield offer


def _invite_all(batch: Batch, rows: Sequence[Row], terms: Terms) -> None:
    state = OFFER.move(S.MATCHED, "offer")
    repository.change_all(
        batch.session,
        [row.id for row in rows],
        state=state,
        lapses_on=last_day(terms, batch.now),
        updated_at=batch.now,
    )
    for row in rows:
        invite(batch, row, terms, (row.state, state))


def _by_version(
    session: Session, ports: Ports, policy_id: str, rows: Sequence[Row]
) -> Iterator[tuple[Terms, list[Row]]]:
    """Offers by the terms that they were made on."""
    for version in sorted({row.policy_version for row in rows}):
        of_version = [row for row in rows if row.policy_version == version]
        yield ports.terms(session, policy_id, version), of_version


def recall(
    session: Session,
    ports: Ports,
    *,
    policy_id: str,
    apology: str,
    after: uuid.UUID | None,
    now: datetime,
    limit: int = 300,
) -> Page:
    """A policy was corrected: take back its open offers with an apology. Call again with ``after`` until it is none."""
    rows = repository.lock_page(
        session, policy_id, (S.MATCHED, S.OFFERED, S.UNKNOWN), after=after, limit=limit
    )
    batch = Batch(session, ports, now)
    for terms, of_version in _by_version(session, ports, policy_id, rows):
        for row in of_version:
            state = OFFER.move(S(row.state), "withdraw")
            batch.log(row.id, row.subject_id, "offer.withdrawn", (row.state, state))
            if row.state == S.OFFERED:
                title = worded("%(policy)s：已撤回", policy=terms.named)
                batch.tell(row.id, row.subject_id, "offer.withdrawn", title, as_said(apology))
    repository.change_all(
        session,
        [row.id for row in rows],
        state=S.WITHDRAWN,
        state_reason="policy_corrected",
        updated_at=now,
    )
    batch.write()
    return Page(len(rows), rows[-1].id if len(rows) == limit else None)


def hold_claims_of_recalled(
    session: Session, *, policy_id: str, reason: str, after: uuid.UUID | None, now: datetime, limit: int = 300
) -> Page:
    """What was confirmed under a corrected policy waits for a person to decide it again."""
    rows = claim_rows.lock_open_of_policy(session, policy_id, after=after, limit=limit)
    for claim in rows:
        place_hold(session, claim, "recall", reason, set_by_id=None, now=now)
    return Page(len(rows), rows[-1].id if len(rows) == limit else None)


def lapse_offers(session: Session, *, now: datetime, limit: int = 300) -> int:
    """Offers past their day rest; the right itself does not end, and 仍要申请 stays open."""
    rows = repository.lock_lapsed(session, business_date(now), limit)
    for offer in rows:
        before, offer.state = offer.state, OFFER.move(S(offer.state), "lapse")
        offer.updated_at = now
        log(session, offer, "offer.lapsed", before, SYSTEM, now=now)
    return len(rows)
