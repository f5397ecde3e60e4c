"""Births certified and illnesses confirmed, as the health commission has them today."""

from connectors.health.mapping import READINGS
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_


class HealthClient(RecordsClient):
    SYSTEM = "health"
    LABEL = N_("卫健")
    READINGS = READINGS

    def latest_birth_of(self, mother_id_number: str) -> Recorded | None:
        """The latest birth certified for a mother."""
        return self.latest(mother_id_number, "birth_certified")

    def severe_illness_of(self, id_number: str) -> Recorded | None:
        """Whether a severe illness was confirmed, while the authorisation lasts."""
        return self.latest(id_number, "severe_illness_confirmed")
