"""``dongchu system`` and ``dongchu bank``: who is connected, with which keys, whether it answers, and taking it out."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from joserfc.jwk import ECKey

from connectors.events.feed import EventFeed
from connectors.settings import ConnectorSettings
from kernel.audit import AuditEvent
from kernel.errors import OutsideUnavailable
from kernel.house import House
from portals.commands.banks import bank_commands
from portals.commands.systems import system_commands
from portals.financing.institutions import institutions

TOKEN = "token-of-civil-affairs-not-in-any-argument"


class _Department(BaseHTTPRequestHandler):
    """A department with no news, for whoever shows the token."""

    def do_GET(self) -> None:
        is_known = self.headers.get("authorization") == f"Bearer {TOKEN}"
        body = b'{"events": [], "next_cursor": ""}' if is_known else b'{"code": "token", "message": "no"}'
        self.send_response(200 if is_known else 401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


@pytest.fixture
def department() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Department)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    monkeypatch.setenv("DONGCHU_HOME", str(house.settings.home))
    monkeypatch.setenv("DONGCHU_CONNECTORS", str(tmp_path / "connectors.json"))
    return CliRunner()


def acts(house: House) -> list[str]:
    with house.database.read() as session:
        return list(session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.number)))


def test_a_department_is_connected_tested_and_taken_out(
    house: House, run: CliRunner, department: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    connect = ["connect", "civil_affairs", "--url", department, "--token-file", str(token)]
    done = run.invoke(system_commands, connect)
    assert done.exit_code == 0, done.output
    assert TOKEN not in done.output
    file = tmp_path / "connectors.json"
    assert file.stat().st_mode & 0o077 == 0, "for its owner alone"
    key = done.output.strip().split()[-1]
    assert json.loads(file.read_text())["systems"]["civil_affairs"]["signing_keys"][0]["secret"] == key

    asked = run.invoke(system_commands, ["test", "civil_affairs"])
    assert (asked.exit_code, "0 events" in asked.output) == (0, True), asked.output
    assert "civil_affairs" in run.invoke(system_commands, ["list"]).output

    assert run.invoke(system_commands, ["disable", "civil_affairs"]).exit_code == 0
    assert "disabled" in run.invoke(system_commands, ["list"]).output
    assert "enable civil_affairs" in run.invoke(system_commands, ["test", "civil_affairs"]).output
    system = ConnectorSettings.from_environ(
        {"DONGCHU_CONNECTORS": str(file)}, house.settings.base_url, house.settings.home
    ).systems["civil_affairs"]
    feed = EventFeed("民政", system, first_pause=0)
    with pytest.raises(OutsideUnavailable, match="停用"):
        feed.events_after("")
    feed.close()
    assert run.invoke(system_commands, ["enable", "civil_affairs"]).exit_code == 0
    assert run.invoke(system_commands, ["test", "civil_affairs"]).exit_code == 0

    token.write_text("another")
    run.invoke(system_commands, connect)
    refused = run.invoke(system_commands, ["test", "civil_affairs"])
    assert refused.exit_code == 1
    assert acts(house) == ["system.connect", "system.disable", "system.enable", "system.connect"]


@pytest.mark.parametrize(
    ("url", "token", "key", "why"),
    [
        ("http://data.example.gov.cn", "t", None, "https"),
        ("somewhere", "t", None, "https"),
        ("https://data.example.gov.cn", "", None, "one line"),
        ("https://data.example.gov.cn", "two\nlines", None, "one line"),
        ("https://data.example.gov.cn", "t", "c2hvcnQ=", "32 bytes"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    run: CliRunner, tmp_path: Path, url: str, token: str, key: str | None, why: str
) -> None:
    (tmp_path / "token").write_text(token)
    command = ["connect", "tax", "--url", url, "--token-file", str(tmp_path / "token")]
    if key is not None:
        (tmp_path / "key").write_text(key)
        command += ["--signing-key-file", str(tmp_path / "key")]
    refused = run.invoke(system_commands, command)
    assert refused.exit_code != 0
    assert why in refused.output
    assert not (tmp_path / "connectors.json").exists()


def test_without_a_file_to_keep_it_in_nothing_is_connected(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DONGCHU_CONNECTORS")
    (tmp_path / "token").write_text("t")
    refused = run.invoke(
        system_commands,
        ["connect", "tax", "--url", "https://a.example", "--token-file", str(tmp_path / "token")],
    )
    assert "DONGCHU_CONNECTORS" in refused.output


def test_a_bank_is_connected_by_its_keys_tested_and_suspended(
    house: House, run: CliRunner, department: str, tmp_path: Path
) -> None:
    code = next(one.code for one in institutions().values() if one.kind == "bank")
    keys = tmp_path / "keys.json"
    public = ECKey.generate_key("P-256", parameters={"kid": "bank-1", "use": "sig", "alg": "ES256"})
    keys.write_text(json.dumps({"keys": [public.as_dict(private=False)]}))
    assert "not connected" in run.invoke(bank_commands, ["list"]).output
    assert "--help" in run.invoke(bank_commands, ["test", code]).output
    assert "--jwks" in run.invoke(bank_commands, ["connect", code, "--client-id", "bank-one"]).output
    done = run.invoke(bank_commands, ["connect", code, "--client-id", "bank-one", "--jwks", str(keys)])
    assert done.exit_code == 0, done.output
    tested = run.invoke(bank_commands, ["test", code])
    assert tested.exit_code == 0, tested.output
    assert "1 keys" in tested.output
    assert run.invoke(bank_commands, ["suspend", code]).exit_code == 0
    assert "suspended" in run.invoke(bank_commands, ["list"]).output
    assert run.invoke(bank_commands, ["test", code]).exit_code == 1
    assert run.invoke(bank_commands, ["resume", code]).exit_code == 0
    assert (
        run.invoke(bank_commands, ["connect", "nobody", "--client-id", "x1", "--jwks", str(keys)]).exit_code
        == 1
    )
    assert [one for one in acts(house) if one.startswith("bank.")] == [
        "bank.connect",
        "bank.suspend",
        "bank.resume",
    ]
