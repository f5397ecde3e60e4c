"""The simulated departments: what each can be made to record and report."""

from connectors.simulators.actions import Action
from connectors.simulators.departments import (
    banks,
    civil_affairs,
    disabled_federation,
    health,
    market_regulation,
    public_security,
    social_insurance,
    technology,
)

ACTIONS: tuple[Action, ...] = (
    *disabled_federation.ACTIONS,
    *civil_affairs.ACTIONS,
    *public_security.ACTIONS,
    *health.ACTIONS,
    *social_insurance.ACTIONS,
    *market_regulation.ACTIONS,
    *technology.ACTIONS,
    *banks.ACTIONS,
)
