"""What firm bears a code and who represents it by law today, for whoever lets people act in its name; the register."""

from connectors.market_regulation.mapping import READINGS
from connectors.market_regulation.messages import (
    FirmAnswer,
    FirmQuestion,
    RepresentativeAnswer,
    RepresentativeQuestion,
)
from connectors.records import Recorded, RecordsClient
from kernel.i18n import N_


class MarketRegulationClient(RecordsClient):
    SYSTEM = "market_regulation"
    LABEL = N_("市场监管")
    READINGS = READINGS

    def find_firm(self, uscc: str) -> FirmAnswer | None:
        """What the register publishes of a firm; ``None`` for a code that nobody bears."""
        answer = self.caller.read("/firm-lookups", FirmAnswer, question=FirmQuestion(uscc=uscc))
        return answer if answer.is_found else None

    def is_legal_representative(self, uscc: str, id_number: str) -> bool:
        """Whether the register of firms names this person today; False also for an unknown firm."""
        question = RepresentativeQuestion(uscc=uscc, id_number=id_number)
        return self.caller.read("/representative-checks", RepresentativeAnswer, question=question).is_match

    def registration_of(self, uscc: str) -> Recorded | None:
        """How the firm was entered."""
        return self.latest(uscc, "firm_registered")

    def standing_of(self, uscc: str) -> Recorded | None:
        """Whether the firm goes on, is listed as abnormal, or was struck off."""
        return self.latest(uscc, "firm_standing_changed")
