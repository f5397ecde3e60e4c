"""Homes, leases and the waiting list, as the property register has them today."""

from connectors.housing.mapping import READINGS
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_


class HousingClient(RecordsClient):
    SYSTEM = "housing"
    LABEL = N_("住建")
    READINGS = READINGS

    def latest_home_of(self, id_number: str) -> Recorded | None:
        """The latest home a person registered."""
        return self.latest(id_number, "home_registered")

    def lease_of(self, id_number: str) -> Recorded | None:
        """The latest lease filed by a tenant."""
        return self.latest(id_number, "lease_filed")

    def queue_place_of(self, id_number: str) -> Recorded | None:
        """Whether a person waits for public rental housing."""
        return self.latest(id_number, "public_rental_queued")

    def homes_brokered_by(self, uscc: str) -> Recorded | None:
        """Second-hand homes an agency brokered in the year."""
        return self.latest(uscc, "homes_brokered")
