"""Real-name check (实名核验): do this name and this id number belong to one living person?"""

from connectors.outside import Caller
from connectors.public_security.messages import IdentityAnswer, IdentityQuestion
from connectors.settings import OutsideSystem
from kernel.i18n import N_


class PublicSecurityClient:
    def __init__(self, system: OutsideSystem, *, first_pause: float = 0.1) -> None:
        self._caller = Caller(N_("公安"), system, first_pause=first_pause)

    def is_identity(self, name: str, id_number: str) -> bool:
        """False for a mismatch, an unknown number and a dead person alike, so that nothing can be probed."""
        question = IdentityQuestion(id_number=id_number, name=name)
        return self._caller.read("/identity-checks", IdentityAnswer, question=question).is_match

    def close(self) -> None:
        self._caller.close()
