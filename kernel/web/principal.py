"""Who is asking, for whom, and what they may do: the one value every door passes to the services."""

import uuid

import msgspec


class SeatView(msgspec.Struct, frozen=True):
    """The post (席位) an official sits in: rights belong to the post, not to the person."""

    id: uuid.UUID
    title: str
    division: str
    department: str
    duties: frozenset[str]


class Principal(msgspec.Struct, frozen=True):
    """A person acting in one capacity: ``self``, ``person`` (for another), ``enterprise`` or ``seat``.

    ``subject_id`` is the natural person; ``acting_for`` the person or firm concerned, the same when acting for oneself.
    """

    subject_id: int
    name: str
    capacity: str
    acting_for: int
    acting_for_name: str
    scopes: frozenset[str]
    acr: int
    client_id: str
    grant_id: uuid.UUID
    seat: SeatView | None = None

    def has_duty(self, duty: str) -> bool:
        return self.seat is not None and duty in self.seat.duties
