"""A demonstration that an older version made, brought up to this one at its next start: what that version did not have yet.

Done once per edition, and safe to be broken off: each step looks at what is there already.
"""

import logging
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.delegation.enterprises import AGENT_SCOPES
from identity.delegation.models import Mandate, Membership
from identity.registry import service as registry
from kernel.house import House
from policy_engine.policies.problems import DocumentRefused
from portals.demo.agency import USCC
from portals.demo.cast import Cast
from portals.demo.financing import offer_products
from portals.demo.policies import open_budgets, publish_missing
from portals.financing.rates.service import install_known

log = logging.getLogger(__name__)

#: Written last: a store without it was left half made. It says by which edition of the demonstration.
READY: Final = "demo-ready"
#: 1: everything before financing. 2: financing policies, products of the banks, and agents who may ask for loans.
#: 3: products for ordinary demands of more than a year.
EDITION: Final = 3
#: Who may ask for loans is settled with this one, and not again: firms have narrowed rights since.
FINANCING: Final = 2


def mark_edition(home: Path) -> None:
    (home / READY).write_text(f"{EDITION}\n", encoding="ascii")


def edition_of(home: Path) -> int:
    """Stores of before editions were counted say only that they are ready."""
    written = (home / READY).read_text(encoding="ascii").strip()
    return int(written) if written.isdecimal() else 1


def bring_up_to_date(house: House) -> None:
    """What this edition has and the store has not; nothing that people of the demonstration did is undone."""
    home = house.settings.home
    edition = edition_of(home)
    if edition >= EDITION:
        return
    cast = _cast_of(home)
    if cast is not None and edition < FINANCING:
        publish_missing(house, cast)
        with house.database.write(timeout=60) as session:
            open_budgets(session, house)
            let_agents_finance(session, house, cast)
    with house.database.write(timeout=60) as session:
        install_known(session, now=house.clock.now())
    try:
        with house.database.write(timeout=60) as session:
            offer_products(session, house)
    except (
        DocumentRefused
    ) as refused:  # a store whose policies people have changed so that a product rests on nothing
        log.warning("the products of the library are not on offer in this store: %s", refused.detail)
    mark_edition(home)


def let_agents_finance(session: Session, house: House, cast: Cast) -> None:
    """The firm's agent and its accountancy may ask for financing, as in a new demonstration; nobody else's rights change."""
    agency = registry.find_by_identifier(session, "uscc", USCC, vault=house.vault)
    members = sa.select(Membership).where(
        Membership.firm_id == cast.firm, Membership.subject_id == cast.agent, Membership.revoked_at.is_(None)
    )
    mandates = sa.select(Mandate).where(
        Mandate.principal_id.in_((cast.firm, cast.other_firm)),
        Mandate.holder_id == agency,
        Mandate.revoked_at.is_(None),
    )
    for one in (*session.scalars(members), *session.scalars(mandates)):
        one.scopes = sorted(AGENT_SCOPES.union(one.scopes))


def _cast_of(home: Path) -> Cast | None:
    """None where the cast is one of other parts, or was lost."""
    try:
        return msgspec.json.decode((home / "demo-cast.json").read_bytes(), type=Cast)
    except (OSError, msgspec.MsgspecError):
        log.warning("the cast of this demonstration is of an older version; its people keep what they have")
        return None
