"""The composition root: opens the house, makes every service, and joins them under one port."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from litestar import Litestar

import connectors.app
import connectors.simulators.app
import identity.app
import licenses.app
import portals.entrance.routes
import portals.rongtong.app
import portals.tong.app
import portals.zhengtong.app
from connectors.banks.client import BankClient
from connectors.settings import ConnectorSettings
from connectors.treasury.client import TreasuryClient
from kernel.house import House
from kernel.i18n import Translations
from kernel.web.pages import Pages
from policy_engine.delivery.people import RegisteredPeople, known_facts
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.published import PublishedTerms
from policy_engine.policies.published import PublishedPolicies
from portals.outside import BankAccounts, TreasuryOrders
from portals.server import PathApps

ROOT = Path(__file__).parent.parent
#: Template prefix -> the folder that holds it.
TEMPLATES = {
    "connectors": ROOT / "connectors" / "simulators" / "templates",
    "entrance": ROOT / "portals" / "entrance" / "templates",
    "identity": ROOT / "identity" / "templates",
    "licenses": ROOT / "licenses" / "templates",
    "rongtong": ROOT / "portals" / "rongtong" / "templates",
    "tong": ROOT / "portals" / "tong" / "templates",
    "zhengtong": ROOT / "portals" / "zhengtong" / "templates",
}
SERVICES = ("entrance", "identity", "licenses", "connectors", "tong", "rongtong", "zhengtong")


@dataclass(frozen=True, slots=True)
class Services:
    """What the portals, the worker and the command line share."""

    house: House
    connectors: ConnectorSettings
    published: PublishedPolicies
    ports: Ports
    bank: BankAccounts
    treasury: TreasuryOrders


def open_services(house: House, environ: Mapping[str, str] = os.environ) -> Services:
    """Join the storeys: delivery asks policies, profiles, matching and the outside through its ports."""
    outside = ConnectorSettings.from_environ(environ, house.settings.base_url, house.settings.home)
    published = PublishedPolicies()
    raise NotImplementedError


