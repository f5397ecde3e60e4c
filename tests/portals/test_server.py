"""One process, one home, one port; and it stops when asked."""

import contextlib
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx
import pytest

from portals.server import AlreadyRunning, PortTaken, check_port, only_one


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_second_start_on_one_home_is_refused_by_name(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(AlreadyRunning, match="DONGCHU_HOME"), only_one(tmp_path):
        pass
    with only_one(tmp_path):  # free again
        pass


def test_a_taken_port_is_refused_by_name() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortTaken, match="DONGCHU_PORT"):
            check_port("127.0.0.1", taken.getsockname()[1])


SCRIPT = """
    import sys
    from litestar import Litestar, get
    from portals.server import PathApps, leave, serve

    @get("/", sync_to_thread=False)
    def root() -> str:
        return "root"

    @get("/", sync_to_thread=False)
    def tong() -> str:
        return "tong"

    apps = PathApps({"/": Litestar([root]), "/tong": Litestar([tong], path="/tong")})
    serve(apps, "127.0.0.1", int(sys.argv[1]), on_ready=lambda: print("ready", flush=True))
    print("stopped", flush=True)
    leave()
"""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_first_segment_chooses_the_app_and_a_signal_stops_cleanly(stop: signal.Signals) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert httpx.get(f"http://127.0.0.1:{port}/").text == "root"
    assert httpx.get(f"http://127.0.0.1:{port}/tong").text == "tong"
    assert httpx.get(f"http://127.0.0.1:{port}/nothing").status_code == 404
    with contextlib.ExitStack() as open_pages:
        for _ in range(150):  # more than the server would let in by itself
            page = open_pages.enter_context(socket.create_connection(("127.0.0.1", port)))
            page.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert httpx.get(f"http://127.0.0.1:{port}/tong", timeout=60).text == "tong"
    process.send_signal(stop)
    assert process.stdout.readline() == "stopped\n"
    assert process.wait(60) == 0
    process.stdout.close()
