"""What a department said and we could not read is kept, once, and can be read again; what a stranger said is not."""

import pytest
import sqlalchemy as sa

from connectors.disabled_federation import mapping
from connectors.events import repository, service
from connectors.events.models import ReceivedEvent, RejectedEvent
from connectors.events.signing import SigningKey
from kernel.errors import InvalidInput, NotFound
from kernel.house import House
from tests.conftest import NOON
from tests.connectors.conftest import PERSON, Push, envelope

NEW_CODE = envelope(
    "certificate_cancelled",
    {"cjrzh": f"{PERSON}41", "xm": "柳如是", "zxrq": "20261120", "zxyy": "5"},
    "evt-new-code",
)


def refusals(house: House) -> list[RejectedEvent]:
    with house.database.read() as session:
        return repository.latest_rejected(session)


def waiting(house: House) -> list[int]:
    with house.database.read() as session:
        return [row.number for row in repository.open_refusals(session)]


def learn_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the mapping had been put right."""
    monkeypatch.setitem(mapping.REASON, "5", "户籍迁出")


def test_what_could_not_be_read_is_kept_sealed_once(push: Push, house: House) -> None:
    for _ in range(3):
        assert push(NEW_CODE).status_code == 400
    (row,) = refusals(house)
    assert row.sealed is not None
    assert PERSON.encode() not in row.sealed
    assert PERSON not in row.reason


def test_a_strangers_content_is_not_kept(push: Push, house: House) -> None:
    stranger = SigningKey("c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vyc3RyYW5nZXI=")
    assert push(NEW_CODE, key=stranger).status_code == 401
    (row,) = refusals(house)
    assert row.sealed is None
    assert waiting(house) == []


def test_read_again_too_early_it_is_still_refused_and_still_waits(push: Push, house: House) -> None:
    push(NEW_CODE)
    (number,) = waiting(house)
    with pytest.raises(InvalidInput), house.database.write() as session:
        service.read_again(session, house.vault, number, now=NOON)
    assert waiting(house) == [number]


def test_once_we_can_read_it_it_is_taken_and_settled(
    push: Push, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(NEW_CODE)
    (number,) = waiting(house)
    learn_the_code(monkeypatch)
    with house.database.write() as session:
        service.read_again(session, house.vault, number, now=NOON)
    with house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ReceivedEvent)) == 1
    (row,) = refusals(house)
    assert (row.settled_as, row.sealed) == ("taken", None)
    with pytest.raises(NotFound), house.database.write() as session:
        service.read_again(session, house.vault, number, now=NOON)


def test_a_dropped_one_is_gone(push: Push, house: House) -> None:
    push(NEW_CODE)
    (number,) = waiting(house)
    with house.database.write() as session:
        service.drop_refused(session, number, now=NOON)
    assert waiting(house) == []
    (row,) = refusals(house)
    assert (row.settled_as, row.sealed) == ("dropped", None)
