"""What human resources has on record today: unemployment, recognition, skills, premiums."""

from connectors.records import Recorded, RecordsClient
from connectors.social_insurance.mapping import READINGS
from kernel.i18n import N_


class SocialInsuranceClient(RecordsClient):
    SYSTEM = "social_insurance"
    LABEL = N_("人社")
    READINGS = READINGS

    def unemployment_of(self, id_number: str) -> Recorded | None:
        """Whether a person is registered as unemployed."""
        return self.latest(id_number, "unemployment_registered", "unemployment_ended")

    def hard_to_employ_status_of(self, id_number: str) -> Recorded | None:
        """Whether a person is recognised as hard to employ."""
        return self.latest(id_number, "hard_to_employ_recognised")

    def premiums_of(self, id_number: str) -> Recorded | None:
        """Months of premium paid in all."""
        return self.latest(id_number, "premium_posted")

    def skill_certificate_of(self, id_number: str) -> Recorded | None:
        """The latest certificate of skill."""
        return self.latest(id_number, "skill_certificate_issued")

    def premiums_of_firm(self, uscc: str) -> Recorded | None:
        """What a firm paid in the year before."""
        return self.latest(uscc, "firm_premium_settled")

    def layoffs_of_firm(self, uscc: str) -> Recorded | None:
        """A firm's rate of layoffs in the year before."""
        return self.latest(uscc, "layoffs_reported")
