"""人生大事: what a turn of life brings with it, by the policies that speak of it."""

from functools import cache
from pathlib import Path

import msgspec

from kernel.i18n import CHINESE, current_locale
from portals.tong.catalogue import ServiceView


class LifeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """``policies`` are ids; one that is not in force is not shown."""

    key: str
    title: str
    title_en: str
    lead: str
    lead_en: str
    icon: str
    policies: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.title if current_locale() == CHINESE else self.title_en

    @property
    def words(self) -> str:
        return self.lead if current_locale() == CHINESE else self.lead_en


@cache
def life_events() -> tuple[LifeEvent, ...]:
    """In the order of a life."""
    text = (Path(__file__).parent / "life.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=tuple[LifeEvent, ...])


def life_event(key: str) -> LifeEvent | None:
    return next((one for one in life_events() if one.key == key), None)


def services_of(event: LifeEvent, services: list[ServiceView]) -> list[ServiceView]:
    """Those in force that the event concerns, in the event's own order."""
    by_id = {one.policy_id: one for one in services}
    return [by_id[policy_id] for policy_id in event.policies if policy_id in by_id]
