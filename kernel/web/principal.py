"""Who is asking, for whom, and what they may do: the one value that every handler judges by."""

import uuid
from typing import Any, Literal

import msgspec

from kernel.i18n import Named

Capacity = Literal["self", "person", "enterprise", "seat"]

#: What a seat may do; rights belong to the post, never to the person (docs/architecture.md).
Duty = Literal[
    "policy.author",
    "policy.publish",
    "claim.accept",
    "claim.joint_review",
    "claim.decide",
    "payment.approve",
    "audit.read",
    "admin.system",
    "admin.security",
    "counter.assist",
    "licence.issue",
    "licence.verify",
    "financing.work",
    "financing.approve",
    "financing.oversee",
    "financing.pool",
]


class SeatView(msgspec.Struct, frozen=True, kw_only=True):
    """A post as it stands at this request: ``division`` is a code (``420203``), ``department`` a name (``民政局``).

    ``institution`` is the subject number of the bank whose post it is; nothing for a post of the city's own.
    """

    id: int
    title: str
    title_en: str = ""
    division: str
    department: str
    department_en: str = ""
    duties: frozenset[str]
    institution: int | None = None

    @property
    def named(self) -> Named:
        return Named(self.title, self.title_en)

    @property
    def department_named(self) -> Named:
        return Named(self.department, self.department_en)

    @property
    def post(self) -> Named:
        """With its department, as files call it; never by who sits there."""
        en = " · ".join((self.department_en, self.title_en)) if self.department_en and self.title_en else ""
        return Named(f"{self.department}·{self.title}", en)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The person signed in, and the capacity in which this grant lets them act.

    ``acting_for`` is the subject whose affairs these are: the person themselves (``self``, and ``seat``, where the
    affairs are the city's), another person (``person``), a firm (``enterprise``), or the institution whose seat it is
    (``seat``). ``details`` are the itemised things that were allowed in particular (RFC 9396).
    """

    subject_id: int
    name: str
    capacity: Capacity
    acting_for: int
    acting_for_name: str
    seat: SeatView | None
    scopes: frozenset[str]
    acr: str
    client_id: str
    grant_id: uuid.UUID
    details: tuple[dict[str, Any], ...] = ()

    @property
    def is_proxy(self) -> bool:
        """Acting for another person: may confirm, may never redirect money (practice: four roles kept apart)."""
        return self.capacity == "person"

    def has_duty(self, duty: Duty) -> bool:
        return self.seat is not None and duty in self.seat.duties

    def has_scope(self, scope: str) -> bool:
        return scope in self.scopes
