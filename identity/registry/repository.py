"""All SQL of the registry."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.registry.models import Contact, FurtherIdentifier, Relationship, Subject
from kernel.bulk import among, insert_rows
from kernel.prepared import Prepared

SUBJECT_COLUMNS = (
    "subject_id",
    "kind",
    "identifier_kind",
    "identifier_index",
    "identifier_sealed",
    "name_sealed",
    "created_at",
)
RELATIONSHIP_COLUMNS = ("kind", "from_subject", "to_subject", "source", "from_on", "until_on")

# Built once: names are looked up by nearly every request.
_RELATED_FROM = Prepared(
    sa.select(Relationship.to_subject).where(
        Relationship.from_subject == sa.bindparam("from_subject"),
        Relationship.kind.in_(sa.bindparam("kinds", expanding=True)),
        Relationship.from_on <= sa.bindparam("on"),
        sa.or_(Relationship.until_on.is_(None), Relationship.until_on > sa.bindparam("on")),
    )
)
_BY_IDS = sa.select(Subject).where(Subject.subject_id.in_(sa.bindparam("numbers", expanding=True)))


def by_index(session: Session, identifier_index: bytes) -> Subject | None:
    """By its own number, or by a further one."""
    own = session.scalar(sa.select(Subject).where(Subject.identifier_index == identifier_index))
    if own is not None:
        return own
    further = session.get(FurtherIdentifier, identifier_index)
    return None if further is None else session.get(Subject, further.subject_id)


def add_further(session: Session, row: FurtherIdentifier) -> None:
    session.add(row)
    session.flush()


def by_indexes(session: Session, indexes: Collection[bytes]) -> Sequence[tuple[bytes, int, int | None]]:
    """(index, subject, whom it was merged into) of those that bear one of these numbers, as their own or a further one."""
    own = sa.select(Subject.identifier_index, Subject.subject_id, Subject.merged_into)
    further = sa.select(FurtherIdentifier.identifier_index, Subject.subject_id, Subject.merged_into).join(
        Subject, Subject.subject_id == FurtherIdentifier.subject_id
    )
    found: dict[bytes, tuple[int, int | None]] = {}
    for rows in (
        session.execute(further.where(FurtherIdentifier.identifier_index.in_(indexes))),
        session.execute(own.where(Subject.identifier_index.in_(indexes))),
    ):
        found |= {row[0]: (row[1], row[2]) for row in rows if row[0] is not None}
    return [(index, *whom) for index, whom in found.items()]


def by_ids(session: Session, subject_ids: Collection[int]) -> Sequence[Subject]:
    return session.scalars(_BY_IDS, {"numbers": list(subject_ids)}).all()


def sealed_names(session: Session, subject_ids: Collection[int]) -> Sequence[tuple[int, bytes, int | None]]:
    """(subject, name, whom it was merged into)."""
    columns = sa.select(Subject.subject_id, Subject.name_sealed, Subject.merged_into)
    rows = session.execute(columns.where(among(session, Subject.subject_id, subject_ids)))
    return [(row[0], row[1], row[2]) for row in rows]


def sealed_identifiers(session: Session, subject_ids: Collection[int]) -> dict[int, bytes]:
    """Of those who have an identifier."""
    columns = sa.select(Subject.subject_id, Subject.identifier_sealed)
    rows = session.execute(columns.where(Subject.subject_id.in_(subject_ids)))
    return {row[0]: row[1] for row in rows if row[1] is not None}


def get(session: Session, subject_id: int) -> Subject | None:
    return session.get(Subject, subject_id)


def add(session: Session, subject: Subject) -> Subject:
    """Insert and learn the number; the sealed columns follow, because a seal names its row."""
    session.add(subject)
    session.flush()
    return subject


def insert_subjects(session: Session, rows: Iterable[Sequence[Any]]) -> None:
    """Values as ``SUBJECT_COLUMNS``."""
    insert_rows(session, Subject, SUBJECT_COLUMNS, rows)


def insert_relationships(session: Session, rows: Iterable[Sequence[Any]]) -> None:
    """A whole city's, taken one by one and written as each database takes many; values as ``RELATIONSHIP_COLUMNS``."""
    insert_rows(session, Relationship, RELATIONSHIP_COLUMNS, rows)


def advance_numbering(session: Session) -> None:
    """After explicit numbers, let PostgreSQL's sequence continue above them (SQLite does so by itself)."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            sa.text(
                "SELECT setval(pg_get_serial_sequence('subject', 'subject_id'),"
                " (SELECT greatest(max(subject_id), 1) FROM subject))"
            )
        )


def relationships_of(
    session: Session, *, kind: str, on: date, from_subject: int | None = None, to_subject: int | None = None
) -> Sequence[Relationship]:
    """Relationships in force on a date, by either end or both."""
    query = sa.select(Relationship).where(
        Relationship.kind == kind,
        Relationship.from_on <= on,
        sa.or_(Relationship.until_on.is_(None), Relationship.until_on > on),
    )
    if from_subject is not None:
        query = query.where(Relationship.from_subject == from_subject)
    if to_subject is not None:
        query = query.where(Relationship.to_subject == to_subject)
    return session.scalars(query.order_by(Relationship.relationship_id)).all()


def related_to_each(
    session: Session, *, kinds: Collection[str], on: date, to_subjects: Collection[int]
) -> list[tuple[int, int]]:
    """(to, from) of the relationships of some kinds in force on a date."""
    query = sa.select(Relationship.to_subject, Relationship.from_subject).where(
        among(session, Relationship.to_subject, to_subjects),
        Relationship.kind.in_(kinds),
        Relationship.from_on <= on,
        sa.or_(Relationship.until_on.is_(None), Relationship.until_on > on),
    )
    return [(to_subject, from_subject) for to_subject, from_subject in session.execute(query)]


def related_from_by(session: Session, *, kinds: Collection[str], on: date, from_subject: int) -> set[int]:
    """To whom a subject is any of these on a date."""
    values = {"kinds": list(kinds), "on": on, "from_subject": from_subject}
    return set(_RELATED_FROM.scalars(session, values))


def end_relationships(session: Session, *, kind: str, to_subject: int, on: date) -> None:
    session.execute(
        sa.update(Relationship)
        .where(
            Relationship.kind == kind,
            Relationship.to_subject == to_subject,
            sa.or_(Relationship.until_on.is_(None), Relationship.until_on > on),
        )
        .values(until_on=on)
    )


def get_contact(session: Session, subject_id: int) -> Contact | None:
    return session.get(Contact, subject_id)


def keep_contact(session: Session, subject_id: int, phone_sealed: bytes, *, now: datetime) -> None:
    session.merge(Contact(subject_id=subject_id, phone_sealed=phone_sealed, recorded_at=now))
    session.flush()
