"""One contract, two stores: memory and a real Redis."""

import threading
from collections.abc import Iterator

import pytest

from kernel.ephemeral import EphemeralStore, MemoryStore, RedisStore


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[EphemeralStore]:
    opened: EphemeralStore
    if request.param == "memory":
        opened = MemoryStore()
    else:
        opened = RedisStore.from_url(request.getfixturevalue("redis_url"))
    yield opened
    opened.close()


def test_of_many_takers_exactly_one_receives_the_value(store: EphemeralStore) -> None:
    store.put("take:1", b"ticket", 60)
    received: list[bytes | None] = []
    threads = [threading.Thread(target=lambda: received.append(store.take("take:1"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert received.count(b"ticket") == 1
    assert received.count(None) == 19


def test_what_is_said_together_is_heard_in_its_order(store: EphemeralStore) -> None:
    heard: list[bytes] = []
    is_listening, is_all_heard = threading.Event(), threading.Event()

    def hear(data: bytes) -> None:
        if data == b"hello":
            is_listening.set()
            return
        heard.append(data)
        if len(heard) == 3:
            is_all_heard.set()

    store.subscribe("bell", hear)
    for _ in range(100):  # a fresh subscription at Redis takes a moment to stand
        store.publish("bell", b"hello")
        if is_listening.wait(0.05):
            break
    store.publish_all([("bell", b"1"), ("door", b"2"), ("bell", b"3"), ("bell", b"4")])
    assert is_all_heard.wait(60)
    assert heard == [b"1", b"3", b"4"]


def test_add_keeps_the_first(store: EphemeralStore) -> None:
    assert store.add("add:1", b"first", 60)
    assert not store.add("add:1", b"second", 60)
    assert store.get("add:1") == b"first"
    store.delete("add:1")
    assert store.get("add:1") is None


def test_counting_starts_at_one(store: EphemeralStore) -> None:
    assert [store.increment("count:1", 60) for _ in range(3)] == [1, 2, 3]


def test_a_listener_hears_until_it_stops(store: EphemeralStore) -> None:
    heard = threading.Event()
    messages: list[bytes] = []

    def listen(data: bytes) -> None:
        messages.append(data)
        heard.set()

    stop = store.subscribe("channel", listen)
    for _ in range(100):  # a fresh subscription at Redis takes a moment to stand
        store.publish("channel", b"hello")
        if heard.wait(0.05):
            break
    assert messages[0] == b"hello"
    stop()
    count = len(messages)
    store.publish("channel", b"too late")
    assert b"too late" not in messages
    assert len(messages) >= count


def test_memory_forgets_after_the_time_to_live() -> None:
    now = 0.0
    store = MemoryStore(lambda: now)
    store.put("k", b"v", 10)
    assert store.increment("n", 10) == 1
    now = 9.9
    assert store.get("k") == b"v"
    assert store.increment("n", 10) == 2
    now = 10.0
    assert store.get("k") is None
    assert store.increment("n", 10) == 1
