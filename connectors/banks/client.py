"""Questions to the bank: whose account is it, what became of a payout, what was booked on a day."""

from datetime import date
from typing import Literal

from connectors.banks.messages import AccountAnswer, AccountQuestion, Payout, Statement
from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem
from kernel.errors import OutsideRefused
from kernel.i18n import N_

_RESULT: dict[str, Literal["match", "mismatch", "closed"]] = {
    "match": "match",
    "name_mismatch": "mismatch",
    "account_closed": "closed",
    "account_unknown": "closed",
}


class BankClient:
    def __init__(
        self, system: OutsideSystem, *, watch: Watch | None = None, first_pause: float = 0.1
    ) -> None:
        self._caller = Caller(N_("银行"), system, name="banks", watch=watch, first_pause=first_pause)

    def check(self, bank: str, number: str, holder: str) -> Literal["match", "mismatch", "closed"]:
        """Whether the account is ``holder``'s and can receive money; an unknown account counts as closed."""
        question = AccountQuestion(bank=bank, account=number, holder_name=holder)
        return _RESULT[self._caller.read("/accounts/check", AccountAnswer, question=question).result]

    def payout(self, instruction_id: str) -> Payout | None:
        """What the bank did with an instruction, or None when it has none."""
        try:
            return self._caller.read(f"/payouts/{instruction_id}", Payout)
        except OutsideRefused as refused:
            if refused.code == "payout_unknown":
                return None
            raise

    def statement(self, day: date) -> Statement:
        """Every booking of a day in Asia/Shanghai, to reconcile against."""
        return self._caller.read(f"/statements/{day.isoformat()}", Statement)

    def close(self) -> None:
        self._caller.close()
