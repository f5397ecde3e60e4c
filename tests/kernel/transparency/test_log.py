"""What is recorded is in the tree within a second, for good; what is changed afterwards is named."""

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.clock import FixedClock
from kernel.house import House
from kernel.transparency import Recorded, erase, proofs, record, record_many, repository
from kernel.transparency.adoption import adopt
from kernel.transparency.anchors import FileAnchor, Inconsistent, anchor_head
from kernel.transparency.commitments import Content, commitment
from kernel.transparency.examination import Examination, Examined
from kernel.transparency.heads import Head, SignedHead, claimed
from kernel.transparency.merkle import HASHINGS, is_consistent, is_included
from kernel.transparency.models import LogEntry, LogHead, LogTile
from kernel.transparency.recording import SIGNAL
from kernel.transparency.sequencer import Sequencer, WrongHash
from kernel.transparency.sources import Source, unrecorded
from tests.kernel.transparency.signing import read_head, sign

KIND = "test.record"
SHA256 = HASHINGS["sha-256"]


class Records:
    """What the records say, as a store would."""

    def __init__(self) -> None:
        self.said: dict[uuid.UUID, Content] = {}

    def source(self) -> Source:
        return Source(KIND, self._contents, self._every)

    def _contents(self, _session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Content]:
        return {one: self.said[one] for one in ids if one in self.said}

    def _every(self, _session: Session) -> Iterator[uuid.UUID]:
        yield from list(self.said)

    def write(self, house: House, count: int = 1) -> list[uuid.UUID]:
        ids = [uuid.uuid4() for _ in range(count)]
        self.said |= {one: {"number": number, "文": "字"} for number, one in enumerate(ids)}
        with house.database.write() as session:
            records = [Recorded(KIND, one, self.said[one]) for one in ids]
            record_many(session, records, now=house.clock.now())
        return ids


@pytest.fixture
def records() -> Records:
    return Records()


def _sequencer(house: House, **options: object) -> Sequencer:
    wanted = {"address": "https://log.example", "hash_name": "sha-256", "sign": sign} | options
    return Sequencer(house.database, house.clock, **wanted)  # type: ignore[arg-type]


def _examine(house: House, records: Records, anchor: FileAnchor | None = None) -> Examined:
    with house.database.read() as session:
        return Examination([records.source()], read_head, anchor).run(session)


def _change(house: House, statement: sa.Executable) -> None:
    with house.database.write() as session:
        session.execute(statement)


def test_every_record_is_proved_to_be_under_the_signed_head(any_house: House, records: Records) -> None:
    ids = records.write(any_house, 40)
    assert _sequencer(any_house).append_all() == 40
    with any_house.database.read() as session:
        for record_id in ids:
            evidence = proofs.evidence(session, KIND, record_id)
            assert evidence is not None
            assert evidence.nonce is not None
            assert len(evidence.nonce) * 8 == 128
            head = read_head(evidence.head)
            assert head is not None
            leaf = SHA256.leaf(commitment(KIND, record_id, records.said[record_id], evidence.nonce))
            steps = [bytes.fromhex(one) for one in evidence.inclusion.proof]
            root = bytes.fromhex(head.root)
            assert is_included(SHA256, leaf, evidence.inclusion.leaf, head.size, steps, root)
    examined = _examine(any_house, records)
    assert (examined.findings, examined.size, examined.waiting, examined.heads) == ([], 40, 0, 1)


def test_later_heads_continue_earlier_ones(any_house: House, records: Records) -> None:
    sequencer = _sequencer(any_house)
    for count in (3, 1, 30):
        records.write(any_house, count)
        sequencer.append_all()
    with any_house.database.read() as session:
        heads = [claimed(one.jws) for one in repository.heads(session)]
        assert [one.size for one in heads] == [3, 4, 34]
        for older in heads:
            proof = [bytes.fromhex(one) for one in proofs.consistency(session, older.size).proof]
            older_root, newest_root = bytes.fromhex(older.root), bytes.fromhex(heads[-1].root)
            assert is_consistent(SHA256, older.size, 34, older_root, newest_root, proof)


