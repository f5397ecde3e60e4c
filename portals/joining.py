"""Joins the storeys: delivery asks policies, profiles, matching and the outside through its ports.

Apart from ``main``, which makes every page there is: a worker or a command needs none of them, and starts in a fraction
of the time.
"""

from connectors.banks.client import BankClient
from connectors.exchange.client import ExchangeClient
from connectors.market_regulation.client import MarketRegulationClient
from connectors.means_test.client import MeansTestClient
from connectors.resilience import Watch
from connectors.treasury.client import TreasuryClient
from identity.service import token_resolver
from kernel.house import House
from policy_engine.decisions.service import DecisionRecords
from policy_engine.delivery.judging import EngineJudgements
from policy_engine.delivery.people import RegisteredPeople, known_facts
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.published import PublishedTerms
from policy_engine.policies.published import PublishedPolicies
from portals.outside import (
    BankAccounts,
    BankStatements,
    MeansTest,
    RegisterOfFirms,
    TreasuryOrders,
    outside_of,
)
from portals.services import Services


def open_services(house: House) -> Services:
    """Everything that portals, worker and commands share, over this house."""
    outside = outside_of(house)
    watch = Watch(house.ephemeral, house.clock)
    bank = BankClient(outside.systems["banks"], watch=watch)
    published = PublishedPolicies()
    engine = EngineJudgements(published, house.clock)
    ports = Ports(
        terms=PublishedTerms(),
        people=RegisteredPeople(house.vault),
        facts=known_facts,
        reevaluate=engine.reevaluate,
        reevaluate_many=engine.reevaluate_many,
        explain=engine.explain,
        records=DecisionRecords(house, published),
        vault=house.vault,
    )
    return Services(
        house=house,
        published=published,
        ports=ports,
        bank=BankAccounts(bank),
        treasury=TreasuryOrders(TreasuryClient(outside.systems["treasury"], watch=watch)),
        statements=BankStatements(bank),
        firms=RegisterOfFirms(MarketRegulationClient(outside.systems["market_regulation"], watch=watch)),
        exchange=ExchangeClient(outside.systems["exchange"], house.clock, watch=watch),
        means=MeansTest(MeansTestClient(outside.systems["means_test"], watch=watch)),
        resolve=token_resolver(house),
    )
