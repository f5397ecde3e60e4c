"""Schooling, hardship and loans, as the register of students has them today."""

from connectors.education.mapping import READINGS
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_


class EducationClient(RecordsClient):
    SYSTEM = "education"
    LABEL = N_("教育")
    READINGS = READINGS

    def schooling_of(self, id_number: str) -> Recorded | None:
        """Where somebody is at school, or that they left."""
        return self.latest(id_number, "student_enrolled", "student_left")

    def hardship_of(self, id_number: str) -> Recorded | None:
        """The hardship recognised for the school year."""
        return self.latest(id_number, "hardship_recognised")

    def student_loan_of(self, id_number: str) -> Recorded | None:
        """Whether a state student loan runs."""
        return self.latest(id_number, "student_loan_reported")
