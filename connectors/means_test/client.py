"""The means-test centre: an inquiry is handed in once per number, and asked about until its source has answered."""

from connectors.means_test.messages import MeansInquiry, MeansQuestion, MeansState
from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem
from kernel.i18n import N_

SYSTEM = "means_test"
LABEL = N_("家庭经济状况核对中心")


class MeansTestClient:
    def __init__(
        self, system: OutsideSystem, *, watch: Watch | None = None, first_pause: float = 0.1
    ) -> None:
        self._caller = Caller(LABEL, system, name=SYSTEM, watch=watch, first_pause=first_pause)

    def submit(self, inquiry: MeansInquiry) -> MeansState:
        """Twice is once: the number is the key."""
        return self._caller.change("/inquiries", MeansState, inquiry, key=inquiry.number)

    def query(self, number: str) -> MeansState:
        return self._caller.read("/inquiries/query", MeansState, question=MeansQuestion(number))

    def close(self) -> None:
        self._caller.close()
