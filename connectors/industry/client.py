"""Size, specialities and green factories as industry has them today."""

from connectors.industry.mapping import READINGS
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_


class IndustryClient(RecordsClient):
    SYSTEM = "industry"
    LABEL = N_("经信")
    READINGS = READINGS

    def size_of(self, uscc: str) -> Recorded | None:
        """The size class decided last."""
        return self.latest(uscc, "firm_sized")

    def speciality_of(self, uscc: str) -> Recorded | None:
        """The recognised speciality, or that it was withdrawn."""
        return self.latest(uscc, "speciality_recognised")

    def above_scale_of(self, uscc: str) -> Recorded | None:
        """Whether a firm is above the statistical scale."""
        return self.latest(uscc, "above_scale_reported")

    def green_factory_of(self, uscc: str) -> Recorded | None:
        """The recognised green factory, or that it was withdrawn."""
        return self.latest(uscc, "green_factory_recognised")
