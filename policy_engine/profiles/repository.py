"""All SQL of profiles."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import FEW, among, insert_rows, merge_rows
from kernel.database import insert
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.prepared import Prepared
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.profiles.layout import FIRST_ID
from policy_engine.profiles.models import AppliedEvent, ContractNumber, FactHistory, FactSequence, Profile
from policy_engine.profiles.schemas import (
    Family,
    FamilyValues,
    KnownFact,
    KnownSubject,
    RawValue,
    SubjectValues,
)

Fact = TypeVar("Fact")
SEQUENCE_NAME = "facts"
MOST_PARAMETERS = 500
#: From so many rows on they are written as a file is.
MANY = 20
#: Rows, not mapped objects: a profile read twice in one transaction is as it is now, not as it was. Nothing of them is
#: ever held back by a session, so they are read by its connection, without writing first what is.
TABLE = cast(sa.Table, Profile.__table__)
#: The facts as text: read straight into what judging needs.
_AS_TEXT = sa.cast(TABLE.c.facts, sa.Text).label("facts")
_COLUMNS: list[Any] = [_AS_TEXT if column.name == "facts" else column for column in TABLE.c]
_SUBJECT = sa.select(*_COLUMNS)
_PERSON = TABLE.alias("person")
# Built once, as nearly every transaction reads a family: its owner's number, its own rows, and its members' employments.
_OWNER_OF = sa.select(TABLE.c.owner_id).where(TABLE.c.subject_id == sa.bindparam("subject_id"))


def _those_of(is_of: Callable[[Any], sa.ColumnElement[bool]]) -> Prepared:
    """Families' own rows, and the hires that are their members' employments; each with the family."""
    own = _SUBJECT.add_columns(TABLE.c.owner_id.label("family_id")).where(is_of(TABLE.c.owner_id))
    jobs = (
        _SUBJECT.add_columns(_PERSON.c.owner_id)
        .join(_PERSON, _PERSON.c.subject_id == TABLE.c.about_id)
        .where(is_of(_PERSON.c.owner_id), _PERSON.c.kind == "person", TABLE.c.kind == "hire")
    )
    return Prepared(sa.union_all(own, jobs).order_by("subject_id"), flushes=False)


_FAMILIES = _those_of(lambda owner: owner.in_(sa.bindparam("owners", expanding=True)))
_FAMILY_OF = _those_of(lambda owner: owner == _OWNER_OF.scalar_subquery())
_HELD = (TABLE.c.kind, sa.cast(TABLE.c.facts, sa.Text), TABLE.c.sequence)
#: Families' own rows, and the hires that are their members' employments, which lie with the firms; each with the family.
_OF = sa.bindparam("owner_ids", expanding=True)
_VALUES = Prepared(
    sa.union_all(
        sa.select(
            TABLE.c.owner_id.label("family_id"),
            TABLE.c.subject_id,
            TABLE.c.owner_id,
            TABLE.c.about_id,
            *_HELD,
        ).where(TABLE.c.owner_id.in_(_OF)),
        sa.select(_PERSON.c.owner_id, TABLE.c.subject_id, TABLE.c.owner_id, TABLE.c.about_id, *_HELD)
        .join(_PERSON, _PERSON.c.subject_id == TABLE.c.about_id)
        .where(_PERSON.c.owner_id.in_(_OF), _PERSON.c.kind == "person", TABLE.c.kind == "hire"),
    ).order_by("subject_id"),
    flushes=False,
)

_HELD_SEQUENCE = sa.select(FactSequence.value).where(FactSequence.name == SEQUENCE_NAME).with_for_update()
_EVENT = ("source", "event_id", "outcome", "recorded_at")

_PARTICULARS = sa.select(
    TABLE.c.subject_id,
    TABLE.c.kind,
    TABLE.c.owner_id,
    TABLE.c.division,
    TABLE.c.facts["birth_date", 0].as_string(),
)
_NUMBERS = sa.bindparam("numbers", expanding=True)
_FEW_PARTICULARS = {
    column.name: Prepared(_PARTICULARS.where(column.in_(_NUMBERS)), flushes=False)
    for column in (TABLE.c.subject_id, TABLE.c.owner_id)
}
_FEW_DIVISIONS = Prepared(
    sa.select(TABLE.c.subject_id, TABLE.c.division).where(TABLE.c.subject_id.in_(_NUMBERS)), flushes=False
)
_FEW_OWNERS = Prepared(
    sa.select(TABLE.c.subject_id, TABLE.c.owner_id).where(TABLE.c.subject_id.in_(_NUMBERS)), flushes=False
)


PROFILE_COLUMNS = ("subject_id", "kind", "owner_id", "about_id", "division", "facts", "sequence")


_OVER = (
    sa.update(TABLE)
    .where(TABLE.c.subject_id == sa.bindparam("number"))
    .values({name: sa.bindparam(name) for name in PROFILE_COLUMNS[1:]})
)


class Particulars(NamedTuple):
    """What routing and letters need of a subject; ``birth_date`` is ISO text, None where it is not known."""

    subject_id: int
    kind: str
    owner_id: int
    division: str
    birth_date: str | None


class _Gathered(msgspec.Struct):
    """A family while its rows come in."""

    subjects: list[SubjectValues]
    jobs: list[SubjectValues]
    sequence: int


class StoredValue(msgspec.Struct, frozen=True, array_like=True):
    """A fact as stored, of which only the value is read."""

    value: RawValue


_decode_facts = msgspec.json.Decoder(dict[str, KnownFact]).decode
_decode_values = msgspec.json.Decoder(dict[str, StoredValue]).decode


def load_family(session: Session, subject_id: int) -> Family:
    """The household or firm that a subject is or belongs to, with everybody and everything in it.

    Raises ``NotFound`` for a number that has no profile.
    """
    families = _put_together(_FAMILY_OF.rows(session, {"subject_id": subject_id}))
    if not families:
        raise NotFound(_("没有这个对象的档案，请核对后再试。"))
    return next(iter(families.values()))


def load_families(session: Session, owner_ids: Collection[int]) -> dict[int, Family]:
    """Families by owner; owners without a profile are left out. Members' employments stand behind the members."""
    parts = _parts(sorted(set(owner_ids)))
    return _put_together([row for part in parts for row in _FAMILIES.rows(session, {"owners": part})])


