"""A failing system is left alone, never takes more than its share, and everybody can see that it is down."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import msgspec
import pytest

from connectors.events import repository
from connectors.outside import Caller
from connectors.resilience import Breaker, NotAdmitted, Watch
from connectors.resilience import breaker as breakers
from connectors.resilience import guard as guards
from connectors.resilience.states import STALE, SystemState, states
from connectors.settings import OutsideSystem
from kernel.clock import FixedClock
from kernel.ephemeral import EphemeralStore, MemoryStore, RedisStore
from kernel.errors import OutsideRefused, OutsideTimeout, OutsideUnavailable
from kernel.house import House
from tests.conftest import NOON

THERE = OutsideSystem(base_url="http://tax.test", token="t", signing_keys=())


class Word(msgspec.Struct):
    ok: bool


class Ticking:
    """Monotonic time that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Far:
    """A system that answers as told, and counts."""

    def __init__(self) -> None:
        self.status = 200
        self.calls = 0

    def __call__(self, _request: httpx.Request) -> httpx.Response:
        self.calls += 1
        return httpx.Response(self.status, json={"ok": True, "code": "no", "message": "不行"})


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.fixture
def watch(ticking: Ticking) -> Watch:
    return Watch(MemoryStore(ticking), FixedClock(NOON))


@pytest.fixture
def far() -> Far:
    return Far()


@pytest.fixture
def caller(watch: Watch, far: Far) -> Iterator[Caller]:
    caller = Caller(
        "税务", THERE, name="tax", watch=watch, first_pause=0.0001, transport=httpx.MockTransport(far)
    )
    yield caller
    caller.close()


def ask_until_left_alone(caller: Caller) -> None:
    for _ in range(10):
        try:
            caller.read("/x", Word)
        except NotAdmitted:
            return
        except OutsideUnavailable:
            continue
    raise AssertionError("the breaker never opened")


def test_a_system_that_keeps_failing_is_left_alone(caller: Caller, far: Far, watch: Watch) -> None:
    far.status = 503
    ask_until_left_alone(caller)
    asked = far.calls
    with pytest.raises(NotAdmitted) as refused:
        caller.read("/x", Word)
    assert far.calls == asked
    assert refused.value.retry_after
    assert watch.breaker("tax").state == "open"


def test_after_a_while_one_call_tries_and_its_success_lets_all_through(
    caller: Caller, far: Far, watch: Watch, ticking: Ticking
) -> None:
    far.status = 503
    ask_until_left_alone(caller)
    ticking.now += breakers.OPEN + 1
    far.status = 200
    assert watch.breaker("tax").state == "half_open"
    assert caller.read("/x", Word).ok
    assert watch.breaker("tax").state == "closed"


def test_a_failed_try_opens_it_again_and_costs_one_call(
    caller: Caller, far: Far, watch: Watch, ticking: Ticking
) -> None:
    far.status = 503
    ask_until_left_alone(caller)
    ticking.now += breakers.OPEN + 1
    asked = far.calls
    with pytest.raises(OutsideUnavailable):
        caller.read("/x", Word)
    assert far.calls == asked + 1
    assert watch.breaker("tax").state == "open"


def test_a_no_is_a_healthy_answer(caller: Caller, far: Far, watch: Watch) -> None:
    far.status = 422
    for _ in range(breakers.FAILURES + 2):
        with pytest.raises(OutsideRefused):
            caller.read("/x", Word)
    assert watch.breaker("tax").state == "closed"
    assert watch.notes("tax").read().success is not None


def test_an_order_that_may_have_arrived_is_not_sent_again_by_itself(caller: Caller, far: Far) -> None:
    far.status = 500
    with pytest.raises(OutsideTimeout):
        caller.change("/x", Word, Word(ok=True), key="k-1")
    assert far.calls == 1


def test_failures_far_apart_do_not_add_up(watch: Watch, ticking: Ticking) -> None:
    breaker = watch.breaker("tax")
    for _ in range(breakers.FAILURES * 2):
        breaker.failed()
        ticking.now += breakers.WINDOW
    assert breaker.state == "closed"


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[EphemeralStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    opened = RedisStore.from_url(request.getfixturevalue("redis_url"))
    yield opened
    for key in ("failures", "open", "tripped", "probe"):
        opened.delete(f"breaker:tax:{key}")
    opened.close()


def test_what_one_process_finds_out_all_know_and_only_one_tries(store: EphemeralStore) -> None:
    here, elsewhere = Breaker(store, "tax"), Breaker(store, "tax")
    for _ in range(breakers.FAILURES):
        here.failed()
    assert not elsewhere.admits()
    store.delete("breaker:tax:open")  # the pause is over
    assert [elsewhere.admits(), here.admits(), elsewhere.admits()] == [True, False, False]
    elsewhere.succeeded()
    assert here.admits()


def test_a_slow_system_holds_its_own_share_of_threads_and_no_more(
    monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    monkeypatch.setattr(guards, "TURN_SECONDS", 0.05)
    is_free, arrived = threading.Event(), threading.Semaphore(0)

    def slow(_request: httpx.Request) -> httpx.Response:
        arrived.release()
        is_free.wait(60)
        return httpx.Response(200, json={"ok": True})

    # a name of its own: the bulkheads are the process's
    slow_one = Caller("慢", THERE, name="slow-test", watch=watch, transport=httpx.MockTransport(slow))
    threads = [threading.Thread(target=slow_one.read, args=("/x", Word)) for _ in range(guards.MOST_AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert arrived.acquire(timeout=60)
    started = time.monotonic()
    with pytest.raises(NotAdmitted):
        slow_one.read("/x", Word)
    assert time.monotonic() - started < 20, "it waited for those that are slow"
    quick = Caller("快", THERE, name="tax", watch=watch, transport=httpx.MockTransport(Far()))
    assert quick.read("/x", Word).ok
    is_free.set()
    for thread in threads:
        thread.join(5)
    assert slow_one.read("/x", Word).ok
    slow_one.close()
    quick.close()


def seen(house: House, watch: Watch, **later: float) -> SystemState:
    with house.database.read() as session:
        found = states(session, watch, now=NOON + timedelta(**later))
    return next(one for one in found if one.system == "tax")


def test_the_state_tells_since_when_and_how_old_the_data_are(
    house: House, caller: Caller, far: Far, watch: Watch
) -> None:
    assert seen(house, watch).condition == "unknown"
    with house.database.write() as session:
        repository.note_read(session, ["tax"], now=NOON)
    caller.read("/x", Word)
    up = seen(house, watch)
    assert (up.condition, up.last_success_at, up.data_as_of, up.is_stale) == ("up", NOON, NOON, False)
    far.status = 503
    with pytest.raises(OutsideUnavailable):
        caller.read("/x", Word)
    failing = seen(house, watch)
    assert (failing.condition, failing.failing_since) == ("failing", NOON)
    assert failing.last_failure == "outside-unavailable"
    ask_until_left_alone(caller)
    down = seen(house, watch, minutes=STALE.total_seconds() / 60 + 1)
    assert (down.condition, down.is_stale) == ("down", True)
