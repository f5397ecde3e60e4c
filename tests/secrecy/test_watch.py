"""The watch over every test's stores can fail: whatever is planted in plain is found, by table and column."""

import base64
import contextlib
import json
import sqlite3
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from identity.accounts.passwords import PasswordPool
from kernel import audit
from kernel.audit import AuditEvent
from kernel.database import Database
from kernel.house import House
from tests.made_once import lay_tables
from tests.secrecy.spoken import SPOKEN, Spoken
from tests.secrecy.stolen_copy import StolenCopy
from tests.secrecy.watch import WATCH, Leaked, Vanished

TOKEN = "Zk3-vQ9_planted-here-on-purpose"


def plant(house: House, text: str) -> None:
    """As somebody would who notes too much."""
    with house.database.write() as session:
        audit.record(
            session,
            actor="test",
            action="test.note",
            object_kind="note",
            object_id="1",
            detail={"said": text},
            now=house.clock.now(),
        )


def uproot(house: House) -> None:
    """So that the watch over this very test finds nothing when it is over: the rows, their pages and the log too."""
    with house.database.write() as session:
        session.execute(sa.delete(AuditEvent))
    if house.database.is_sqlite:
        file = str(house.database.engine.url.database)
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as store:
            store.execute("VACUUM")
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize(
    "planted",
    [
        TOKEN,
        TOKEN.encode().hex(),
        base64.b64encode(TOKEN.encode()).decode(),
        f"https://a.example/?t={TOKEN}&x=1",
    ],
    ids=["itself", "hex", "base64", "within"],
)
def test_a_secret_in_plain_is_found_where_it_stands(house: House, planted: str) -> None:
    plant(house, planted)
    found = StolenCopy(house.database.engine.url).findings([TOKEN])
    assert {one.where for one in found} == {"audit_event.detail"}
    uproot(house)


@pytest.mark.parametrize("number", ["11010519491231002X", "13900005678"])
def test_numbers_of_people_are_found_though_nobody_noted_them(any_house: House, number: str) -> None:
    plant(any_house, f"寄给{number}，已送达")
    found = StolenCopy(any_house.database.engine.url).findings([])
    assert [one.where for one in found] == ["audit_event.detail"]
    uproot(any_house)


def test_a_number_that_no_person_can_have_is_none(house: House) -> None:
    plant(house, "110105194912310021 23900005678 139000056789 0.13900005678 13900005678.5")
    plant(house, '{"revenue": 13900005678, "by_year": [13900005678, 13900005678]}')
    assert StolenCopy(house.database.engine.url).findings([]) == []
    uproot(house)


def test_a_deleted_row_is_found_in_the_bytes_of_the_file(house: House) -> None:
    plant(house, TOKEN)
    with house.database.write() as session:
        session.execute(sa.delete(AuditEvent))
    found = StolenCopy(house.database.engine.url).findings([TOKEN])
    assert {one.where for one in found} == {"dongchu.db-wal"}
    uproot(house)


def test_a_house_that_kept_what_its_vault_hashed_cannot_be_closed_quietly(any_house: House) -> None:
    any_house.vault.hash_token(f"refresh/{TOKEN}")
    plant(any_house, TOKEN)
    with pytest.raises(Leaked, match=r"audit_event\.detail"):
        any_house.database.close()
    uproot(any_house)


@pytest.mark.parametrize("how", ["gone", "broken"])
def test_a_store_that_vanishes_unsearched_fails_the_test(tmp_path: Path, how: str) -> None:
    file = tmp_path / "own.db"
    own = Database(f"sqlite:///{file}")
    lay_tables(own)
    own.engine.dispose()  # its write-ahead log goes with the last connection
    file.unlink() if how == "gone" else file.write_bytes(b"no store" * 1000)
    with pytest.raises(Vanished, match=r"test_watch\.py"):
        own.close()


def test_a_store_that_was_searched_or_never_used_may_go(house: House, tmp_path: Path) -> None:
    url = house.database.engine.url
    WATCH.search(url, since=0)
    file = Path(str(url.database))
    file.rename(tmp_path / "gone.db")
    WATCH.search(url, since=0)
    (tmp_path / "gone.db").rename(file)
    Database(f"sqlite:///{tmp_path}/never.db").close()


def test_a_code_is_told_where_it_stands_alone_and_a_place_is_none(house: House) -> None:
    plant(house, '{"to": 4711234567, "at": "12:00:00.711234", "division": "420200"}')
    store = StolenCopy(house.database.engine.url)
    assert store.findings([], ["711234", "420200", "000000"]) == []
    plant(house, "711234")
    found = StolenCopy(house.database.engine.url).findings([], ["711234"])
    assert [(one.where, one.is_code) for one in found] == [("audit_event.detail", True)]
    uproot(house)


def test_six_digits_found_twice_in_one_column_are_no_chance(house: House) -> None:
    code = "804153"
    house.vault.hash_token(f"code:some-key/{code}")
    plant(house, code)
    url = house.database.engine.url
    WATCH.search(url, since=0)
    with pytest.raises(Leaked, match=code):
        WATCH.search(url, since=0)
    uproot(house)


def test_a_password_is_known_from_its_hashing(house: House) -> None:
    PasswordPool().hash("planted horse battery")
    plant(house, "planted horse battery")
    with pytest.raises(Leaked):
        house.database.close()
    uproot(house)


def test_requests_and_answers_are_heard() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = {"access_token": "heard-in-the-answer", "expires_in": 300}
        headers = {"set-cookie": "seat=heard-as-a-cookie-of-the-answer"}
        return httpx.Response(200, json=body, headers=headers, request=request)

    before = SPOKEN.turn
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.post(
            "http://a.example/token?code=heard-in-the-query", data={"client_secret": "heard in the form"}
        )
    assert set(SPOKEN.secrets_since(before)) == {
        "heard-in-the-answer",
        "heard-as-a-cookie-of-the-answer",
        "heard-in-the-query",
        "heard in the form",
    }


def test_what_protocols_publish_is_no_secret() -> None:
    spoken = Spoken()
    spoken.fields([("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")])
    spoken.fields([("token_type", "DPoP-or-Bearer"), ("code", "42"), ("password", "short")])
    spoken.sealed(
        json.dumps({"kty": "EC", "x": "public-part-of-a-key", "d": "private-part-of-a-key"}), "k/private/1"
    )
    assert spoken.secrets_since(0) == ["private-part-of-a-key"]
