"""Deed tax, revenue and premiums, as the tax authority has them today."""

from connectors.records import Recorded, RecordsClient
from connectors.tax.mapping import READINGS
from kernel.i18n import N_


class TaxClient(RecordsClient):
    SYSTEM = "tax"
    LABEL = N_("税务")
    READINGS = READINGS

    def deed_tax_of(self, id_number: str) -> Recorded | None:
        """The deed tax of a person's latest purchase."""
        return self.latest(id_number, "deed_tax_paid")

    def premiums_of(self, id_number: str) -> Recorded | None:
        """Months of unemployment premium collected."""
        return self.latest(id_number, "premium_collected")

    def revenue_of(self, uscc: str) -> Recorded | None:
        """What a firm declared last."""
        return self.latest(uscc, "revenue_declared")
