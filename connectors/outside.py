"""Calls to outside systems, and the one thing that matters afterwards: was it done, not done, or does nobody know?

Not sent at all, or answered 429/503: ``OutsideUnavailable``, safe to try again. Sent and no sound answer:
``OutsideTimeout``, ask by key before sending again. Answered no: ``OutsideRefused`` with the system's own code.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import httpx
import msgspec
import stamina

from connectors.resilience import NotAdmitted, Watch
from connectors.settings import OutsideSystem
from kernel.errors import OutsideRefused, OutsideTimeout, OutsideUnavailable
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.tls import authorities

T = TypeVar("T")

ATTEMPTS = 3
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_DONE = frozenset({401, 403, 429, 503})


class Refusal(msgspec.Struct, frozen=True):
    """Why an outside system will not do what was asked: a code for software, a sentence for people."""

    code: str
    message: str


class Caller:
    """One system's HTTP client, shared by threads. Addresses never hold personal data: that goes in bodies.

    With a ``watch`` every attempt passes the breaker and the bulkhead of the system called ``name``.
    """

    def __init__(
        self,
        label: str,
        system: OutsideSystem,
        *,
        name: str = "",
        watch: Watch | None = None,
        first_pause: float = 0.1,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._label = label
        self._is_disabled = system.is_disabled
        self._first_pause = first_pause
        self._guard = watch.guard(name, label) if watch is not None else None
        self._client = httpx.Client(
            base_url=system.base_url,
            headers={"authorization": f"Bearer {system.token}"},
            timeout=httpx.Timeout(system.answer_seconds, connect=system.connect_seconds),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=8),
            transport=transport,
            verify=authorities(trust_env=True),
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def read(self, path: str, answer: type[T], *, question: msgspec.Struct | None = None) -> T:
        """Ask something that changes nothing; any failure but a refusal is tried again, with jitter.

        A ``question`` goes as the body of a POST, so that no name or number stands in an address.
        """
        for attempt in self._attempts((OutsideUnavailable, OutsideTimeout)):
            with attempt:
                return self._call("POST" if question is not None else "GET", path, answer, question)
        raise AssertionError("unreachable: the last attempt raises")

    def change(self, path: str, answer: type[T], order: msgspec.Struct, *, key: str) -> T:
        """Ask for something to be done, once per ``key``; tried again only when it certainly was not sent or done."""
        for attempt in self._attempts((OutsideUnavailable,)):
            with attempt:
                return self._call("POST", path, answer, order, key=key)
        raise AssertionError("unreachable: the last attempt raises")

    def _attempts(self, on: tuple[type[Exception], ...]) -> "stamina._core._RetryContextIterator":
        def is_worth_trying(error: Exception) -> bool:
            return isinstance(error, on) and not isinstance(error, NotAdmitted)

        return stamina.retry_context(
            on=is_worth_trying,
            attempts=ATTEMPTS,
            wait_initial=self._first_pause,
            wait_max=1.0,
            wait_jitter=self._first_pause,
        )

    def _passage(self) -> AbstractContextManager[None]:
        return nullcontext() if self._guard is None else self._guard.passage()

    def _call(
        self, method: str, path: str, answer: type[T], body: msgspec.Struct | None, *, key: str | None = None
    ) -> T:
        with self._passage():
            return self._send(method, path, answer, body, key)

    def _send(
        self, method: str, path: str, answer: type[T], body: msgspec.Struct | None, key: str | None
    ) -> T:
        headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
        content = msgspec.json.encode(body) if body is not None else None
        if self._is_disabled:
            raise OutsideUnavailable(self._say(N_("%(system)s已由管理员停用，启用后会自动重试。")))
        try:
            response = self._client.request(method, path, content=content, headers=headers)
        except _NOT_SENT as error:
            raise OutsideUnavailable(self._say(N_("%(system)s暂时无法连接，稍后会自动重试。"))) from error
        except httpx.HTTPError as error:
            raise OutsideTimeout(
                self._say(N_("%(system)s没有按时答复，将先查询结果再决定是否重发。"))
            ) from error
        return self._read_answer(response, answer)

    def _read_answer(self, response: httpx.Response, answer: type[T]) -> T:
        if response.is_success:
            try:
                return msgspec.json.decode(response.content, type=answer)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise OutsideTimeout(self._say(N_("%(system)s的答复无法识别，将先查询结果。"))) from error
        if response.status_code in _NOT_DONE:
            raise OutsideUnavailable(self._say(N_("%(system)s暂不受理，稍后会自动重试。")))
        if response.is_client_error:
            refusal = _refusal(response)
            raise OutsideRefused(
                self._say(N_("%(system)s未予受理：%(why)s"), why=refusal.message), code=refusal.code
            )
        raise OutsideTimeout(self._say(N_("%(system)s处理出错，将先查询结果再决定是否重发。")))

    def _say(self, text: str, **values: object) -> str:
        return _(text, system=_(self._label), **values)


def _refusal(response: httpx.Response) -> Refusal:
    try:
        return msgspec.json.decode(response.content, type=Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Refusal(f"http_{response.status_code}", _("对方未说明原因"))
