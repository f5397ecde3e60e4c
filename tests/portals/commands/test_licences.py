"""``dongchu licence``: lists, consumers, and checks that need no server."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from identity.registry import service as registry
from kernel.house import House
from licenses import keys, offline, repository
from portals.commands.licences import licence_commands
from tests.licenses.samples import id_number

CARD = {"bank": "演示银行", "card_tail": "0001"}


@pytest.fixture
def run(house: House, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DONGCHU_HOME", str(house.settings.home))
    return CliRunner()


@pytest.fixture
def holder(house: House) -> int:
    with house.database.write() as session:
        return registry.ensure(
            session,
            kind="person",
            name="章小芸",
            identifier_kind="id_number",
            identifier=id_number(1),
            vault=house.vault,
            now=house.clock.now(),
        )


def _list(house: House) -> Path:
    path = house.settings.home / "list.jsonl"
    lines = [{"identifier": number, "fields": CARD} for number in (id_number(1), id_number(2))]
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
    return path


def test_a_list_is_issued_and_says_which_rows_were_refused(house: House, run: CliRunner, holder: int) -> None:
    command = ["issue", "social-security-card", str(_list(house)), "--key", "2026-11"]
    first = run.invoke(licence_commands, command)
    assert first.exit_code == 0, first.output
    assert "row 2: " in first.stdout
    assert "1 issued, 0 unchanged, 1 refused" in first.stdout
    assert run.invoke(licence_commands, command).stdout == first.stdout


def test_a_file_that_is_no_list_is_refused_by_name(house: House, run: CliRunner) -> None:
    path = house.settings.home / "list.jsonl"
    path.write_text("not a list")
    refused = run.invoke(licence_commands, ["issue", "social-security-card", str(path), "--key", "k"])
    assert refused.exit_code == 1
    assert "list.jsonl" in refused.output


def test_a_consumer_is_registered_entitled_and_ended(house: House, run: CliRunner) -> None:
    made = run.invoke(licence_commands, ["consumer", "add", "黄石市民政局"])
    access_id = made.stdout.split()[2]
    words = ["--purpose", "核对社会保障卡", "--basis", "《老年人权益保障法》", "--field", "bank"]
    entitled = run.invoke(
        licence_commands, ["consumer", "entitle", access_id, "social-security-card", *words]
    )
    assert "may ask for bank" in entitled.stdout
    wrong = run.invoke(licence_commands, ["consumer", "entitle", access_id, "driving-licence", *words])
    assert wrong.exit_code == 1
    assert run.invoke(licence_commands, ["consumer", "end", access_id]).exit_code == 0
    assert run.invoke(licence_commands, ["consumer", "end", "lc0"]).exit_code == 1


def test_an_offline_code_is_read_with_the_keys_alone(house: House, run: CliRunner, holder: int) -> None:
    run.invoke(licence_commands, ["issue", "social-security-card", str(_list(house)), "--key", "k"])
    with house.database.write() as session:
        [licence] = repository.latest(session)
        code = offline.make(session, house, [holder], licence.id)
        public = [one.as_dict(private=False) for one in keys.public_credential_keys(session).values()]
    path = house.settings.home / "jwks.json"
    path.write_bytes(msgspec.json.encode({"keys": public}))
    read = run.invoke(licence_commands, ["read", code.text, "--keys", str(path)])
    assert msgspec.json.decode(read.stdout)["identifier"] == licence.identifier
    assert run.invoke(licence_commands, ["read", code.text[:-4], "--keys", str(path)]).exit_code == 1
    assert run.invoke(licence_commands, ["check-uses"]).exit_code == 0
