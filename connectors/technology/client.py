"""Recognitions of technology firms as they stand today."""

from connectors.records import Recorded, RecordsClient
from connectors.technology.mapping import READINGS
from kernel.i18n import N_


class TechnologyClient(RecordsClient):
    SYSTEM = "technology"
    LABEL = N_("科技")
    READINGS = READINGS

    def hi_tech_status_of(self, uscc: str) -> Recorded | None:
        """Whether a firm is a recognised high-technology firm."""
        return self.latest(uscc, "hi_tech_recognised", "hi_tech_revoked")

    def sme_listing_of(self, uscc: str) -> Recorded | None:
        """Whether a firm is on this year's list of technology-based small firms."""
        return self.latest(uscc, "technology_sme_listed")