def _put_together(rows: Sequence[Any]) -> dict[int, Family]:
    found: dict[int, list[KnownSubject]] = {}
    for row in rows:
        if row.owner_id == row.family_id:
            found.setdefault(row.family_id, []).append(_subject(row))
    for row in rows:
        if row.owner_id != row.family_id:
            found.setdefault(row.family_id, []).append(as_employment(_subject(row)))
    families = {}
    for owner_id, subjects in found.items():
        owner = next((one for one in subjects if one.subject_id == owner_id), None)
        if owner is not None:
            members = tuple(one for one in subjects if one is not owner)
            sequence = max(one.sequence for one in subjects if one.kind != "employment")
            families[owner_id] = Family(owner, members, sequence)
    return families


def load_values(session: Session, owner_id: int) -> FamilyValues:
    """A family as judging reads it, in one query. Whoever else judges it waits until this transaction ends.

    Raises ``NotFound`` when nobody owns anything under this number.
    """
    return load_values_of(session, [owner_id])[owner_id]


def load_values_of(session: Session, owner_ids: Collection[int]) -> dict[int, FamilyValues]:
    """The same for several families, held in order of their numbers."""
    wanted = sorted(set(owner_ids))
    if session.get_bind().dialect.name == "postgresql":
        owners = sa.select(TABLE.c.subject_id).where(among(session, TABLE.c.subject_id, wanted))
        session.execute(owners.order_by(TABLE.c.subject_id).with_for_update())
    found: dict[int, _Gathered] = {one: _Gathered([], [], 0) for one in wanted}
    for row in _VALUES.rows(session, {"owner_ids": wanted}):
        family_id, subject_id, its_owner, about_id, kind, facts, changed_at = row
        family = found[family_id]
        values = {key: fact.value for key, fact in _decode_values(str(facts)).items()}
        if its_owner != family_id:
            family.jobs.append(SubjectValues(subject_id, "employment", _as_employment(values), about_id))
            continue
        one = SubjectValues(subject_id, kind, values)
        family.subjects.insert(0 if subject_id == family_id else len(family.subjects), one)
        family.sequence = max(family.sequence, changed_at)
    if not all(one.subjects and one.subjects[0].subject_id == owner for owner, one in found.items()):
        raise NotFound(_("没有这个对象的档案，请核对后再试。"))
    return {owner: FamilyValues((*one.subjects, *one.jobs), one.sequence) for owner, one in found.items()}


def employments_about(session: Session, person_ids: Collection[int]) -> list[KnownSubject]:
    """The jobs of some people, wherever these live."""
    found: list[KnownSubject] = []
    for part in _parts(sorted(person_ids)):
        statement = _SUBJECT.where(TABLE.c.about_id.in_(part), TABLE.c.kind == "hire")
        found += [as_employment(_subject(row)) for row in session.execute(statement)]
    return found


