"""After a call one thing must be certain: done, not done, or nobody knows."""

from collections.abc import Callable

import httpx
import msgspec
import pytest

from connectors.messaging.messages import ShortMessage
from connectors.outside import Caller
from connectors.settings import OutsideSystem
from kernel.errors import OutsideRefused, OutsideTimeout, OutsideUnavailable

SYSTEM = OutsideSystem(base_url="http://127.0.0.1:9/x", token="t", signing_keys=())
ORDER = ShortMessage(key="key-00000001", phone="10000000000", text="请打开东楚通查看")


class Answer(msgspec.Struct):
    is_done: bool


class Counter:
    """Plays a system and counts how often it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def caller(counter: Callable[[httpx.Request], httpx.Response]) -> Caller:
    return Caller("国库", SYSTEM, first_pause=0.001, transport=httpx.MockTransport(counter))


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late")])
def test_what_was_never_sent_is_unavailable_and_was_tried_again(error: Exception) -> None:
    counter = Counter(error)
    with pytest.raises(OutsideUnavailable):
        caller(counter).change("/orders", Answer, ORDER, key="key-00000001")
    assert len(counter.requests) == 3


@pytest.mark.parametrize(
    "unsure",
    [
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("cut"),
        httpx.ReadError("cut"),
        httpx.WriteError("cut"),
        httpx.Response(500),
        httpx.Response(502),
        httpx.Response(504),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"\xff"),
        httpx.Response(302, headers={"location": "/"}),
    ],
)
def test_what_may_have_been_done_is_never_sent_again_by_itself(unsure: httpx.Response | Exception) -> None:
    counter = Counter(unsure)
    with pytest.raises(OutsideTimeout):
        caller(counter).change("/orders", Answer, ORDER, key="key-00000001")
    assert len(counter.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_what_was_certainly_not_done_is_unavailable(status: int) -> None:
    counter = Counter(httpx.Response(status))
    with pytest.raises(OutsideUnavailable):
        caller(counter).change("/orders", Answer, ORDER, key="key-00000001")
    assert len(counter.requests) == 3


def test_a_refusal_is_final_and_carries_its_code() -> None:
    refusal = httpx.Response(422, json={"code": "account_closed", "message": "账户已销户"})
    counter = Counter(refusal)
    with pytest.raises(OutsideRefused, match="账户已销户") as refused:
        caller(counter).change("/orders", Answer, ORDER, key="key-00000001")
    assert refused.value.code == "account_closed"
    assert len(counter.requests) == 1


def test_a_refusal_without_words_gets_its_status_as_code() -> None:
    with pytest.raises(OutsideRefused) as refused:
        caller(Counter(httpx.Response(404, content=b"?"))).read("/orders/1", Answer)
    assert refused.value.code == "http_404"


def test_a_question_is_asked_again_even_after_a_time_out() -> None:
    counter = Counter(
        httpx.ReadTimeout("late"), httpx.Response(503), httpx.Response(200, json={"is_done": True})
    )
    assert caller(counter).read("/orders/1", Answer).is_done
    assert len(counter.requests) == 3


def test_a_change_recovers_when_the_system_comes_back() -> None:
    counter = Counter(httpx.Response(503), httpx.Response(200, json={"is_done": True}))
    assert caller(counter).change("/orders", Answer, ORDER, key="key-00000001").is_done


def test_the_key_goes_along_and_nothing_private_stands_in_the_address() -> None:
    counter = Counter(httpx.Response(200, json={"is_done": True}))
    caller(counter).change("/messages", Answer, ORDER, key="key-00000001")
    request = counter.requests[0]
    assert request.headers["idempotency-key"] == "key-00000001"
    assert request.headers["authorization"] == "Bearer t"
    assert str(request.url) == "http://127.0.0.1:9/x/messages"
