"""Whether a disability certificate stands today."""

from connectors.disabled_federation.mapping import READINGS
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_


class DisabledFederationClient(RecordsClient):
    SYSTEM = "disabled_federation"
    LABEL = N_("残联")
    READINGS = READINGS

    def certificate_of(self, id_number: str) -> Recorded | None:
        """The latest certificate, or that it was cancelled."""
        return self.latest(id_number, "certificate_issued", "certificate_cancelled")
