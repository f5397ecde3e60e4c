"""Real-name check (实名核验): do this name and this id number belong to one living person? And what the register says."""

from connectors.public_security.mapping import READINGS
from connectors.public_security.messages import (
    FaceAnswer,
    FaceOrder,
    FaceQuestion,
    FaceSession,
    IdentityAnswer,
    IdentityQuestion,
)
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_
from kernel.ids import new_id


class PublicSecurityClient(RecordsClient):
    SYSTEM = "public_security"
    LABEL = N_("公安")
    READINGS = READINGS

    def is_identity(self, name: str, id_number: str) -> bool:
        """False for a mismatch, an unknown number and a dead person alike, so that nothing can be probed."""
        question = IdentityQuestion(id_number=id_number, name=name)
        return self.caller.read("/identity-checks", IdentityAnswer, question=question).is_match

    def begin_face_check(self, name: str, id_number: str, *, return_to: str) -> FaceSession:
        """Where the person goes to be looked at by public security, and by which number to ask for the result."""
        order = FaceOrder(id_number=id_number, name=name, return_to=return_to)
        return self.caller.change("/face-sessions", FaceSession, order, key=str(new_id()))

    def face_result(self, number: str) -> FaceAnswer:
        """Asked from here, never taken from the browser that comes back."""
        return self.caller.read("/face-results", FaceAnswer, question=FaceQuestion(number))

    def death_of(self, id_number: str) -> Recorded | None:
        """The latest entry about a death: registered, or withdrawn again."""
        return self.latest(id_number, "death_registered", "death_withdrawn")

    def move_of(self, id_number: str) -> Recorded | None:
        """The latest move between households of the register."""
        return self.latest(id_number, "household_moved")
