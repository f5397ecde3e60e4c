"""Data keys turn while people write: nothing is lost, a kill in the middle is made good, an old key is given up last."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.crypto import SealBroken, Vault
from kernel.database import Base, BigNumber, Database
from kernel.house import House
from kernel.resealing import count_by_version, reseal, sealed_columns


class Secretive(Base):
    """A table of these tests."""

    __tablename__ = "test_secretive"

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=False)
    name_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class SecretCell(Base):
    """A table whose rows are named by a file and a line."""

    __tablename__ = "test_secret_cell"

    file: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)


def fill(house: House, count: int, vault: Vault | None = None) -> None:
    vault = vault or house.vault
    with house.database.write() as session:
        session.execute(
            sa.insert(Secretive),
            [
                {"number": one, "name_sealed": vault.seal(f"name {one}", context=place(one))}
                for one in range(count)
            ],
        )


def place(number: int) -> str:
    return f"test_secretive/name_sealed/{number}"


def names(database: Database, vault: Vault) -> dict[int, str]:
    with database.read() as session:
        return {
            row.number: vault.open(row.name_sealed or b"", context=place(row.number))
            for row in session.scalars(sa.select(Secretive))
        }


def versions(database: Database) -> dict[int, int]:
    return count_by_version(database).get("test_secretive.name_sealed", {})


def test_everything_is_sealed_anew_and_the_old_key_given_up(any_house: House) -> None:
    fill(any_house, 450)
    assert any_house.vault.rotate() == 2
    *_, progress = reseal(any_house.database, any_house.vault, batch=100)
    assert progress.resealed == 450
    assert progress.broken == []
    assert versions(any_house.database) == {2: 450}
    assert list(reseal(any_house.database, any_house.vault)) == []
    any_house.vault.retire(1)
    fresh = Vault.open_at(any_house.settings.home / "keys")
    assert fresh.versions == [2]
    assert names(any_house.database, fresh) == {one: f"name {one}" for one in range(450)}


def test_rows_named_by_several_columns_are_walked_in_their_order(any_house: House) -> None:
    vault = any_house.vault
    cells = [(uuid.UUID(int=file), line) for file in range(3) for line in range(4)]
    with any_house.database.write() as session:
        for file, line in cells:
            sealed = vault.seal(f"{line}", context=f"test_secret_cell/sealed/{file}/{line}")
            session.add(SecretCell(file=file, line=line, sealed=sealed))
    vault.rotate()
    *_, progress = reseal(any_house.database, vault, batch=5)
    assert (progress.resealed, progress.broken) == (12, [])
    with any_house.database.read() as session:
        for row in session.scalars(sa.select(SecretCell)):
            context = f"test_secret_cell/sealed/{row.file}/{row.line}"
            assert vault.open(row.sealed, context=context) == f"{row.line}"


def test_a_process_that_runs_already_follows(house: House) -> None:
    other = Vault.open_at(house.settings.home / "keys")
    house.vault.rotate()
    sealed = house.vault.seal("x", context="c")
    assert (
        other.open(sealed, context="c") == "x"
    )  # it looks into the file when it meets a version it does not know
    assert other.seal("x", context="c")[1] == 2


def test_a_value_that_does_not_open_is_named_and_left_alone(house: House) -> None:
    fill(house, 3)
    with house.database.write() as session:
        moved = session.scalar(sa.select(Secretive.name_sealed).where(Secretive.number == 1))
        session.execute(sa.update(Secretive).where(Secretive.number == 2).values(name_sealed=moved))
    house.vault.rotate()
    *_, progress = reseal(house.database, house.vault)
    assert progress.broken == ["test_secretive.name_sealed 2"]
    assert versions(house.database) == {1: 1, 2: 2}


def test_the_active_version_is_not_given_up(house: House) -> None:
    with pytest.raises(ValueError):
        house.vault.retire(1)
    with pytest.raises(ValueError):
        house.vault.retire(9)


def test_without_its_key_a_value_stays_shut(house: House) -> None:
    sealed = house.vault.seal("x", context="c")
    house.vault.rotate()
    house.vault.retire(1)
    with pytest.raises(SealBroken):
        house.vault.open(sealed, context="c")


_ROTATION = """
import sys, time
from pathlib import Path
from kernel.crypto import Vault
from kernel.database import Database
from kernel.resealing import reseal
import tests.kernel.test_key_rotation
home = Path(sys.argv[1])
vault, database = Vault.open_at(home / "keys"), Database(sys.argv[2])
if sys.argv[3] == "rotate":
    vault.rotate()
for progress in reseal(database, vault, batch=50):
    print(progress.resealed, flush=True)
    time.sleep(float(sys.argv[4]))
"""


def _command(house: House, what: str, pause: str) -> "subprocess.Popen[str]":
    root = Path(__file__).parents[2]
    arguments = [str(house.settings.home), house.settings.database_url, what, pause]
    return subprocess.Popen(
        [sys.executable, "-c", _ROTATION, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_killed_in_the_middle_beside_writers_it_goes_on(any_house: House) -> None:
    """Another process rotates and is killed while this one writes; whoever starts again finishes, and no write is lost."""
    count = 1500
    fill(any_house, count)
    written: dict[int, str] = {}
    is_over = threading.Event()

    def write() -> None:
        turn = 0
        while not is_over.is_set():
            number, text = (turn * 7) % count, f"changed {turn}"
            with any_house.database.write(timeout=30) as session:
                sealed = any_house.vault.seal(text, context=place(number))
                session.execute(
                    sa.update(Secretive).where(Secretive.number == number).values(name_sealed=sealed)
                )
            written[number] = text
            turn += 1
            time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        rotating = _command(any_house, "rotate", "0.01")
        assert rotating.stdout is not None
        for line in rotating.stdout:
            if int(line) >= 300:
                rotating.send_signal(signal.SIGKILL)
                break
        rotating.wait()
        rotating.stdout.close()
        assert set(versions(any_house.database)) == {1, 2}
        again = _command(any_house, "reseal", "0")
        again.communicate()
        assert again.returncode == 0
    finally:
        is_over.set()
        writer.join()
    list(
        reseal(any_house.database, any_house.vault)
    )  # what a writer sealed in the last second under the old version
    assert versions(any_house.database) == {2: count}
    any_house.vault.retire(1)
    expected = {one: written.get(one, f"name {one}") for one in range(count)}
    assert names(any_house.database, Vault.open_at(any_house.settings.home / "keys")) == expected
    assert len(written) > 20


def test_every_sealed_column_has_one_place_by_its_row() -> None:
    """By name, or as its table says; a new sealed column is found without being listed anywhere."""
    import portals.tables  # noqa: F401

    found = {one.name: one.template for one in sealed_columns()}
    assert found["subject.name_sealed"] == "subject/name_sealed/{subject_id}"
    assert found["licence.content_sealed"] == "licence/content/{id}"
    assert len(found) > 15
    assert all(one.place_columns() for one in sealed_columns())
