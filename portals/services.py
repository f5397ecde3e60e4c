"""What the portals, the worker and the command line share: made once by the composition root."""

from dataclasses import dataclass

from identity.delegation.claiming import FirmRegister
from kernel.house import House
from kernel.web.bearer import ResolveToken
from policy_engine.delivery.ports import AccountCheck, MeansSystems, Ports, Statements, Treasury
from policy_engine.policies.published import PublishedPolicies
from policy_engine.profiles.exchange.service import Exchange


@dataclass(frozen=True, slots=True)
class Services:
    """``resolve`` turns an access token into a ``Principal``; the six after ``ports`` leave the house."""

    house: House
    published: PublishedPolicies
    ports: Ports
    bank: AccountCheck
    treasury: Treasury
    statements: Statements
    firms: FirmRegister
    exchange: Exchange
    means: MeansSystems
    resolve: ResolveToken
