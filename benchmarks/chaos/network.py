"""A bad network between the house and the outside world, in both directions: seeded, and as bad as it is told to be."""

import http.client
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, NamedTuple, TypeAlias

Blow: TypeAlias = Literal["lost before", "lost after", "delayed", "doubled", "stale", "late"]
#: How often in a thousand, while there is trouble. Five failures in a minute open the breaker for a quarter of one, so that
#: with more of them the house would wait rather than work.
BLOWS: dict[Blow, int] = {
    "lost before": 8,
    "lost after": 8,
    "delayed": 80,
    "doubled": 80,
    "stale": 60,
    "late": 8,
}
LONGEST_DELAY = 1.0
LONGEST_LATENESS = 8.0
_PASSED_ON = ("content-type", "authorization", "idempotency-key")


class _Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes


class _Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class BadNetwork:
    """``/connectors`` leads to the house, everything else to the world."""

    def __init__(self, port: int, *, house_port: int, world_port: int, seed: int) -> None:
        self.is_in_trouble = False
        self.counts: Counter[str] = Counter()
        self._house_port, self._world_port = house_port, world_port
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._earlier: dict[tuple[str, str, bytes], _Answer] = {}
        network = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                network._carry(self)

            def do_POST(self) -> None:
                network._carry(self)

            def log_message(self, format: str, *arguments: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _strikes(self, blow: Blow) -> bool:
        with self._lock:
            is_struck = self.is_in_trouble and self._random.randrange(1000) < BLOWS[blow]
            self.counts[blow] += is_struck
            return is_struck

    def _uniform(self, longest: float) -> float:
        with self._lock:
            return self._random.uniform(0, longest)

    def _carry(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length") or 0)
        headers = {
            name.lower(): value
            for name, value in handler.headers.items()
            if name.lower() in _PASSED_ON or name.lower().startswith("webhook-")
        }
        asked = _Asked(handler.command, handler.path, headers, handler.rfile.read(length))
        self.counts["carried"] += 1
        if self._strikes("lost before"):
            handler.close_connection = True
            return
        if self._strikes("delayed"):
            time.sleep(self._uniform(LONGEST_DELAY))
        if self._strikes("late"):  # nobody waits for it any more when it arrives, after what was sent later
            threading.Timer(self._uniform(LONGEST_LATENESS), self._forward, [asked]).start()
            _say(handler, _Answer(504, "application/json", b"{}"))
            return
        answer = self._forward(asked)
        if self._strikes("doubled"):
            answer = self._forward(asked)
        if self._strikes("lost after"):
            handler.close_connection = True
            return
        _say(handler, self._perhaps_an_earlier(asked, answer))

    def _perhaps_an_earlier(self, asked: _Asked, answer: _Answer) -> _Answer:
        """Answers to the same question may overtake one another."""
        key = (asked.method, asked.path, asked.body)
        with self._lock:
            earlier = self._earlier.get(key)
            if answer.status == 200:
                self._earlier[key] = answer
        return earlier if earlier is not None and self._strikes("stale") else answer

    def _forward(self, asked: _Asked) -> _Answer:
        port = self._house_port if asked.path.startswith("/connectors") else self._world_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(asked.method, asked.path, asked.body or None, asked.headers)
            response = connection.getresponse()
            return _Answer(response.status, response.getheader("content-type") or "", response.read())
        except (OSError, http.client.HTTPException):
            return _Answer(502, "application/json", b"{}")
        finally:
            connection.close()


def _say(handler: BaseHTTPRequestHandler, answer: _Answer) -> None:
    try:
        handler.send_response(answer.status)
        handler.send_header("content-type", answer.content_type or "application/json")
        handler.send_header("content-length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)
    except OSError:  # whoever asked was killed
        handler.close_connection = True
