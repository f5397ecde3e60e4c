"""Find, create and describe subjects. Everyone else uses only the number this gives."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from itertools import islice
from typing import cast

import msgspec
from sqlalchemy.orm import Session

from identity.registry import repository
from identity.registry.firms import form_of_uscc
from identity.registry.identifiers import IdentifierKind, birth_date_of, mask, normalise
from identity.registry.models import FurtherIdentifier, Subject
from identity.registry.schemas import (
    FirmForm,
    RelationshipKind,
    RelationshipRow,
    SubjectKind,
    SubjectRow,
    SubjectView,
)
from kernel.crypto import Vault
from kernel.errors import Conflict, InvalidInput, NotFound

LOAD_CHUNK = 5_000
NAME_LONGEST = 50
FIRM_NAME_LONGEST = 120


def find_by_identifier(
    session: Session, kind: IdentifierKind, identifier: str, *, vault: Vault
) -> int | None:
    """The subject that bears this number, following merges; ``None`` when nobody does or it is no such number."""
    try:
        index = _index(vault, kind, normalise(kind, identifier))
    except InvalidInput:
        return None
    subject = repository.by_index(session, index)
    return _survivor(session, subject).subject_id if subject else None


def find_many(
    session: Session, kind: IdentifierKind, identifiers: Collection[str], *, vault: Vault
) -> dict[str, int]:
    """``find_by_identifier`` for many at once, by the spelling asked for; those nobody bears are left out."""
    asked: dict[bytes, list[str]] = {}
    for identifier in identifiers:
        try:
            asked.setdefault(_index(vault, kind, normalise(kind, identifier)), []).append(identifier)
        except InvalidInput:
            continue
    found: dict[str, int] = {}
    for index, subject_id, merged_into in repository.by_indexes(session, asked.keys()):
        number = subject_id
        if merged_into is not None:
            number = _survivor(session, _required(session, merged_into)).subject_id
        found.update(dict.fromkeys(asked[index], number))
    return found


def ensure(
    session: Session,
    *,
    kind: SubjectKind,
    name: str,
    identifier_kind: IdentifierKind | None,
    identifier: str | None,
    vault: Vault,
    now: datetime,
) -> int:
    """The subject with this identifier, created if new; without an identifier always a new one."""
    clean_name = _checked_name(kind, name)
    normalised, index = _found_by(vault, identifier_kind, identifier)
    if index and (known := repository.by_index(session, index)):
        return _survivor(session, known).subject_id
    subject = repository.add(
        session,
        Subject(
            kind=kind,
            identifier_kind=identifier_kind if normalised else None,
            identifier_index=index,
            name_sealed=b"",
            created_at=now,
        ),
    )
    subject.name_sealed = vault.seal(clean_name, context=_name_place(subject.subject_id))
    if normalised:
        subject.identifier_sealed = vault.seal(normalised, context=_identifier_place(subject.subject_id))
    session.flush()
    return subject.subject_id


def know_by(
    session: Session, subject_id: int, kind: IdentifierKind, identifier: str, *, vault: Vault, now: datetime
) -> bool:
    """The subject is found by this number too; True when it takes the place of its birth certificate's.

    A child has no other number until it is registered; from then on it is known by its citizen's number, and the
    certificate still finds it. Raises ``Conflict`` when the number is somebody else's.
    """
    subject = _survivor(session, _required(session, subject_id))
    normalised = normalise(kind, identifier)
    index = _index(vault, kind, normalised)
    known = repository.by_index(session, index)
    if known is not None:
        if _survivor(session, known).subject_id != subject.subject_id:
            raise Conflict("这两个号码在登记库中属于不同的人，请来源单位核对后重新报送。")
        return False
    is_registered_now = subject.identifier_kind == "birth_certificate" and kind == "id_number"
    further = FurtherIdentifier(
        identifier_index=index, kind=kind, subject_id=subject.subject_id, recorded_at=now
    )
    if is_registered_now and subject.identifier_index is not None:
        further.identifier_index, further.kind = subject.identifier_index, subject.identifier_kind or "other"
        subject.identifier_kind, subject.identifier_index = kind, index
        subject.identifier_sealed = vault.seal(normalised, context=_identifier_place(subject.subject_id))
        session.flush()
    repository.add_further(session, further)
    return is_registered_now


def rename(session: Session, subject_id: int, name: str, *, vault: Vault) -> None:
    """As the register now says."""
    subject = _survivor(session, _required(session, subject_id))
    clean = _checked_name(cast(SubjectKind, subject.kind), name)
    subject.name_sealed = vault.seal(clean, context=_name_place(subject.subject_id))


def describe(session: Session, subject_ids: Collection[int], *, vault: Vault) -> dict[int, SubjectView]:
    """Names and masked identifiers by the number asked for; numbers nobody bears are left out."""
    if not subject_ids:
        return {}
    views = {}
    for asked in repository.by_ids(session, set(subject_ids)):
        views[asked.subject_id] = _view(_survivor(session, asked), vault)
    return views


def names_of(session: Session, subject_ids: Collection[int], *, vault: Vault) -> dict[int, str]:
    """Names alone, of hundreds at once: nothing else of them is read or opened. Numbers nobody bears are left out."""
    found: dict[int, str] = {}
    merged: list[int] = []
    for number, sealed, merged_into in repository.sealed_names(session, subject_ids):
        if merged_into is None:
            found[number] = vault.open(sealed, context=_name_place(number))
        else:
            merged.append(number)
    views = describe(session, merged, vault=vault)  # few are, and each leads to somebody else
    return found | {number: view.name for number, view in views.items()}


def name_of(subject: Subject, *, vault: Vault) -> str:
    """The name of a row at hand."""
    return vault.open(subject.name_sealed, context=_name_place(subject.subject_id))


def identifier_of(session: Session, subject_id: int, *, vault: Vault) -> str:
    """The whole number, for a department that must have it; callers keep it out of logs, URLs and tokens."""
    return identifiers_of(session, [subject_id], vault=vault)[subject_id]


def identifiers_of(session: Session, subject_ids: Collection[int], *, vault: Vault) -> dict[int, str]:
    """``identifier_of`` for many at once. Raises ``NotFound`` when one of them has none."""
    sealed = repository.sealed_identifiers(session, subject_ids)
    if len(sealed) != len(set(subject_ids)):
        raise NotFound("登记中没有这个对象的证件号码。")
    return {one: vault.open(text, context=_identifier_place(one)) for one, text in sealed.items()}


def load_rows(session: Session, rows: Iterable[SubjectRow], *, vault: Vault, now: datetime) -> int:
    """Insert many subjects whose numbers are given; how many. Identifiers are checked like any other."""
    count, waiting = 0, iter(rows)
    while part := list(islice(waiting, LOAD_CHUNK)):
        repository.insert_subjects(session, [_columns(row, vault, now) for row in part])
        count += len(part)
    repository.advance_numbering(session)
    return count


def load_relationships(session: Session, rows: Iterable[RelationshipRow]) -> None:
    """Take over relationships that a register states; a whole city's are never held at once."""
    waiting = iter(rows)
    while part := list(islice(waiting, LOAD_CHUNK)):
        repository.insert_relationships(session, map(msgspec.structs.astuple, part))


