"""An objection's life: raised by whom the fact is about, answered by its source in time, its correction a fact.

The source answers, because what the register says is the register's word: a correction arrives as a fact of that
source, retroactive if need be, and is weighed, remembered and passed on as any other.
"""

import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.notices import notify
from kernel.outbox import enqueue
from kernel.wording import worded
from kernel.working_days import add_working_days, working_days_between
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.disclosure import display
from policy_engine.profiles.files.cells import Unreadable, read_cell
from policy_engine.profiles.objections import repository
from policy_engine.profiles.objections.models import FactObjection, FindingChoice
from policy_engine.profiles.schemas import FactChange, FactsChanged, KnownFact, RawValue
from policy_engine.profiles.service import FACTS_CHANGED, apply_changes
from policy_engine.profiles.validation import fault_of

#: Working days within which a source answers; PIPL Art. 46 says "promptly", the city promises this.
DAYS = 10
SHORTEST, LONGEST = 4, 500
Outcome = Literal["corrected", "upheld"]
_FOR_ANOTHER = frozenset({"guardian", "proxy", "institution"})


class Words(msgspec.Struct, frozen=True):
    """What is wrong, and what would be right, as the person puts it."""

    wrong: str
    right: str


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Who chose whether policies look for somebody, and as what."""

    by: int
    role: str
    is_quiet: bool
    at: datetime


class ObjectionView(msgspec.Struct, frozen=True, kw_only=True):
    """``days_left`` in working days, negative when overdue; only for an open one."""

    id: uuid.UUID
    attribute: str
    label: str
    source: str
    source_name: str
    told: str
    state: str
    wrong: str
    right: str
    raised_at: datetime
    due_on: date
    days_left: int | None
    answer: str
    answered_by: str
    answered_at: datetime | None
    raised_as: str


def raise_objection(
    session: Session,
    vault: Vault,
    *,
    subject_id: int,
    attribute_id: str,
    wrong: str,
    right: str,
    by: int,
    role: str = "self",
    now: datetime,
) -> ObjectionView:
    """Raises ``NotFound`` (no such fact), ``InvalidInput`` (no words) or ``Conflict`` (one is open already)."""
    subject = profiles.load_subjects(session, [subject_id]).get(subject_id)
    attribute = _attribute(attribute_id)
    known = None if subject is None else subject.facts.get(attribute.key)
    if subject is None or subject.kind != attribute.entity or known is None:
        raise NotFound(_("没有登记这项信息，无法提出异议。"))
    words = Words(_words("wrong", wrong), _words("right", right, 1) if right.strip() else "")
    if repository.open_on(session, subject_id, attribute_id) is not None:
        raise Conflict(_("这项信息已有一件异议在办理，请等来源部门答复。"))
    today = business_date(now)
    row = FactObjection(
        id=new_id(),
        subject_id=subject_id,
        attribute=attribute_id,
        source=known.source,
        division=subject.division,
        told=[known.value],
        words_sealed=b"",
        state="open",
        raised_by=by,
        raised_as=role,
        raised_at=now,
        due_on=add_working_days(today, DAYS),
    )
    row.words_sealed = vault.seal(msgspec.json.encode(words).decode(), context=_context(row.id))
    session.add(row)
    session.flush()
    return _view(vault, row, today)


def withdraw(
    session: Session, objection_id: uuid.UUID, *, subject_id: int, by: int, now: datetime
) -> FactObjection:
    """By whom it is about, or who speaks for them. Raises ``NotFound`` (not theirs) or ``Conflict`` (answered already)."""
    row = repository.get(session, objection_id, for_update=True)
    if row is None or row.subject_id != subject_id:
        raise NotFound(_("没有找到这件异议。"))
    _require_open(row)
    row.state, row.answered_at, row.withdrawn_by = "withdrawn", now, by
    return row


def answer(
    session: Session,
    objection_id: uuid.UUID,
    *,
    outcome: Outcome,
    text: str,
    value: str = "",
    valid_from: date | None = None,
    by: int,
    seat: str,
    now: datetime,
) -> None:
    """The source's answer. ``corrected`` makes ``value`` (as a cell of a file is written) the source's new word.

    Raises ``NotFound``, ``Conflict`` (answered already) or ``InvalidInput``; nothing has changed then.
    """
    row = repository.get(session, objection_id, for_update=True)
    if row is None:
        raise NotFound(_("没有找到这件异议。"))
    _require_open(row)
    reply = _words("answer", text)
    attribute = _attribute(row.attribute)
    if outcome == "corrected":
        known = _known(session, row, attribute)
        seen_at = now if known is None else max(now, known.observed_at)
        change = _correction(row, attribute, value, valid_from, now)
        apply_changes(session, [msgspec.structs.replace(change, observed_at=seen_at)], now=now)
        known = _known(session, row, attribute)
        if known is not None and known.source != row.source:
            raise Conflict(_("这项信息现在以另一来源为准，请由该来源更正。"))
    row.state, row.answer = outcome, reply
    row.answered_by, row.answered_seat, row.answered_at = by, seat[:60], now
    title = worded("异议已答复：已更正") if outcome == "corrected" else worded("异议已答复：维持原登记")
    body = worded(
        "您对一项登记信息的异议已由来源部门答复。对答复不服的，可以向该部门申请复核或依法申请行政复议。"
    )
    others = {row.raised_by} if row.raised_as in _FOR_ANOTHER else set()
    for reader in (row.subject_id, *(others - {row.subject_id})):
        notify(
            session,
            subject_id=reader,
            kind=f"objection.{outcome}",
            title=title,
            body=body,
            link=f"/facts/{row.attribute}" if reader == row.subject_id else "/me/facts",
            now=now,
        )


def of_subject(session: Session, vault: Vault, subject_id: int, today: date) -> list[ObjectionView]:
    return [_view(vault, row, today) for row in repository.of_subject(session, subject_id)]


def waiting_for(
    session: Session, vault: Vault, sources: Collection[str], division: str, today: date
) -> list[ObjectionView]:
    """Tasks of these sources within a division, the most urgent first."""
    prefix = division.rstrip("0") if len(division) == 6 else division
    return [_view(vault, row, today) for row in repository.open_of(session, sources, prefix)]


def choose_quiet(
    session: Session,
    subject_id: int,
    *,
    is_quiet: bool,
    by: int | None = None,
    role: str = "self",
    now: datetime,
) -> None:
    """Not to be found by policies, or to be found again: then the family is matched as if somebody had just come.

    Who chose, and as what, stays on record: ``by`` is the subject where nobody else is named.
    """
    session.add(
        FindingChoice(
            id=new_id(),
            subject_id=subject_id,
            is_quiet=is_quiet,
            chosen_by=by or subject_id,
            chosen_as=role,
            chosen_at=now,
        )
    )
    session.flush()
    was_quiet = bool(repository.quiet_among(session, [subject_id]))
    if is_quiet:
        repository.add_quiet(session, subject_id, now=now)
        return
    repository.remove_quiet(session, subject_id)
    subject = profiles.load_subjects(session, [subject_id]).get(subject_id)
    if not was_quiet or subject is None:
        return
    again = FactsChanged(subject.owner_id, (subject_id,), (), subject.sequence, True, (subject_id,))
    kind = "household" if subject.kind in ("person", "household") else "firm"
    enqueue(session, FACTS_CHANGED, f"{kind}:{subject.owner_id}", again, now=now)


def is_quiet(session: Session, subject_id: int) -> bool:
    return bool(repository.quiet_among(session, [subject_id]))


def last_choice(session: Session, subject_id: int) -> Chosen | None:
    """By whom it was chosen last whether policies look for a subject; none where nobody ever did."""
    row = repository.last_choice(session, subject_id)
    if row is None:
        return None
    return Chosen(by=row.chosen_by, role=row.chosen_as, is_quiet=row.is_quiet, at=row.chosen_at)


def _correction(
    row: FactObjection, attribute: Attribute, value: str, valid_from: date | None, now: datetime
) -> FactChange:
    try:
        read: RawValue | msgspec.UnsetType = read_cell(attribute, value.strip())
    except Unreadable as unreadable:
        raise _invalid("value", unreadable.what, unreadable.mend) from None
    if not value.strip():
        raise _invalid("value", _("请填写更正后的内容；确实没有的填“无”"), "")
    change = FactChange(
        subject_id=row.subject_id,
        attribute=row.attribute,
        value=read,
        source=row.source,
        event_id=f"objection:{row.id}",
        observed_at=now,
        valid_from=valid_from,
    )
    if valid_from is not None and valid_from > business_date(now):
        raise _invalid("valid_from", _("生效日期不能晚于今天"), "")
    fault = fault_of(change, catalogue())
    if fault is not None:
        raise _invalid("value", *fault)
    return change


def _known(session: Session, row: FactObjection, attribute: Attribute) -> KnownFact | None:
    return profiles.load_subjects(session, [row.subject_id])[row.subject_id].facts.get(attribute.key)


def _attribute(attribute_id: str) -> Attribute:
    try:
        return catalogue().attribute(attribute_id)
    except KeyError:
        raise NotFound(_("没有登记这项信息，无法提出异议。")) from None


def _require_open(row: FactObjection) -> None:
    if row.state != "open":
        raise Conflict(_("这件异议已经办结。"))


def _words(where: str, text: str, least: int = SHORTEST) -> str:
    words = " ".join(text.split())
    if not least <= len(words) <= LONGEST or not words.isprintable():
        raise _invalid(where, _("请写%(least)s到%(most)s个字", least=least, most=LONGEST), "")
    return words


def _invalid(where: str, what: str, mend: str) -> InvalidInput:
    return InvalidInput(what, errors=[FieldError(where, what, mend)])


def _context(objection_id: uuid.UUID) -> str:
    return f"fact_objection/words_sealed/{objection_id}"


def _view(vault: Vault, row: FactObjection, today: date) -> ObjectionView:
    known = catalogue()
    attribute = known.attribute(row.attribute)
    department = known.departments.get(row.source)
    words = msgspec.json.decode(vault.open(row.words_sealed, context=_context(row.id)), type=Words)
    return ObjectionView(
        id=row.id,
        attribute=row.attribute,
        label=attribute.name,
        source=row.source,
        source_name=department.said if department else row.source,
        told=display(known, attribute, row.told[0]) if row.told else "",
        state=row.state,
        wrong=words.wrong,
        right=words.right,
        raised_at=row.raised_at,
        due_on=row.due_on,
        days_left=working_days_between(today, row.due_on) if row.state == "open" else None,
        answer=row.answer or "",
        answered_by=row.answered_seat or "",
        answered_at=row.answered_at,
        raised_as=row.raised_as,
    )
