"""The simulated departments: what each can be made to record and report."""

from connectors.simulators.actions import Action
from connectors.simulators.departments import (
    banks,
    civil_affairs,
    disabled_federation,
    education,
    health,
    housing,
    industry,
    market_regulation,
    public_security,
    social_insurance,
    tax,
    technology,
)

ACTIONS: tuple[Action, ...] = (
    *disabled_federation.ACTIONS,
    *civil_affairs.ACTIONS,
    *public_security.ACTIONS,
    *health.ACTIONS,
    *social_insurance.ACTIONS,
    *education.ACTIONS,
    *housing.ACTIONS,
    *tax.ACTIONS,
    *market_regulation.ACTIONS,
    *technology.ACTIONS,
    *industry.ACTIONS,
    *banks.ACTIONS,
)