def as_employment(hire: KnownSubject) -> KnownSubject:
    """A hire as the person has it whom it is about: what of it is the person's own."""
    return msgspec.structs.replace(hire, kind="employment", facts=_as_employment(hire.facts))


def _as_employment(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    keys = catalogue().entities["employment"].attributes
    return {key: value for key, value in facts.items() if key in keys}


def replaced_at(
    session: Session, sequences: Collection[int], subject_ids: Collection[int]
) -> dict[int, list[tuple[int, str, list[RawValue]]]]:
    """Of the changes of these numbers (subject, attribute id, old value or [] for unknown) of the facts of some subjects
    that each replaced."""
    statement = (
        sa.select(FactHistory.sequence, FactHistory.subject_id, FactHistory.attribute, FactHistory.old)
        .where(
            FactHistory.sequence.in_(sorted(sequences)),
            FactHistory.outcome == "applied",
            among(session, FactHistory.subject_id, subject_ids),
        )
        .order_by(FactHistory.change_id)
    )
    found: dict[int, list[tuple[int, str, list[RawValue]]]] = {one: [] for one in sequences}
    for row in session.execute(statement) if sequences else ():
        found[row.sequence].append((row.subject_id, row.attribute, row.old))
    return found


def lock_owners_of(session: Session, subject_ids: Collection[int]) -> dict[int, int]:
    """To which household or firm each belongs, these held in order of their numbers: nobody judges them meanwhile."""
    owners = owners_of(session, subject_ids)
    if session.get_bind().dialect.name != "postgresql":
        return owners  # SQLite has one writer at a time anyway
    rows = sa.select(TABLE.c.subject_id).where(among(session, TABLE.c.subject_id, set(owners.values())))
    session.execute(rows.order_by(TABLE.c.subject_id).with_for_update())
    return owners_of(session, subject_ids)  # somebody may have moved while we waited


def load_subjects(session: Session, subject_ids: Collection[int]) -> dict[int, KnownSubject]:
    """Single subjects by number; numbers without a profile are left out."""
    found = {}
    for part in _parts(sorted(set(subject_ids))):
        for row in session.execute(_SUBJECT.where(TABLE.c.subject_id.in_(part))):
            found[row.subject_id] = _subject(row)
    return found


def particulars_of(session: Session, subject_ids: Collection[int]) -> dict[int, Particulars]:
    """Subjects by number, without their facts; numbers without a profile are left out."""
    return {one.subject_id: one for one in _particulars(session, TABLE.c.subject_id, subject_ids)}


def members_of_each(session: Session, owner_ids: Collection[int]) -> dict[int, list[Particulars]]:
    """Who and what belongs to each household or firm, itself left out."""
    found: dict[int, list[Particulars]] = {}
    for one in _particulars(session, TABLE.c.owner_id, owner_ids):
        if one.subject_id != one.owner_id:
            found.setdefault(one.owner_id, []).append(one)
    return found


def _particulars(session: Session, column: sa.Column[Any], numbers: Collection[int]) -> Iterator[Particulars]:
    if not numbers:
        return
    if len(numbers) <= FEW:
        rows = _FEW_PARTICULARS[column.name].rows(session, {"numbers": list(set(numbers))})
    else:
        rows = list(session.execute(_PARTICULARS.where(among(session, column, set(numbers)))))
    yield from map(Particulars._make, rows)


def divisions_of(session: Session, subject_ids: Collection[int]) -> dict[int, str]:
    """Where each is dealt with; numbers without a profile are left out."""
    if len(subject_ids) <= FEW:
        few = _FEW_DIVISIONS.rows(session, {"numbers": list(set(subject_ids))})
        return {row[0]: row[1] for row in few}
    wanted = sa.select(TABLE.c.subject_id, TABLE.c.division)
    rows = session.execute(wanted.where(among(session, TABLE.c.subject_id, set(subject_ids)))).all()
    return {row[0]: row[1] for row in rows}


def owners_of(session: Session, subject_ids: Collection[int]) -> dict[int, int]:
    """To which household or firm each belongs; numbers without a profile are left out."""
    if len(subject_ids) <= FEW:
        few = _FEW_OWNERS.rows(session, {"numbers": list(set(subject_ids))})
        return {row[0]: row[1] for row in few}
    wanted = sa.select(TABLE.c.subject_id, TABLE.c.owner_id)
    rows = session.execute(wanted.where(among(session, TABLE.c.subject_id, set(subject_ids)))).all()
    return {row[0]: row[1] for row in rows}


def members_about(session: Session, person_id: int) -> list[KnownSubject]:
    """The hires and loans that concern a person."""
    statement = _SUBJECT.where(TABLE.c.about_id == person_id).order_by(TABLE.c.subject_id)
    return [_subject(row) for row in session.execute(statement)]


def owners_changed_since(
    session: Session, sequence: int, owner_ids: Collection[int] | None = None
) -> list[int]:
    """Households and firms, all or some, of which anything changed after ``sequence``, in order."""
    statement = sa.select(TABLE.c.owner_id).where(TABLE.c.sequence > sequence)
    if owner_ids is None:  # sorted here: SQLite would walk the whole index of owners to save the sorting
        return sorted(set(session.scalars(statement)))
    return sorted(set(session.scalars(statement.where(among(session, TABLE.c.owner_id, owner_ids)))))


def count_since(session: Session, sequence: int) -> int:
    """How many subjects changed after ``sequence``."""
    statement = sa.select(sa.func.count()).select_from(TABLE).where(TABLE.c.sequence > sequence)
    return session.scalar(statement) or 0


def rows_since(
    session: Session, sequence: int, kind: EntityKind
) -> Iterator[tuple[int, int, int | None, str]]:
    """(subject, owner, about whom, facts as they are stored) of a kind changed after ``sequence``, streamed in no order;
    of everybody (-1) by number."""
    if current_sequence(session) <= sequence:
        return
    columns = sa.select(TABLE.c.subject_id, TABLE.c.owner_id, TABLE.c.about_id, _AS_TEXT)
    statement = columns.where(TABLE.c.kind == kind)
    if sequence >= 0:  # sorted by whoever wants it: SQLite would walk through everybody to save the sorting
        statement = statement.where(TABLE.c.sequence > sequence)
    else:
        statement = statement.order_by(TABLE.c.subject_id)
    for row in session.execute(statement.execution_options(yield_per=5_000)):
        yield row[0], row[1], row[2], str(row[3])


def facts_of_kind(session: Session, kind: EntityKind) -> Iterator[tuple[int, str, dict[str, KnownFact]]]:
    """(subject, division, facts) of everybody of a kind, by number, streamed."""
    statement = (
        sa.select(TABLE.c.subject_id, TABLE.c.division, _AS_TEXT)
        .where(TABLE.c.kind == kind)
        .order_by(TABLE.c.subject_id)
        .execution_options(yield_per=1_000)
    )
    for subject_id, division, facts in session.execute(statement):
        yield subject_id, division, _decode_facts(str(facts))


def current_sequence(session: Session) -> int:
    statement = sa.select(FactSequence.value).where(FactSequence.name == SEQUENCE_NAME)
    return session.scalar(statement) or 0


def lock_sequence(session: Session) -> int:
    """The present number, held until the transaction ends: writers of facts take turns and commit in order."""
    found = session.scalar(_HELD_SEQUENCE)
    if found is not None:
        return found
    row = insert(session, FactSequence).values(name=SEQUENCE_NAME, value=0)
    session.execute(row.on_conflict_do_nothing())
    return session.scalars(_HELD_SEQUENCE).one()


def set_sequence(session: Session, value: int) -> None:
    session.execute(sa.update(FactSequence).where(FactSequence.name == SEQUENCE_NAME).values(value=value))


def note_event(
    session: Session, source: str, event_id: str, *, outcome: str, reason: str | None, now: datetime
) -> bool:
    """True the first time a source says this; False for a repetition."""
    row = insert(session, AppliedEvent).values(
        source=source, event_id=event_id, outcome=outcome, reason=reason, recorded_at=now
    )
    noted = row.on_conflict_do_nothing().returning(AppliedEvent.event_id)
    return session.scalar(noted) is not None


def note_applied(session: Session, told: Sequence[tuple[str, str]], *, now: datetime) -> None:
    """The same for many that are known not to have been noted; (source, event id) of each."""
    insert_rows(session, AppliedEvent, _EVENT, [(*one, "applied", now) for one in told])


def events_among(session: Session, told: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (source, event id) are known, applied or not."""
    found: set[tuple[str, str]] = set()
    for source in sorted({one[0] for one in told}):
        event_ids = {one[1] for one in told if one[0] == source}
        statement = sa.select(AppliedEvent.event_id).where(
            AppliedEvent.source == source, among(session, AppliedEvent.event_id, event_ids)
        )
        found |= {(source, one) for one in session.scalars(statement)}
    return found


def find_event(session: Session, source: str, event_id: str) -> AppliedEvent | None:
    return session.get(AppliedEvent, (source, event_id))


def events_not_applied(session: Session, limit: int = 200) -> list[AppliedEvent]:
    """What sources told us that could not become facts, the oldest first."""
    statement = sa.select(AppliedEvent).where(AppliedEvent.outcome == "rejected")
    return list(session.scalars(statement.order_by(AppliedEvent.recorded_at).limit(limit)))


def insert_profiles(session: Session, rows: Iterable[Sequence[Any]]) -> None:
    """New profiles, their columns in the order of ``PROFILE_COLUMNS``."""
    insert_rows(session, Profile, PROFILE_COLUMNS, rows)


def save(session: Session, subjects: Sequence[KnownSubject], added: Collection[int]) -> None:
    """Write subjects back: the new ones as rows, the others over their rows."""
    if len(subjects) >= MANY:
        _save_many(session, subjects)
        return
    rows = [profile_row(one) for one in subjects]
    connection = session.connection()
    if fresh := [one for one in rows if one["subject_id"] in added]:
        connection.execute(sa.insert(TABLE), fresh)
    if known := [{"number": one.pop("subject_id"), **one} for one in rows if one["subject_id"] not in added]:
        connection.execute(_OVER, known)


def _save_many(session: Session, subjects: Sequence[KnownSubject]) -> None:
    columns = tuple(TABLE.c.keys())
    statement = insert(session, Profile)
    replaced = {name: statement.excluded[name] for name in columns if name != "subject_id"}
    upsert = statement.on_conflict_do_update(index_elements=["subject_id"], set_=replaced)
    rows = ([values[name] for name in columns] for values in map(profile_row, subjects))
    merge_rows(session, Profile, upsert, columns, rows)


def insert_history(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if len(rows) >= MANY:
        columns = tuple(rows[0])
        insert_rows(session, FactHistory, columns, ([row[name] for name in columns] for row in rows))
    elif rows:
        session.execute(sa.insert(FactHistory), rows)


def history_of(session: Session, subject_id: int, attribute: str | None = None) -> list[FactHistory]:
    """What was said about a subject, the latest last, also what did not count."""
    statement = sa.select(FactHistory).where(FactHistory.subject_id == subject_id)
    if attribute:
        statement = statement.where(FactHistory.attribute == attribute)
    return list(session.scalars(statement.order_by(FactHistory.change_id)))


def find_contract(session: Session, scheme: str, number: str) -> int | None:
    statement = sa.select(ContractNumber.subject_id).where(
        ContractNumber.scheme == scheme, ContractNumber.number == number
    )
    return session.scalar(statement)


def find_contracts(session: Session, scheme: str, numbers: Collection[str]) -> dict[str, int]:
    """The same for many at once; those that are not known are left out."""
    columns = sa.select(ContractNumber.number, ContractNumber.subject_id)
    rows = session.execute(
        columns.where(ContractNumber.scheme == scheme, among(session, ContractNumber.number, numbers))
    )
    return {row[0]: row[1] for row in rows}


def insert_contracts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.execute(sa.insert(ContractNumber), rows)


def next_contract_id(session: Session, kind: EntityKind) -> int:
    """A number for a new hire or loan. Holds the sequence, so that no other writer takes the same."""
    lock_sequence(session)
    last = session.scalar(sa.select(sa.func.max(Profile.subject_id)).where(Profile.kind == kind))
    return max(last or 0, FIRST_ID[kind] - 1) + 1


def has_profiles(session: Session) -> bool:
    return session.scalar(sa.select(Profile.subject_id).limit(1)) is not None


def profile_row(subject: KnownSubject) -> dict[str, Any]:
    """The columns of a subject's row."""
    return {
        "subject_id": subject.subject_id,
        "kind": subject.kind,
        "owner_id": subject.owner_id,
        "about_id": subject.about_id,
        "division": subject.division,
        "facts": subject.facts,
        "sequence": subject.sequence,
    }


def _subject(row: Any) -> KnownSubject:
    return KnownSubject(
        subject_id=row.subject_id,
        kind=msgspec.convert(row.kind, EntityKind),
        owner_id=row.owner_id,
        about_id=row.about_id,
        division=row.division,
        sequence=row.sequence,
        facts=_decode_facts(str(row.facts)),
    )


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), MOST_PARAMETERS):
        yield numbers[start : start + MOST_PARAMETERS]
