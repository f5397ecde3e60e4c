"""A department's list of events, read on from where we stopped: what a push missed is found here."""

from typing import Annotated

import msgspec

from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem

PAGE = 100


class EventPage(msgspec.Struct, frozen=True):
    """Up to ``PAGE`` envelopes in order, and the cursor after the last of them."""

    events: tuple[msgspec.Raw, ...]
    next_cursor: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-.]{0,120}\Z")]


class EventFeed:
    def __init__(
        self,
        label: str,
        system: OutsideSystem,
        *,
        name: str = "",
        watch: Watch | None = None,
        first_pause: float = 0.1,
    ) -> None:
        self._caller = Caller(label, system, name=name, watch=watch, first_pause=first_pause)

    def events_after(self, cursor: str) -> EventPage:
        """The next page; empty events when there is nothing new. Raises ``OutsideFailure``."""
        return self._caller.read(f"/events?after={cursor}&limit={PAGE}", EventPage)

    def close(self) -> None:
        self._caller.close()
