"""Licences in the transparency log: every act and every use is there, and nothing can be changed without being named."""

from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from litestar.testing import TestClient

import portals.tables  # noqa: F401
from kernel.house import House
from kernel.transparency.examination import Examination
from licenses import offline, service
from licenses.log.anchoring import anchor_newest
from licenses.log.evidence import EvidenceFile, check, evidence_of
from licenses.log.signing import HeadReader, LogKeys, log_keys
from licenses.log.sources import ACT, SOURCES, USE, contradictions, use_content
from licenses.models import Licence, LicenceUse
from licenses.states import Operation
from portals.commands.log import log_commands
from portals.main import open_pages
from portals.transparency import build_sequencer


def _append(house: House) -> None:
    build_sequencer(house).append_all()


def _findings(house: House) -> list[str]:
    with house.database.read() as session:
        examined = Examination(SOURCES, HeadReader(log_keys(session)), None).run(session)
        return [*examined.findings, *contradictions(session)]


def _use(house: House, certificate: Licence) -> LicenceUse:
    with house.database.write() as session:
        offline.make(session, house, [certificate.holder_id], certificate.id)
        return session.scalars(sa.select(LicenceUse)).one()


def _evidence(house: House, use: LicenceUse) -> EvidenceFile:
    with house.database.read() as session:
        return evidence_of(session, USE, use.id, use_content(use))


@pytest.fixture
def used(house: House, certificate_here: Licence) -> LicenceUse:
    """A licence that was issued, used once and withheld, all of it in the log."""
    use = _use(house, certificate_here)
    with house.database.write() as session:
        service.operate(session, house, certificate_here.id, Operation.WITHHOLD, reason="核查", actor="test")
    _append(house)
    return use


def test_acts_and_uses_are_in_the_log_on_both_databases(any_house: House, certificate: Licence) -> None:
    _use(any_house, certificate)
    _append(any_house)
    assert _findings(any_house) == []
    with any_house.database.read() as session:
        kinds = sorted(session.scalars(sa.text("SELECT kind FROM log_entry")))
    assert kinds == [ACT, USE]


def test_evidence_is_checked_without_a_store(house: House, used: LicenceUse) -> None:
    file = _evidence(house, used)
    with house.database.read() as session:
        trusted = log_keys(session)
    data = msgspec.json.encode(file)
    checked = check(data, trusted)
    assert (checked.defects, checked.is_keyed_by_itself) == ([], False)
    assert checked.head is not None
    assert checked.head.size == 3
    assert check(data).is_keyed_by_itself


def test_evidence_that_says_something_else_is_refused(house: House, used: LicenceUse) -> None:
    file = _evidence(house, used)
    for changed in (
        msgspec.structs.replace(file, content={**file.content, "verifier": "另一个"}),
        msgspec.structs.replace(file, nonce="00" * 16),
        msgspec.structs.replace(file, leaf=file.leaf + 1),
        msgspec.structs.replace(file, kind=ACT),
        msgspec.structs.replace(file, proof=file.proof[1:]),
    ):
        assert check(msgspec.json.encode(changed)).defects != []
    assert "not a file of evidence" in check(b'{"nonce": "zz"}').defects[0]


def test_a_head_needs_both_signatures_of_the_keys_that_are_trusted(house: House, used: LicenceUse) -> None:
    file = _evidence(house, used)
    swapped = msgspec.structs.replace(file.head, sm2="30")
    assert check(msgspec.json.encode(msgspec.structs.replace(file, head=swapped))).head is None
    assert check(msgspec.json.encode(file), LogKeys([], [])).head is None


def test_unlinking_a_use_leaves_no_evidence_and_a_whole_log(house: House, used: LicenceUse) -> None:
    from kernel.errors import NotFound
    from kernel.transparency import erase

    with house.database.write() as session:
        erase(session, USE, used.id, now=house.clock.now())
        session.execute(sa.delete(LicenceUse))
    _append(house)
    with pytest.raises(NotFound):
        _evidence(house, used)
    assert _findings(house) == []


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DELETE FROM licence_use", "licence.use {use} of 2026-11-23 04:00:00 UTC was deleted"),
        (
            "UPDATE licence_use SET verifier = '另一个'",
            "licence.use {use} of 2026-11-23 04:00:00 UTC was changed",
        ),
    ],
)
def test_a_use_record_that_is_deleted_or_edited_by_sql_fails_the_check_and_is_named(
    house: House, used: LicenceUse, monkeypatch: pytest.MonkeyPatch, statement: str, finding: str
) -> None:
    monkeypatch.setenv("DONGCHU_HOME", str(house.settings.home))
    monkeypatch.delenv("DONGCHU_DATABASE_URL", raising=False)
    whole = CliRunner().invoke(log_commands, ["verify"])
    assert (whole.exit_code, "The log is whole" in whole.output) == (0, True), whole.output
    with house.database.write() as session:
        session.execute(sa.text(statement))
    broken = CliRunner().invoke(log_commands, ["verify"])
    assert broken.exit_code == 1
    assert f"WRONG  {finding.format(use=used.id)}" in broken.output


