"""The outside of ``fact_to_inbox``, a process of its own: departments that push at a steady rate, and pages that stand open.

Reads one JSON line (``Plan``) from its standard input, opens the pages, says ``ready``, begins at the next line, and writes
one JSON line (``Told``). It knows HTTP and nothing of the house, and takes as little of the processor as it can.
"""

import http.client
import selectors
import socket
import sys
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

SENDERS = 32
NOTICE = b"event: notice"


class Push(msgspec.Struct):
    headers: dict[str, str]
    body: str


class Plan(msgspec.Struct):
    """``pages``: whose each is, by the place of the push that it waits for."""

    base: str
    path: str
    pushes: list[Push]
    pages: dict[int, str]
    rate: float
    patience: float


class Told(msgspec.Struct):
    """Seconds of one clock, by place: sent, answered, and told on the page."""

    sent: dict[int, float]
    answered: dict[int, float]
    told: dict[int, float]


class Pages:
    """Open streams, each closed when its notice has come."""

    def __init__(self, base: str, pages: dict[int, str]) -> None:
        self.told: dict[int, float] = {}
        self._selector = selectors.DefaultSelector()
        address = urlsplit(base)
        for place, person in pages.items():
            page = socket.create_connection((address.hostname, address.port))
            asked = ("GET /live HTTP/1.1", f"host: {address.netloc}", f"x-person: {person}", "", "")
            page.sendall("\r\n".join(asked).encode())
            if b"200" not in page.recv(65536):
                raise SystemExit("a page could not be opened")
            self._selector.register(page, selectors.EVENT_READ, (place, bytearray()))

    def watch(self) -> None:
        while self._selector.get_map():
            for key, _ in self._selector.select(1):
                place, read = key.data
                part = key.fileobj.recv(65536)  # type: ignore[union-attr]
                read += part
                if NOTICE in read:
                    self.told[place] = time.perf_counter()
                if NOTICE in read or not part:
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]


def push_all(plan: Plan, told: Told) -> None:
    """Each at its moment, whatever became of the one before."""
    start = time.perf_counter()
    address = urlsplit(plan.base)

    def send(places: Sequence[int]) -> None:
        connection = http.client.HTTPConnection(address.netloc, timeout=60)
        for place in places:
            time.sleep(max(0.0, start + place / plan.rate - time.perf_counter()))
            push = plan.pushes[place]
            told.sent[place] = time.perf_counter()
            connection.request("POST", plan.path, push.body.encode(), push.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"a push was refused: {answer.status}")
            told.answered[place] = time.perf_counter()

    places = range(len(plan.pushes))
    threads = [threading.Thread(target=send, args=(places[first::SENDERS],)) for first in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.readline(), type=Plan)
    pages = Pages(plan.base, plan.pages)
    told = Told({}, {}, pages.told)
    threading.Thread(target=pages.watch, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.readline()
    push_all(plan, told)
    deadline = time.perf_counter() + plan.patience
    while len(pages.told) < len(plan.pages) and time.perf_counter() < deadline:
        time.sleep(0.05)
    print(msgspec.json.encode(told).decode(), flush=True)


if __name__ == "__main__":
    main()
