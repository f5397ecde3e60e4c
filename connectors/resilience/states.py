"""Which outside systems answer, which are down and since when, and how old what we have from each is."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from connectors.events import repository
from connectors.events.departments import DEPARTMENTS
from connectors.resilience.guard import Watch
from connectors.settings import SYSTEMS
from kernel.i18n import N_

Condition = Literal["up", "failing", "down", "unknown"]
#: Polled every half minute: a department not read for this long is worth a look.
OTHERS = {
    "messaging": N_("短信平台"),
    "mail": N_("邮件平台"),
    "wechat": N_("微信公众号平台"),
    "exchange": N_("省级数据共享平台"),
    "means_test": N_("家庭经济状况核对中心"),
}
STALE = timedelta(minutes=10)


class SystemState(msgspec.Struct, frozen=True, kw_only=True):
    """``down``: nothing is sent for now. ``data_as_of``: until when its events have been read without a gap."""

    system: str
    label: str
    condition: Condition
    failing_since: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str
    answer_seconds: float | None
    data_as_of: datetime | None
    is_stale: bool


def states(session: Session, watch: Watch, *, now: datetime) -> list[SystemState]:
    """Every outside system in the order of ``SYSTEMS``. Reads what calls noted; asks nobody, so it never waits."""
    read_until = repository.read_until(session)
    return [_state(watch, system, read_until.get(system), now) for system in SYSTEMS]


def label_of(system: str) -> str:
    """What people call a system (to be translated)."""
    if system in DEPARTMENTS:
        return DEPARTMENTS[system].label
    return OTHERS.get(system, system)


def _state(watch: Watch, system: str, read_until: datetime | None, now: datetime) -> SystemState:
    noted = watch.notes(system).read()
    breaker = watch.breaker(system).state
    condition: Condition = "up"
    if breaker != "closed":
        condition = "down"
    elif noted.failing_since is not None:
        condition = "failing"
    elif noted.success is None:
        condition = "unknown"
    return SystemState(
        system=system,
        label=label_of(system),
        condition=condition,
        failing_since=noted.failing_since,
        last_success_at=noted.success.at if noted.success else None,
        last_failure_at=noted.failure.at if noted.failure else None,
        last_failure=noted.failure.why if noted.failure else "",
        answer_seconds=noted.success.seconds if noted.success else None,
        data_as_of=read_until,
        is_stale=read_until is not None and now - read_until > STALE,
    )
