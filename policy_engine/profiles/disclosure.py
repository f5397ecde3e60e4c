"""What the city knows about somebody, for that somebody: every fact with its source, its dates, and the law behind it."""

from datetime import date

from babel.dates import format_date
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, Catalogue, catalogue
from policy_engine.profiles import repository
from policy_engine.profiles.schemas import KnownAbout, KnownFact, OtherWord, PastWord, RawValue


def known_about(session: Session, subject_id: int) -> list[KnownAbout]:
    """Every present fact in the catalogue's order. Only its own subject, or who acts for it, may be shown this.

    Raises ``NotFound`` for a number without a profile.
    """
    subject = repository.load_subjects(session, [subject_id]).get(subject_id)
    if subject is None:
        raise NotFound(_("没有这个对象的档案，请核对后再试。"))
    known = catalogue()
    attributes = known.entities[subject.kind].base_attributes
    return [_line(known, one, subject.facts[one.key]) for one in attributes if one.key in subject.facts]


def _line(known: Catalogue, attribute: Attribute, fact: KnownFact) -> KnownAbout:
    department = known.departments.get(fact.source)
    return KnownAbout(
        attribute=attribute.id,
        label=attribute.name,
        label_en=attribute.label_en,
        value=fact.value,
        text=display(known, attribute, fact.value),
        source=fact.source,
        source_name=department.said if department else fact.source,
        sensitivity=attribute.sensitivity,
        standing=fact.standing,
        observed_at=fact.observed_at,
        valid_from=fact.valid_from,
        valid_until=fact.valid_until,
        legal_basis=attribute.legal_basis,
    )


def display(known: Catalogue, attribute: Attribute, value: RawValue) -> str:
    """A raw value as people read it: yuan, per cent, dates, names of places."""
    if value is None:
        return _("无")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, int):
        return _number(attribute, value)
    if attribute.type == "division":
        division = known.divisions.get(value)
        return division.name if division else value
    if attribute.type == "date":
        return format_date(date.fromisoformat(value), "long", locale=current_locale())
    return known.said(value)


def _number(attribute: Attribute, value: int) -> str:
    if attribute.type == "money":
        return _("%(amount)s元", amount=f"{value // 100:,}.{value % 100:02d}")
    if attribute.type == "ratio":
        return f"{value // 10}.{value % 10}%"
    # English reads the number alone, because its label says what is counted.
    return str(value) if current_locale() == ENGLISH else f"{value}{attribute.unit}"


def other_words(
    session: Session, subject_id: int, attribute: Attribute, fact: KnownFact
) -> tuple[OtherWord, ...]:
    """What other sources say of the same thing, where it differs: the latest word of each, outranked by precedence."""
    latest: dict[str, OtherWord] = {}
    known = catalogue()
    for row in repository.history_of(session, subject_id, attribute.id):
        if row.outcome != "outranked" or not row.new:
            latest.pop(row.source, None)
            continue
        department = known.departments.get(row.source)
        latest[row.source] = OtherWord(
            source=row.source,
            source_name=department.said if department else row.source,
            text=display(known, attribute, row.new[0]),
            observed_at=row.observed_at,
        )
        if row.new[0] == fact.value:
            latest.pop(row.source)
    return tuple(latest.values())


def past_words(session: Session, subject_id: int, attribute: Attribute) -> tuple[PastWord, ...]:
    """Everything ever said of one fact, the newest first, also what did not count."""
    known = catalogue()
    return tuple(
        PastWord(
            text=display(known, attribute, row.new[0]) if row.new else _("不再知道"),
            source_name=known.departments[row.source].said if row.source in known.departments else row.source,
            outcome=row.outcome,
            observed_at=row.observed_at,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        for row in reversed(repository.history_of(session, subject_id, attribute.id))
    )
