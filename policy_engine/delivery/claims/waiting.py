"""All SQL of what waits at desks (``desks``): how much, which, and in what order."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from kernel.bulk import among
from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.claims.models import Claim

Order = Literal["due", "amount", "number", "policy"]


class Fits(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a seat's claims are asked for. ``due_from`` and ``due_until`` are days that still count; ``number`` is part
    of a 办件编号; ``subjects`` are the only ones whom it may concern."""

    desks: Sequence[str]
    division: str
    policy_id: str = ""
    due_from: date | None = None
    due_until: date | None = None
    is_held: bool = False
    number: str = ""
    subjects: Collection[int] | None = None


class Waiting(NamedTuple):
    """How many claims of a policy wait for a seat. ``version`` is the newest by which any of them was made."""

    policy_id: str
    version: int
    count: int
    overdue: int
    soon: int
    held: int


def known_desks(session: Session) -> list[str]:
    """Every desk at which anything waits: a step through the index for each, however many claims lie on it."""
    first = sa.select(sa.func.min(Claim.desk).label("desk")).where(Claim.desk.is_not(None))
    found = first.cte("found", recursive=True)
    following = sa.select(sa.func.min(Claim.desk)).where(Claim.desk > found.c.desk).scalar_subquery()
    found = found.union_all(sa.select(following).where(found.c.desk.is_not(None)))
    return list(session.scalars(sa.select(found.c.desk).where(found.c.desk.is_not(None))))


def counted(session: Session, fits: Fits, *, overdue_until: date, soon_until: date) -> list[Waiting]:
    """By policy: all, those due until ``overdue_until``, those after it until ``soon_until``, and those that are held."""
    if not fits.desks:
        return []
    due = Claim.stage_due_on
    rows = session.execute(
        sa.select(
            Claim.policy_id,
            sa.func.max(Claim.policy_version),
            sa.func.count(),
            sa.func.count().filter(due <= overdue_until),
            sa.func.count().filter(due > overdue_until, due <= soon_until),
            sa.func.count().filter(Claim.is_held),
        )
        .where(*_conditions(session, fits))
        .group_by(Claim.policy_id)
        .order_by(Claim.policy_id)
    )
    return [Waiting(*row) for row in rows]


def how_many(session: Session, fits: Fits) -> int:
    if not fits.desks:
        return 0
    return session.scalar(sa.select(sa.func.count()).where(*_conditions(session, fits))) or 0


def waiting_at(
    session: Session,
    fits: Fits,
    order: Order = "due",
    *,
    ranks: Mapping[str, int] | None = None,
    is_reversed: bool = False,
    limit: int,
    offset: int = 0,
) -> list[Claim]:
    """The claims in their order, policies by ``ranks``. Their facts and papers stay in the store."""
    if not fits.desks:
        return []
    first = _ordering(order, ranks or {}, is_reversed)
    ordered = (first, Claim.stage_due_on.nulls_last(), Claim.created_at, Claim.id)
    # The numbers first, which the index has: sorting whole claims would read every one that waits.
    chosen = sa.select(Claim.id).where(*_conditions(session, fits))
    numbers = chosen.order_by(*ordered).limit(limit).offset(offset).subquery()
    statement = sa.select(Claim).where(Claim.id.in_(sa.select(numbers.c.id))).order_by(*ordered)
    unread = (defer(Claim.facts), defer(Claim.declared), defer(Claim.evidence))
    return list(session.scalars(statement.options(*unread)))


def among_waiting(session: Session, fits: Fits, claim_ids: Collection[uuid.UUID]) -> list[Claim]:
    """Those of these claims that wait there, the nearest deadline first."""
    if not fits.desks or not claim_ids:
        return []
    statement = sa.select(Claim).where(among(session, Claim.id, claim_ids), *_conditions(session, fits))
    return list(
        session.scalars(statement.order_by(Claim.stage_due_on.nulls_last(), Claim.created_at, Claim.id))
    )


def subjects_waiting(session: Session, fits: Fits, limit: int) -> list[int]:
    """Whom the claims with the nearest deadlines concern, each once."""
    if not fits.desks:
        return []
    chosen = sa.select(Claim.subject_id).where(*_conditions(session, fits))
    ordered = chosen.order_by(Claim.stage_due_on.nulls_last(), Claim.created_at, Claim.id)
    return list(dict.fromkeys(session.scalars(ordered.limit(limit))))


def _conditions(session: Session, fits: Fits) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        Claim.desk.in_(list(fits.desks)),
        Claim.division.between(*bounds_of(fits.division)),
    ]
    if fits.policy_id:
        conditions.append(Claim.policy_id == fits.policy_id)
    if fits.due_from is not None:
        conditions.append(Claim.stage_due_on >= fits.due_from)
    if fits.due_until is not None:
        conditions.append(Claim.stage_due_on <= fits.due_until)
    if fits.is_held:
        conditions.append(Claim.is_held.is_(True))
    if fits.number:
        conditions.append(Claim.case_number.contains(fits.number, autoescape=True))
    if fits.subjects is not None:
        conditions.append(among(session, Claim.subject_id, sorted(fits.subjects)))
    return conditions


def _ordering(order: Order, ranks: Mapping[str, int], is_reversed: bool) -> Any:
    columns: dict[Order, Any] = {
        "due": Claim.stage_due_on,
        "amount": Claim.amount_fen,
        "number": Claim.case_number,
        "policy": sa.case(dict(ranks), value=Claim.policy_id, else_=len(ranks)) if ranks else Claim.policy_id,
    }
    column = columns[order]
    return (column.desc() if is_reversed else column.asc()).nulls_last()
