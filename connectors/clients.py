"""The client of every department that answers questions, by system."""

from connectors.civil_affairs.client import CivilAffairsClient
from connectors.disabled_federation.client import DisabledFederationClient
from connectors.education.client import EducationClient
from connectors.health.client import HealthClient
from connectors.housing.client import HousingClient
from connectors.industry.client import IndustryClient
from connectors.market_regulation.client import MarketRegulationClient
from connectors.public_security.client import PublicSecurityClient
from connectors.records import RecordsClient
from connectors.social_insurance.client import SocialInsuranceClient
from connectors.tax.client import TaxClient
from connectors.technology.client import TechnologyClient

CLIENTS: dict[str, type[RecordsClient]] = {
    client.SYSTEM: client
    for client in (
        PublicSecurityClient,
        CivilAffairsClient,
        SocialInsuranceClient,
        DisabledFederationClient,
        HealthClient,
        EducationClient,
        HousingClient,
        TaxClient,
        MarketRegulationClient,
        TechnologyClient,
        IndustryClient,
    )
}
