"""Looking through all data, and what becomes of the findings. What is right again settles itself at the next look."""

import uuid
from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import Database, insert
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.divisions import bounds_of, encloses
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.models import FactHistory, Profile
from policy_engine.profiles.quality.models import QualityFinding
from policy_engine.profiles.quality.rules import CONFLICT, RULES

CHUNK = 500
MOST = 500


class Found(msgspec.Struct, frozen=True):
    rule: str
    subject_id: int
    attribute: str
    source: str
    division: str


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """``subject`` is only the kind of subject: who it is stands in the owner's own register, under its number."""

    id: uuid.UUID
    rule: str
    kind: str
    label: str
    attribute: str
    attribute_name: str
    source: str
    source_name: str
    division: str
    found_at: datetime


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    rule: str
    kind: str
    label: str
    source_name: str
    open: int


def look(database: Database, *, today: date, now: datetime) -> int:
    """Through every profile and every conflict; how many findings hold. In chunks, so that nobody waits for it."""
    count = 0
    with database.read() as session:
        found = _all(session, today)
        while part := list(_some(found)):
            with database.write(timeout=60) as writing:
                _keep(writing, part, now)
            count += len(part)
    with database.write(timeout=60) as session:
        gone = sa.update(QualityFinding).where(QualityFinding.state == "open", QualityFinding.seen_at < now)
        session.execute(gone.values(state="settled", settled_at=now))
    return count


def counts(session: Session, sources: Collection[str]) -> list[RuleCount]:
    """Open findings by rule and source, the most first."""
    known = catalogue().departments
    statement = (
        sa.select(QualityFinding.rule, QualityFinding.source, sa.func.count().label("open"))
        .where(QualityFinding.state == "open", QualityFinding.source.in_(sources))
        .group_by(QualityFinding.rule, QualityFinding.source)
        .order_by(sa.desc("open"))
    )
    return [
        RuleCount(
            rule=rule,
            kind=RULES[rule].kind,
            label=_(RULES[rule].label),
            source_name=known[source].name if source in known else source,
            open=count,
        )
        for rule, source, count in session.execute(statement).all()
        if rule in RULES
    ]


def open_findings(
    session: Session,
    sources: Collection[str],
    division: str,
    *,
    rule: str = "",
    limit: int = MOST,
    offset: int = 0,
) -> list[FindingView]:
    """Tasks of these sources in a division, the oldest first; of one rule, or of all."""
    statement = sa.select(QualityFinding).where(*_open_in(sources, division, rule))
    ordered = statement.order_by(QualityFinding.found_at, QualityFinding.id)
    return [_view(row) for row in session.scalars(ordered.limit(limit).offset(offset))]


def open_by_rule(session: Session, sources: Collection[str], division: str) -> list[tuple[str, str, int]]:
    """(rule, what it is called, how many tasks) of these sources in a division."""
    statement = sa.select(QualityFinding.rule, sa.func.count()).where(*_open_in(sources, division, ""))
    rows = session.execute(statement.group_by(QualityFinding.rule).order_by(QualityFinding.rule))
    return [(rule, _(RULES[rule].label), int(count)) for rule, count in rows]


def _open_in(sources: Collection[str], division: str, rule: str) -> list[sa.ColumnElement[bool]]:
    return [
        QualityFinding.state == "open",
        QualityFinding.source.in_(sources),
        QualityFinding.rule.in_([rule] if rule else list(RULES)),
        QualityFinding.division.between(*bounds_of(division)),
    ]


def dismiss(
    session: Session,
    finding_id: uuid.UUID,
    sources: Collection[str],
    division: str,
    note: str,
    *,
    by: int,
    now: datetime,
) -> None:
    """The data are right after all, and why. Raises ``NotFound`` outside the sources or the place, ``Conflict`` or
    ``InvalidInput``."""
    row = session.get(QualityFinding, finding_id, with_for_update=True)
    if row is None or row.source not in sources or not encloses(division, row.division):
        raise NotFound(_("没有找到这条质量问题。"))
    if row.state != "open":
        raise Conflict(_("这条质量问题已经处理。"))
    words = " ".join(note.split())
    if not 2 <= len(words) <= 200 or not words.isprintable():
        what = _("请写明为什么数据无误，2至200个字")
        raise InvalidInput(what, errors=[FieldError("note", what)])
    row.state, row.note, row.settled_at, row.settled_by = "dismissed", words, now, by


def _all(session: Session, today: date) -> Iterator[Found]:
    yield from broken_rules(session, today)
    yield from conflicts(session)


def _some(found: Iterator[Found]) -> Iterator[Found]:
    for _place, one in zip(range(CHUNK), found, strict=False):
        yield one


def broken_rules(session: Session, today: date) -> Iterator[Found]:
    """Every value that cannot be, of everybody."""
    for kind in sorted({rule.entity for rule in RULES.values()}):
        rules = [rule for rule in RULES.values() if rule.entity == kind]
        for subject_id, division, facts in profiles.facts_of_kind(session, kind):
            for rule in rules:
                for key in rule.faults(facts, today):
                    yield Found(rule.id, subject_id, f"{kind}.{key}", facts[key].source, division)


def conflicts(session: Session) -> Iterator[Found]:
    """Where a source's latest word was outranked and still differs from what stands."""
    latest = (
        sa.select(sa.func.max(FactHistory.change_id).label("change_id"))
        .where(FactHistory.outcome.in_(("applied", "outranked")))
        .group_by(FactHistory.subject_id, FactHistory.attribute, FactHistory.source)
        .subquery()
    )
    statement = (
        sa.select(
            FactHistory.subject_id, FactHistory.attribute, FactHistory.new, Profile.facts, Profile.division
        )
        .join(latest, latest.c.change_id == FactHistory.change_id)
        .join(Profile, Profile.subject_id == FactHistory.subject_id)
        .where(FactHistory.outcome == "outranked")
        .order_by(FactHistory.change_id)
        .execution_options(yield_per=1_000)
    )
    for subject_id, attribute, new, facts, division in session.execute(statement):
        stands: list[Any] | None = facts.get(attribute.rpartition(".")[2])
        if stands is not None and new and new[0] != stands[0]:
            yield Found(CONFLICT, subject_id, attribute, str(stands[1]), division)


def _keep(session: Session, found: Collection[Found], now: datetime) -> None:
    for one in found:
        statement = insert(session, QualityFinding).values(
            id=new_id(),
            rule=one.rule,
            subject_id=one.subject_id,
            attribute=one.attribute,
            source=one.source,
            division=one.division,
            state="open",
            found_at=now,
            seen_at=now,
        )
        reopened = sa.case((QualityFinding.state == "settled", "open"), else_=QualityFinding.state)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["rule", "subject_id", "attribute"],
                set_={"seen_at": now, "source": one.source, "state": reopened},
            )
        )


def _view(row: QualityFinding) -> FindingView:
    known = catalogue()
    rule = RULES[row.rule]
    return FindingView(
        id=row.id,
        rule=row.rule,
        kind=rule.kind,
        label=_(rule.label),
        attribute=row.attribute,
        attribute_name=known.attribute(row.attribute).name,
        source=row.source,
        source_name=known.departments[row.source].name if row.source in known.departments else row.source,
        division=row.division,
        found_at=row.found_at,
    )
