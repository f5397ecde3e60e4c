"""Who represents a firm by law today, for whoever lets people act in its name."""

from connectors.market_regulation.messages import RepresentativeAnswer, RepresentativeQuestion
from connectors.outside import Caller
from connectors.settings import OutsideSystem
from kernel.i18n import N_


class MarketRegulationClient:
    def __init__(self, system: OutsideSystem, *, first_pause: float = 0.1) -> None:
        self._caller = Caller(N_("市场监管"), system, first_pause=first_pause)

    def is_legal_representative(self, uscc: str, id_number: str) -> bool:
        """Whether the register of firms names this person today; False also for an unknown firm."""
        question = RepresentativeQuestion(uscc=uscc, id_number=id_number)
        return self._caller.read("/representative-checks", RepresentativeAnswer, question=question).is_match

    def close(self) -> None:
        self._caller.close()
