"""Real-name check (实名核验): do this name and this id number belong to one living person? And what the register says."""

from connectors.public_security.mapping import READINGS
from connectors.public_security.messages import IdentityAnswer, IdentityQuestion
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_


class PublicSecurityClient(RecordsClient):
    SYSTEM = "public_security"
    LABEL = N_("公安")
    READINGS = READINGS

    def is_identity(self, name: str, id_number: str) -> bool:
        """False for a mismatch, an unknown number and a dead person alike, so that nothing can be probed."""
        question = IdentityQuestion(id_number=id_number, name=name)
        return self.caller.read("/identity-checks", IdentityAnswer, question=question).is_match

    def death_of(self, id_number: str) -> Recorded | None:
        """The latest entry about a death: registered, or withdrawn again."""
        return self.latest(id_number, "death_registered", "death_withdrawn")

    def move_of(self, id_number: str) -> Recorded | None:
        """The latest move between households of the register."""
        return self.latest(id_number, "household_moved")
