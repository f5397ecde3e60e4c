"""Queries to the provincial exchange: answered once per query number, each answer signed and verified."""

import msgspec

from connectors.events import signing
from connectors.exchange.messages import ExchangeAnswer, ExchangeQuestion, SignedAnswer
from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem
from kernel.clock import Clock
from kernel.errors import OutsideRefused
from kernel.i18n import N_
from kernel.i18n import gettext as _


class ExchangeClient:
    def __init__(
        self, system: OutsideSystem, clock: Clock, *, watch: Watch | None = None, first_pause: float = 0.1
    ) -> None:
        self._keys = system.signing_keys
        self._clock = clock
        self._caller = Caller(
            N_("省级数据共享平台"), system, name="exchange", watch=watch, first_pause=first_pause
        )

    def ask(self, question: ExchangeQuestion) -> ExchangeAnswer:
        """Raises ``OutsideRefused`` also for an answer that is not signed by the exchange, or is to another query."""
        signed = self._caller.change("/queries", SignedAnswer, question, key=question.query_id)
        body = signed.body.encode()
        try:
            query_id = signing.verify(self._keys, signed.headers, body, now=self._clock.now())
            answer = msgspec.json.decode(body, type=ExchangeAnswer)
        except (signing.SignatureRefused, msgspec.MsgspecError):
            raise _untrue() from None
        if query_id != question.query_id or answer.query_id != question.query_id:
            raise _untrue()
        return answer

    def close(self) -> None:
        self._caller.close()


def _untrue() -> OutsideRefused:
    return OutsideRefused(_("共享平台的答复签名不符，已经丢弃，没有使用。"), code="signature_wrong")
