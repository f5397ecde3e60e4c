"""Asking a department what it has on record now, in the same words as the events it pushes.

An event says what changed; a question says what holds. Answers carry the instant as of which the department speaks,
so that nobody takes an old record for a new one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from connectors.events.forms import Mapped, Reading
from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem
from connectors.wire import UnmappableError
from kernel.errors import OutsideTimeout
from kernel.i18n import gettext as _

RecordKind = Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{3,40}\Z")]


class RecordQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """About whom (an id number or a credit code), and which kinds of record, the newest of which is wanted."""

    identifier: Annotated[str, msgspec.Meta(min_length=15, max_length=20, pattern=r"^[0-9A-Z]+\Z")]
    kinds: Annotated[tuple[RecordKind, ...], msgspec.Meta(min_length=1, max_length=10)]


class RecordAnswer(msgspec.Struct, frozen=True):
    """``kind`` and ``record`` are null when there is none; it is true as of ``as_of`` in either case."""

    as_of: datetime
    kind: str | None
    record: msgspec.Raw


class Recorded(msgspec.Struct, frozen=True):
    """A department's newest record with what it means in the catalogue's terms, true as of ``as_of``."""

    kind: str
    message: msgspec.Struct
    meaning: Mapped
    as_of: datetime


class RecordsClient:
    """What the clients of all departments share; each adds the questions of its own trade.

    Every question raises ``OutsideUnavailable`` (not asked), ``OutsideTimeout`` (no sound answer) or
    ``OutsideRefused``.
    """

    SYSTEM: ClassVar[str]
    LABEL: ClassVar[str]
    READINGS: ClassVar[Mapping[str, Reading]]

    def __init__(
        self, system: OutsideSystem, *, watch: Watch | None = None, first_pause: float = 0.1
    ) -> None:
        self.caller = Caller(self.LABEL, system, name=self.SYSTEM, watch=watch, first_pause=first_pause)

    def latest(self, identifier: str, *kinds: str) -> Recorded | None:
        """The newest record of these kinds about somebody, or None when the department has none."""
        question = RecordQuestion(identifier, kinds)
        answer = self.caller.read("/records", RecordAnswer, question=question)
        if answer.kind is None:
            return None
        if answer.kind not in kinds:
            raise self._unreadable()
        reading = self.READINGS[answer.kind]
        try:
            message = msgspec.json.decode(answer.record, type=reading.message)
            return Recorded(answer.kind, message, reading.mapping(message), answer.as_of)
        except (msgspec.MsgspecError, UnmappableError) as error:
            raise self._unreadable() from error

    def close(self) -> None:
        self.caller.close()

    def _unreadable(self) -> OutsideTimeout:
        return OutsideTimeout(_("%(system)s的答复无法识别，将先查询结果。", system=_(self.LABEL)))