def test_a_rolled_back_change_leaves_nothing_in_the_log(any_house: House) -> None:
    def fail() -> None:
        with any_house.database.write() as session:
            record(session, KIND, uuid.uuid4(), {}, now=any_house.clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert _sequencer(any_house).append_all() == 0


def test_many_sequencers_and_many_writers_make_one_tree(any_house: House, records: Records) -> None:
    sequencers = [_sequencer(any_house) for _ in range(3)]
    for one in sequencers:
        any_house.ephemeral.subscribe(SIGNAL, one.wake)
        one.start()
    writers = [threading.Thread(target=records.write, args=(any_house, 7)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for one in sequencers:
        one.stop()
    _sequencer(any_house).append_all()
    examined = _examine(any_house, records)
    assert (examined.findings, examined.size, examined.waiting) == ([], 56, 0)


def test_a_record_is_under_a_signed_head_within_a_second(house: House, records: Records) -> None:
    sequencer = _sequencer(house)
    house.ephemeral.subscribe(SIGNAL, sequencer.wake)
    sequencer.start()
    try:
        [record_id] = records.write(house)
        deadline = threading.Event()
        for _ in range(100):
            with house.database.read() as session:
                if proofs.evidence(session, KIND, record_id) is not None:
                    return
            deadline.wait(0.01)
        pytest.fail("a second has passed and the record is under no signed head")
    finally:
        sequencer.stop()


def test_a_tree_keeps_the_hash_it_was_begun_with(house: House, records: Records) -> None:
    records.write(house, 20)
    _sequencer(house, hash_name="sm3").append_all()
    assert _examine(house, records).findings == []
    records.write(house)
    with pytest.raises(WrongHash):
        _sequencer(house).append_all()


@pytest.fixture
def filled(house: House, records: Records) -> House:
    """Three heads over forty records."""
    for count in (10, 20, 10):
        records.write(house, count)
        _sequencer(house).append_all()
    return house


def test_a_record_that_is_deleted_or_edited_is_named(filled: House, records: Records) -> None:
    ids = list(records.said)
    del records.said[ids[3]]
    records.said[ids[17]] = {"number": 7, "文": "另一个"}
    deleted, changed = _examine(filled, records).findings
    assert (str(ids[3]) in deleted, "was deleted" in deleted) == (True, True)
    assert (str(ids[17]) in changed, "was changed" in changed) == (True, True)


def test_a_record_that_was_slipped_in_is_named(filled: House, records: Records) -> None:
    slipped = uuid.uuid4()
    records.said[slipped] = {}
    [finding] = _examine(filled, records).findings
    assert str(slipped) in finding


def test_a_record_older_than_the_log_is_adopted_openly(filled: House, records: Records) -> None:
    older = uuid.uuid4()
    records.said[older] = {"number": 1}
    source = records.source()
    with filled.database.write() as session:
        [unknown] = unrecorded(session, source)
        assert unknown == [older]
        assert adopt(session, source, unknown, now=filled.clock.now()) == 1
        assert adopt(session, source, unknown, now=filled.clock.now()) == 0
    assert _sequencer(filled).append_all() == 2
    examined = _examine(filled, records)
    assert (examined.findings, examined.adopted) == ([], 1)
    records.said[older] = {"number": 2}
    [finding] = _examine(filled, records).findings
    assert (str(older) in finding, finding.endswith("was changed")) == (True, True)


def test_an_entry_that_is_deleted_or_edited_is_named(filled: House, records: Records) -> None:
    _change(filled, sa.delete(LogEntry).where(LogEntry.leaf_index == 5))
    _change(filled, sa.update(LogEntry).where(LogEntry.leaf_index == 30).values(commitment=bytes(32)))
    findings = _examine(filled, records).findings
    assert findings[0] == "leaf 5: the entry in the log was deleted"
    assert findings[1].startswith("leaf 30: the entry of test.record")


def test_rewriting_entry_and_record_alike_contradicts_the_heads(filled: House, records: Records) -> None:
    """The last resort of somebody with the whole database: commitment, leaf and all that stands over it made anew."""
    victim = list(records.said)[12]
    records.said[victim] = {"number": 99}
    with filled.database.write() as session:
        entry = repository.entry_of(session, KIND, victim)
        assert entry is not None
        entry.commitment = commitment(KIND, victim, records.said[victim], entry.nonce or b"")
        session.execute(sa.delete(LogTile))
        _grow_again(session)
    [finding] = _examine(filled, records).findings
    assert "between leaves 10 and 29 something was changed" in finding


def _grow_again(session: Session) -> None:
    from kernel.transparency import tiles

    commitments = repository.commitments(session, 0, 10_000)
    tree: tiles.Tiles = {}
    tiles.grow(tree, 0, map(SHA256.leaf, commitments), SHA256)
    repository.keep_tiles(session, {place: bytes(tile) for place, tile in tree.items()})


def test_a_head_that_was_replaced_is_not_believed(filled: House, records: Records) -> None:
    with filled.database.write() as session:
        row = repository.head_of(session, 30)
        assert row is not None
        head = msgspec.structs.replace(claimed(row.jws), root="00" * 32)
        forged = sign(session, msgspec.json.encode(head), key="another")
        row.jws, row.root = forged.jws, bytes(32)
    assert (
        "the head of 30 records was not signed by the keys of this log" in _examine(filled, records).findings
    )


def test_a_part_of_the_tree_that_was_changed_is_noticed(filled: House, records: Records) -> None:
    """The inner nodes: leaves and heads are whole, but proofs out of this tile would be wrong."""
    with filled.database.write() as session:
        tile = session.get(LogTile, 1 << 48)
        assert tile is not None
        tile.hashes = bytes(32) + tile.hashes[32:]
    [finding] = _examine(filled, records).findings
    assert finding == "1 parts of the tree are not what the first 40 leaves grow to"


def test_after_erasure_nothing_links_the_record_and_the_log_stays_whole(
    filled: House, records: Records
) -> None:
    gone = list(records.said)[8]
    with filled.database.write() as session:
        assert erase(session, KIND, gone, now=filled.clock.now())
        assert not erase(session, KIND, gone, now=filled.clock.now())
        entry = repository.entry_of(session, KIND, gone)
        assert entry is not None
        assert entry.nonce is None
    del records.said[gone]
    _sequencer(filled).append_all()
    examined = _examine(filled, records)
    assert (examined.findings, examined.erased, examined.size) == ([], 1, 41)


def test_a_nonce_that_was_removed_in_silence_is_named(filled: House, records: Records) -> None:
    gone = list(records.said)[8]
    _change(filled, sa.update(LogEntry).where(LogEntry.record_id == gone).values(nonce=None))
    [finding] = _examine(filled, records).findings
    assert str(gone) in finding


def test_heads_are_anchored_outside_once_each(filled: House, records: Records, tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "elsewhere" / "heads.jsonl")
    with filled.database.read() as session:
        assert anchor_head(session, anchor, now=filled.clock.now()) == 40
        assert anchor_head(session, anchor, now=filled.clock.now()) is None
    with (tmp_path / "elsewhere" / "heads.jsonl").open("ab") as file:
        file.write(b'{"torn')
    records.write(filled)
    _sequencer(filled).append_all()
    with filled.database.read() as session:
        assert anchor_head(session, anchor, now=filled.clock.now()) == 41
    assert [claimed(one.head.jws).size for one in anchor.heads()] == [40, 41]
    examined = _examine(filled, records, anchor)
    assert (examined.findings, examined.anchored) == ([], 2)


def test_a_log_begun_anew_contradicts_what_was_anchored(
    filled: House, records: Records, tmp_path: Path, clock: FixedClock
) -> None:
    """With the signing keys in hand everything inside can be made anew; what left the house cannot."""
    anchor = FileAnchor(tmp_path / "heads.jsonl")
    with filled.database.read() as session:
        anchor_head(session, anchor, now=clock.now())
    for table in (LogEntry, LogTile, LogHead):
        _change(filled, sa.delete(table))
    records.said.clear()
    clock.move(timedelta(hours=1))
    records.write(filled, 50)
    _sequencer(filled).append_all()
    assert _examine(filled, records).findings == []
    [finding] = _examine(filled, records, anchor).findings
    assert "anchored on 2026-11-23" in finding
    records.write(filled)
    _sequencer(filled).append_all()
    with filled.database.read() as session, pytest.raises(Inconsistent):
        anchor_head(session, anchor, now=clock.now())
    assert len(list(anchor.heads())) == 1


@pytest.fixture
def killed_home(tmp_path: Path) -> Path:
    """A process that records and appends without end, killed in the middle."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.kernel.transparency.recording_process"]
    environ = {**os.environ, "DONGCHU_HOME": str(tmp_path)}
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    for _ in range(12):
        process.stdout.readline()
    process.kill()
    process.wait(10)
    process.stdout.close()
    return tmp_path


def _nothing_said(_session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Content]:
    return {one: {} for one in ids}


def _nothing_more(_session: Session) -> Iterator[uuid.UUID]:
    yield from ()


def test_heads_survive_a_kill_and_the_log_goes_on(killed_home: Path, clock: FixedClock) -> None:
    from kernel.house import open_house
    from kernel.settings import Settings

    settings = Settings(home=killed_home, database_url=f"sqlite:///{killed_home / 'dongchu.db'}")
    house = open_house(settings, clock)
    try:
        with house.database.read() as session:
            newest = proofs.latest(session)
            sizes = [one.size for one in repository.heads(session)]
        assert len(sizes) >= 12
        assert newest.size == max(sizes)
        _sequencer(house).append_all()
        with house.database.read() as session:
            assert (
                Examination([Source(KIND, _nothing_said, _nothing_more)], read_head, None)
                .run(session)
                .findings
                == []
            )
    finally:
        house.database.close()
        house.ephemeral.close()


def test_a_head_says_what_was_signed(house: House) -> None:
    head = Head(log="https://log.example", hash="sha-256", size=1, root="00" * 32, at=house.clock.now())
    with house.database.write() as session:
        signed = sign(session, msgspec.json.encode(head))
    assert read_head(signed) == head
    assert read_head(SignedHead(jws=signed.jws[:-4] + "AAAA", sm2=signed.sm2)) is None
    with pytest.raises(ValueError):
        claimed("no head at all")
