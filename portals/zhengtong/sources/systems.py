"""Which outside systems answer. Nobody is asked for it: the page reads what real calls noted, so it never waits."""

from connectors.resilience import Watch
from connectors.resilience.states import SystemState, states
from portals.services import Services


def system_states(services: Services) -> list[SystemState]:
    house = services.house
    with house.database.read() as session:
        return states(session, Watch(house.ephemeral, house.clock), now=house.clock.now())