def test_records_older_than_the_log_are_adopted_and_every_check_says_so(
    house: House, certificate_here: Licence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DONGCHU_HOME", str(house.settings.home))
    monkeypatch.delenv("DONGCHU_DATABASE_URL", raising=False)
    with house.database.write() as session:
        session.execute(sa.text("DELETE FROM log_entry"))  # a licence of before there was a log
    named = CliRunner().invoke(log_commands, ["verify"])
    assert (named.exit_code, "was slipped in" in named.output) == (1, True)
    adopted = CliRunner().invoke(log_commands, ["adopt", "--reason", "早于存证日志"])
    assert f"{ACT}: 1 adopted" in adopted.output
    _append(house)
    whole = CliRunner().invoke(log_commands, ["verify"])
    assert (whole.exit_code, "1 records were adopted" in whole.output) == (0, True), whole.output
    assert CliRunner().invoke(log_commands, ["adopt", "--reason", " "]).exit_code == 1
    with house.database.read() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM audit_event WHERE action = 'log.adopted'")) == 1


def test_a_state_or_content_changed_by_sql_is_named(house: House, used: LicenceUse) -> None:
    with house.database.write() as session:
        session.execute(sa.text("UPDATE licence SET state = '01'"))
    [contradiction] = _findings(house)
    assert contradiction.endswith("is in state 01, its last act led to 02")
    with house.database.write() as session:
        session.execute(sa.text("UPDATE licence SET state = '02', valid_until = '2099-01-01'"))
    assert [finding.endswith("was changed") for finding in _findings(house)] == [True, True]


def test_a_file_of_evidence_is_checked_from_the_shell(house: House, used: LicenceUse, tmp_path: Path) -> None:
    file, keys = tmp_path / "evidence.json", tmp_path / "keys.json"
    file.write_bytes(msgspec.json.encode(_evidence(house, used)))
    with house.database.read() as session:
        keys.write_bytes(msgspec.json.encode(log_keys(session)))
    good = CliRunner().invoke(log_commands, ["verify", str(file), "--keys", str(keys)])
    assert (good.exit_code, "The record is in the log" in good.output) == (0, True), good.output
    file.write_text(file.read_text().replace("离线出示", "在线出示"))
    bad = CliRunner().invoke(log_commands, ["verify", str(file), "--keys", str(keys)])
    assert (bad.exit_code, "not what the log committed to" in bad.output) == (1, True)


def test_the_log_is_open_to_read(house: House, used: LicenceUse, tmp_path: Path) -> None:
    import licenses.app

    with house.database.write() as session:
        anchor_newest(session, house)
    with TestClient(licenses.app.create_app(house, open_pages(house))) as client:
        head = client.get("/licenses/log/head").json()
        assert head["head"]["size"] == 3
        assert client.get("/licenses/log/heads/3").json() == head
        assert client.get("/licenses/log/inclusion?leaf=1").json()["size"] == 3
        assert client.get("/licenses/log/consistency?first=2").json()["second"] == 3
        assert len(client.get("/licenses/log/leaves?start=1").json()["commitments"]) == 2
        assert len(client.get("/licenses/log/anchors").json()) == 1
        keys = msgspec.json.decode(client.get("/licenses/log/keys").content, type=LogKeys)
        assert (
            HeadReader(keys)(msgspec.convert(head["signed"], type(_evidence(house, used).head))) is not None
        )
        assert "存证日志" in client.get("/licenses/log").text
        for path, status in {
            "heads/2": 404,
            "heads/99999999999999999999": 404,
            "inclusion?leaf=3": 404,
            "inclusion?leaf=0&size=9": 404,
            "inclusion": 400,
            "inclusion?leaf=-1": 404,
            "inclusion?leaf=a": 400,
            "consistency?first=0": 404,
            "consistency?first=4": 404,
            "leaves?count=100000": 400,
            f"leaves?start={2**70}": 400,
            f"inclusion?leaf={2**70}": 404,
        }.items():
            assert client.get(f"/licenses/log/{path}").status_code == status, path


def test_before_the_first_record_there_is_no_head(house: House) -> None:
    import licenses.app

    with TestClient(licenses.app.create_app(house, open_pages(house))) as client:
        assert client.get("/licenses/log/head").status_code == 404
        assert client.get("/licenses/log").status_code == 200
    with house.database.write() as session:
        assert anchor_newest(session, house) is None