def related_to(session: Session, kind: RelationshipKind, subject_id: int, on: date) -> list[int]:
    """Those who are ``kind`` of the subject on a date: the parents of a child, a firm's legal representative."""
    return [
        row.from_subject
        for row in repository.relationships_of(session, kind=kind, on=on, to_subject=subject_id)
    ]


def related_to_each(
    session: Session, kinds: Collection[RelationshipKind], subject_ids: Collection[int], on: date
) -> dict[int, set[int]]:
    """The same for many subjects and several kinds at once; who has nobody is left out."""
    found: dict[int, set[int]] = {}
    if subject_ids:
        rows = repository.related_to_each(session, kinds=kinds, on=on, to_subjects=subject_ids)
        for to_subject, from_subject in rows:
            found.setdefault(to_subject, set()).add(from_subject)
    return found


def related_from(session: Session, kind: RelationshipKind, subject_id: int, on: date) -> list[int]:
    """Those of whom the subject is ``kind`` on a date: a parent's children, the firms one represents."""
    return [
        row.to_subject
        for row in repository.relationships_of(session, kind=kind, on=on, from_subject=subject_id)
    ]


def related_from_by(
    session: Session, kinds: Collection[RelationshipKind], subject_id: int, on: date
) -> set[int]:
    """``related_from`` by any of several kinds."""
    return repository.related_from_by(session, kinds=kinds, on=on, from_subject=subject_id)


