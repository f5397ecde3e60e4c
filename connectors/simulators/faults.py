"""Switches that make a simulated system misbehave, so that the system's care can be tested."""

from typing import Annotated, Literal

import msgspec

from connectors.simulators.store import Store

Mode = Literal[
    "none",
    "timeout_after_accepting",  # the order is kept, the answer comes too late
    "timeout_before_accepting",  # nothing is kept, and the answer comes too late
    "refuse",  # a final no, with ``code``
    "return",  # 退票: the bank sends the money back, with ``code``
    "down",  # 503 to everything
    "duplicate_callbacks",  # every callback is delivered three times
    "queued",  # a message waits, and still does when asked about
    "undeliverable",  # no such phone: said at once, or when asked about one that waited
    "slow",  # every answer takes ``seconds``
]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``times``: for how many uses, or until switched off; ``seconds``: how late; ``code``: the reason given."""

    mode: Mode = "none"
    times: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 6.0
    code: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{2,40}\Z")] = "account_closed"


def set_fault(store: Store, system: str, fault: Fault) -> None:
    store.run(
        "INSERT OR REPLACE INTO fault (system, mode, times, seconds, code) VALUES (?, ?, ?, ?, ?)",
        system,
        fault.mode,
        fault.times,
        fault.seconds,
        fault.code,
    )


def current_fault(store: Store, system: str) -> Fault:
    row = store.row("SELECT mode, times, seconds, code FROM fault WHERE system = ?", system)
    return Fault(*row) if row else Fault()


def use_fault(store: Store, system: str, *modes: Mode) -> Fault | None:
    """The switch if it is one of ``modes`` and has uses left; takes one of them."""
    with store.transaction():
        fault = current_fault(store, system)
        if fault.mode not in modes or fault.times == 0:
            return None
        if fault.times is not None:
            store.run("UPDATE fault SET times = times - 1 WHERE system = ?", system)
        return fault
