"""What civil affairs has on record today: relief, means, orphans, care needs, marriages."""

from connectors.civil_affairs.mapping import READINGS
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_


class CivilAffairsClient(RecordsClient):
    SYSTEM = "civil_affairs"
    LABEL = N_("民政")
    READINGS = READINGS

    def relief_of(self, id_number: str) -> Recorded | None:
        """The latest decision on relief for an applicant's family."""
        return self.latest(id_number, "relief_recognised", "relief_ended")

    def means_of(self, id_number: str) -> Recorded | None:
        """The latest report of the means-test centre, while the authorisation lasts."""
        return self.latest(id_number, "means_checked")

    def orphan_status_of(self, id_number: str) -> Recorded | None:
        """Whether a child is a recognised orphan."""
        return self.latest(id_number, "orphan_recognised", "orphan_ended")

    def care_need_of(self, id_number: str) -> Recorded | None:
        """The latest assessment of the need for care."""
        return self.latest(id_number, "care_need_assessed")

    def marriage_of(self, id_number: str) -> Recorded | None:
        """The latest entry in the register of marriages."""
        return self.latest(id_number, "marriage_registered")

    def cremation_of(self, id_number: str) -> Recorded | None:
        """The second source of a death."""
        return self.latest(id_number, "cremation_recorded")