def comes_of_age_on(session: Session, subject_id: int, *, vault: Vault) -> date | None:
    """The eighteenth birthday (民法典 Art. 17); ``None`` for those without a citizen's number: no child is presumed."""
    born = birth_date(session, subject_id, vault=vault)
    return birthday(born, 18) if born else None


def birth_date(session: Session, subject_id: int, *, vault: Vault) -> date | None:
    """By the citizen's number; ``None`` without one."""
    subject = _required(session, subject_id)
    if subject.identifier_kind != "id_number" or subject.identifier_sealed is None:
        return None
    return birth_date_of(vault.open(subject.identifier_sealed, context=_identifier_place(subject.subject_id)))


def birthday(born: date, years: int) -> date:
    """The day on which somebody is so many years old; those of 29 February on 1 March (民法典 Art. 200-204)."""
    is_leap_day = (born.month, born.day) == (2, 29)
    return date(born.year + years, 3, 1) if is_leap_day else born.replace(year=born.year + years)


def set_firm_form(session: Session, firm_id: int, form: FirmForm) -> None:
    """What the register says it is."""
    _required(session, firm_id).form = form


def set_contact(session: Session, subject_id: int, phone: str, *, vault: Vault, now: datetime) -> None:
    """How to reach somebody without an account, by a number they gave at a counter."""
    repository.keep_contact(
        session, subject_id, vault.seal(phone, context=_contact_place(subject_id)), now=now
    )


def contact_of(session: Session, subject_id: int, *, vault: Vault) -> str | None:
    contact = repository.get_contact(session, subject_id)
    return vault.open(contact.phone_sealed, context=_contact_place(subject_id)) if contact else None


def is_dissolved(session: Session, firm_id: int, on: date) -> bool:
    dissolved_on = _required(session, firm_id).dissolved_on
    return dissolved_on is not None and dissolved_on <= on


def _index(vault: Vault, kind: IdentifierKind, normalised: str) -> bytes:
    return vault.blind_index(normalised, purpose=f"subject/identifier/{kind}")


def _found_by(
    vault: Vault, kind: IdentifierKind | None, identifier: str | None
) -> tuple[str, bytes] | tuple[None, None]:
    if kind is None or not identifier:
        return None, None
    normalised = normalise(kind, identifier)
    return normalised, _index(vault, kind, normalised)


def _identifier_place(subject_id: int) -> str:
    return f"subject/identifier_sealed/{subject_id}"


def _contact_place(subject_id: int) -> str:
    return f"contact/phone_sealed/{subject_id}"


def _name_place(subject_id: int) -> str:
    return f"subject/name_sealed/{subject_id}"


def _columns(row: SubjectRow, vault: Vault, now: datetime) -> tuple[object, ...]:
    normalised, index = _found_by(vault, row.identifier_kind, row.identifier)
    sealed = vault.seal(normalised, context=_identifier_place(row.subject_id)) if normalised else None
    return (
        row.subject_id,
        row.kind,
        row.identifier_kind if normalised else None,
        index,
        sealed,
        vault.seal(_checked_name(row.kind, row.name), context=_name_place(row.subject_id)),
        now,
    )


def _view(subject: Subject, vault: Vault) -> SubjectView:
    identifier = ""
    if subject.identifier_sealed is not None:
        identifier = vault.open(subject.identifier_sealed, context=_identifier_place(subject.subject_id))
    form = subject.form or form_of_uscc(identifier if subject.identifier_kind == "uscc" else "")
    return SubjectView(
        subject_id=subject.subject_id,
        kind=cast(SubjectKind, subject.kind),
        name=name_of(subject, vault=vault),
        masked_identifier=mask(identifier),
        form=cast(FirmForm, form) if subject.kind == "firm" else None,
    )


def _survivor(session: Session, subject: Subject) -> Subject:
    """Who a merged subject is today."""
    while subject.merged_into is not None:
        subject = _required(session, subject.merged_into)
    return subject


def _required(session: Session, subject_id: int) -> Subject:
    subject = repository.get(session, subject_id)
    if subject is None:
        raise NotFound("登记中没有这个对象。")
    return subject


def _checked_name(kind: SubjectKind, name: str) -> str:
    clean = " ".join(name.split())
    longest = NAME_LONGEST if kind == "person" else FIRM_NAME_LONGEST
    if not clean or len(clean) > longest or not clean.isprintable():
        raise InvalidInput(f"姓名或名称应为1至{longest}个可显示的字符。")
    return clean
