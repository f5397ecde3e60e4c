"""What the property register's messages mean in the catalogue's terms. Homes are facts of the household."""

from decimal import ROUND_CEILING, Decimal

from connectors.events.forms import AttributeChange, Mapped, RawValue, Reading, firm, household_of, person
from connectors.housing.messages import HomeRegistered, HomesBrokered, LeaseFiled, PublicRentalQueued
from connectors.wire import UnmappableError, read_code, read_day

SOURCE = "housing"
KIND = {"1": "新建普通商品住房", "2": "二手房"}
PLACE = {"1": "大冶城区", "2": "大冶建制镇", "9": "其他"}
YES_NO = {"0": "no", "1": "yes"}


def map_home(message: HomeRegistered) -> Mapped:
    bought = read_day("wqrq", message.bought_on)
    if read_day("djrq", message.registered_on) < bought:
        raise UnmappableError("djrq: a home cannot be registered before it was bought")
    if message.rank == 0:
        raise UnmappableError("tc: a home bought is at least the first")
    facts: dict[str, RawValue] = {
        "household.bought_on": bought.isoformat(),
        "household.bought_kind": read_code("fwlx", message.kind, KIND),
        "household.bought_place": read_code("fwwz", message.place, PLACE),
        "household.bought_rank": message.rank,
        "household.bought_area": read_area_ceiling(message.area),
        "household.bought_by_swap": read_code("sfhg", message.is_swap, YES_NO) == "yes",
        "household.owned_area": message.owned_area,
    }
    household, relation = household_of("owner")
    changes = tuple(AttributeChange("household", name, value, bought) for name, value in facts.items())
    owner = person("owner", message.id_number, message.name)
    return Mapped((owner, household), changes, (relation,))


def map_lease(message: LeaseFiled) -> Mapped:
    """While the lease runs; afterwards it is unknown again whether the household rents elsewhere."""
    since, until = read_day("qsrq", message.since_on), read_day("zzrq", message.until_on)
    is_running = read_code("zlzt", message.is_running, YES_NO) == "yes"
    if until < since:
        raise UnmappableError("zzrq: a lease cannot end before it began")
    household, relation = household_of("tenant")
    change = AttributeChange(
        "household", "household.rents_on_market", is_running, since, until if is_running else None
    )
    return Mapped((person("tenant", message.id_number, message.name), household), (change,), (relation,))


def map_queue(message: PublicRentalQueued) -> Mapped:
    is_waiting = read_code("lhzt", message.is_waiting, YES_NO) == "yes"
    household, relation = household_of("applicant")
    on = read_day("jdrq", message.decided_on)
    change = AttributeChange("household", "household.is_waiting_for_housing", is_waiting, on)
    return Mapped((person("applicant", message.id_number, message.name), household), (change,), (relation,))


def map_brokered(message: HomesBrokered) -> Mapped:
    as_of = read_day("tjrq", message.as_of)
    change = AttributeChange("firm", "firm.homes_brokered", message.homes, as_of)
    return Mapped((firm("firm", message.uscc, message.name),), (change,))


def read_area_ceiling(text: str) -> int:
    """Whole square metres, rounded up: limits are whole and say "not above", so the comparison stays exact."""
    return int(Decimal(text).to_integral_value(rounding=ROUND_CEILING))


READINGS = {
    "home_registered": Reading(HomeRegistered, map_home),
    "lease_filed": Reading(LeaseFiled, map_lease),
    "public_rental_queued": Reading(PublicRentalQueued, map_queue),
    "homes_brokered": Reading(HomesBrokered, map_brokered),
}
