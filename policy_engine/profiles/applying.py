"""Changes worked out in memory, before anything is written: what counts, what is kept for the record, who is touched."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from policy_engine.catalogue import Catalogue
from policy_engine.profiles.layout import DIVISION_KEYS, division_among
from policy_engine.profiles.precedence import judge
from policy_engine.profiles.schemas import (
    Change,
    FactChange,
    KnownFact,
    KnownSubject,
    Outcome,
    OwnerChanged,
    SubjectAdded,
)


@dataclass
class Working:
    """The subjects concerned, as they become; ``touched`` are those to write back under the new sequence."""

    catalogue: Catalogue
    sequence: int
    today: date
    now: datetime
    subjects: dict[int, KnownSubject]
    added: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    confirmed: set[int] = field(default_factory=set)
    attributes: dict[int, set[str]] = field(default_factory=dict)  # by owner
    employments: dict[int, set[int]] = field(
        default_factory=dict
    )  # by the person's household: hires that changed
    restructured: set[int] = field(default_factory=set)  # owners
    arrived: set[int] = field(default_factory=set)
    history: list[dict[str, Any]] = field(default_factory=list)
    scheduled: list[tuple[date, FactChange]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def apply(self, changes: Sequence[Change]) -> None:
        """All of them, in order. Raises ``NotFound`` when one concerns nobody known."""
        for change in changes:
            if isinstance(change, FactChange):
                self._fact(change)
            elif isinstance(change, SubjectAdded):
                self._add(change)
            else:
                self._move(change)

    @property
    def owners(self) -> tuple[int, ...]:
        return tuple(sorted({self.subjects[one].owner_id for one in self.touched} | self.restructured))

    def _known(self, subject_id: int) -> KnownSubject:
        try:
            return self.subjects[subject_id]
        except KeyError:
            raise NotFound(_("没有这个对象的档案，事实没有写入。")) from None

    def _fact(self, change: FactChange) -> None:
        subject = self._known(change.subject_id)
        attribute = self.catalogue.attribute(change.attribute)
        known = subject.facts.get(attribute.key)
        if attribute.entity != subject.kind:
            raise NotFound(_("这个对象没有这类事实，请核对属性编号。"))
        if change.valid_from and change.valid_from > self.today:
            self.outcomes["scheduled"] += 1
            self.scheduled.append((change.valid_from, change))
            self._record(change, known, "scheduled")
            return
        outcome = judge(attribute, known, change)
        if change.valid_until and change.valid_until < self.today:
            outcome = "outdated"
        self.outcomes[outcome] += 1
        if outcome == "repeated":
            self._confirm(subject, attribute.key, change)
            return
        self._record(change, known, outcome)
        if outcome != "applied":
            return
        self._become(subject, attribute.key, change)
        self.attributes.setdefault(subject.owner_id, set()).add(attribute.id)
        employed = self._employed(subject)
        if employed is not None and attribute.key in self.catalogue.entities["employment"].attributes:
            self._tell_employed(employed, subject)
            self.attributes.setdefault(employed.owner_id, set()).add(f"employment.{attribute.key}")
        if change.valid_until:
            self.scheduled.append((change.valid_until, change))

    def _employed(self, subject: KnownSubject) -> KnownSubject | None:
        """Whose employment a hire is; nobody known, of everything else."""
        return self.subjects.get(subject.about_id or 0) if subject.kind == "hire" else None

    def _tell_employed(self, person: KnownSubject, hire: KnownSubject) -> None:
        """The person's row takes the new sequence too, so that whoever asks what has changed finds the household beside
        the firm. Both are written in order of their numbers, and each is judged under its own key."""
        self._put(person)
        self.employments.setdefault(person.owner_id, set()).add(hire.subject_id)

    def _confirm(self, subject: KnownSubject, key: str, change: FactChange) -> None:
        """The same word again, later: nothing changes for anybody, but an older word can no longer displace it."""
        known = subject.facts.get(key)
        if known is None or change.observed_at <= known.observed_at:
            return
        facts = subject.facts | {key: msgspec.structs.replace(known, observed_at=change.observed_at)}
        self.subjects[subject.subject_id] = msgspec.structs.replace(subject, facts=facts)
        self.confirmed.add(subject.subject_id)
        if change.valid_until:
            self.scheduled.append((change.valid_until, change))

    def _become(self, subject: KnownSubject, key: str, change: FactChange) -> None:
        facts = dict(subject.facts)
        if isinstance(change.value, msgspec.UnsetType):
            facts.pop(key, None)
        else:
            facts[key] = KnownFact(
                change.value,
                change.source,
                change.observed_at,
                change.standing,
                change.valid_from,
                change.valid_until,
            )
        places = [facts[name].value for name in DIVISION_KEYS[subject.kind] if name in facts]
        division = division_among(places, subject.division)
        self._put(msgspec.structs.replace(subject, facts=facts, division=division))

    def _add(self, change: SubjectAdded) -> None:
        if change.subject_id in self.subjects:
            return
        if change.owner_id != change.subject_id:
            self._known(change.owner_id)
        subject = KnownSubject(
            subject_id=change.subject_id,
            kind=change.kind,
            owner_id=change.owner_id,
            about_id=change.about_id,
            division=change.division,
            sequence=self.sequence,
            facts={},
        )
        self.added.add(change.subject_id)
        self.arrived.add(change.subject_id)
        self._restructure(change.owner_id)
        self._put(subject)
        employed = self._employed(subject)
        if employed is not None:
            self._tell_employed(employed, subject)
            self._restructure(employed.owner_id)
        self._record_structure(change, "owner", [], [change.owner_id])

    def _move(self, change: OwnerChanged) -> None:
        subject = self._known(change.subject_id)
        self._known(change.owner_id)
        if subject.owner_id == change.owner_id or subject.subject_id == subject.owner_id:
            return
        self._record_structure(change, "owner", [subject.owner_id], [change.owner_id])
        self._restructure(subject.owner_id)
        self._restructure(change.owner_id)
        self.arrived.add(change.subject_id)
        self._put(msgspec.structs.replace(subject, owner_id=change.owner_id))

    def _restructure(self, owner_id: int) -> None:
        """The owner's own row takes the new sequence too: who left is no longer among the rows that say so."""
        self.restructured.add(owner_id)
        if owner_id in self.subjects:
            self._put(self.subjects[owner_id])

    def _put(self, subject: KnownSubject) -> None:
        self.subjects[subject.subject_id] = msgspec.structs.replace(subject, sequence=self.sequence)
        self.touched.add(subject.subject_id)

    def _record(self, change: FactChange, known: KnownFact | None, outcome: Outcome) -> None:
        self.history.append(
            {
                "sequence": self.sequence,
                "subject_id": change.subject_id,
                "attribute": change.attribute,
                "old": [] if known is None else [known.value],
                "new": [] if isinstance(change.value, msgspec.UnsetType) else [change.value],
                "outcome": outcome,
                "source": change.source,
                "event_id": change.event_id,
                "standing": change.standing,
                "valid_from": change.valid_from,
                "valid_until": change.valid_until,
                "observed_at": change.observed_at,
                "recorded_at": self.now,
            }
        )

    def _record_structure(
        self, change: SubjectAdded | OwnerChanged, what: str, old: list[int], new: list[int]
    ) -> None:
        self.history.append(
            {
                "sequence": self.sequence,
                "subject_id": change.subject_id,
                "attribute": what,
                "old": old,
                "new": new,
                "outcome": "applied",
                "source": change.source,
                "event_id": change.event_id,
                "standing": "verified",
                "valid_from": None,
                "valid_until": None,
                "observed_at": change.observed_at,
                "recorded_at": self.now,
            }
        )
