"""Who is told of a licence: its holder, for a child the parents; and in time before it ends."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from identity.registry import service as registry
from identity.registry.schemas import RelationshipRow
from kernel.clock import FixedClock
from kernel.errors import NotFound
from kernel.house import House
from kernel.notices import Notice
from licenses import service, wallet
from licenses.models import Licence
from licenses.states import Operation
from portals.transparency import build_sequencer
from tests.licenses.conftest import register
from tests.licenses.samples import FIELDS, id_number

CHILD = "00000020250501001"


def _child_number() -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, CHILD, strict=True))
    return CHILD + "10X98765432"[total % 11]


def _related(house: House, kind: str, elder: int, younger: int) -> None:
    with house.database.write() as session:
        row = RelationshipRow(
            kind=kind,  # type: ignore[arg-type]
            from_subject=elder,
            to_subject=younger,
            source="public_security",
            from_on=date(2000, 1, 1),
            until_on=None,
        )
        registry.load_relationships(session, [row])


def _told(house: House) -> list[tuple[int, str]]:
    with house.database.read() as session:
        rows = session.execute(sa.select(Notice.subject_id, Notice.title).order_by(Notice.number))
        return [(row[0], row[1]) for row in rows]


def _issue(house: House, holder: int, type_id: str, until: date | None = None) -> Licence:
    with house.database.write() as session:
        return service.issue(
            session,
            house,
            type_id=type_id,
            holder_id=holder,
            fields=FIELDS[type_id],
            actor="test",
            valid_until=until,
        )


def test_of_a_childs_licence_the_parents_are_told(house: House) -> None:
    mother, father = register(house), register(house, "程大山", id_number(7))
    child = register(house, "程小", _child_number())
    for parent in (mother, father):
        _related(house, "parent", parent, child)
    licence = _issue(house, child, "birth-certificate")
    with house.database.write() as session:
        service.operate(session, house, licence.id, Operation.WITHHOLD, reason="核查", actor="test")
    assert sorted(one for one, _title in _told(house)) == sorted([mother, father] * 2)


def test_of_a_grown_childs_licence_only_the_holder_is_told_and_a_guardian(house: House) -> None:
    mother, grown = register(house), register(house, "程大山", id_number(7))
    _related(house, "parent", mother, grown)
    _issue(house, grown, "driving-licence")
    assert [one for one, _title in _told(house)] == [grown]
    guardian = register(house, "方方", id_number(8))
    _related(house, "guardian", guardian, grown)
    _issue(house, grown, "social-security-card")
    assert sorted(one for one, _title in _told(house)[1:]) == sorted([grown, guardian])


def _remind(house: House) -> int:
    with house.database.write() as session:
        return service.remind_due(session, house)


def test_holders_are_reminded_twice_before_a_licence_ends(
    any_house: House, clock: FixedClock, holder: int
) -> None:
    ends = any_house.clock.today() + timedelta(days=61)
    _issue(any_house, holder, "driving-licence", ends)
    told = [_remind(any_house)]
    for days in (1, 1, 51, 1, 1, 6, 1):
        clock.move(timedelta(days=days))
        told.append(_remind(any_house))
    assert told == [0, 1, 0, 0, 1, 0, 0, 0]
    assert [title for _one, title in _told(any_house)[1:]] == [
        "机动车驾驶证还有60天到期",
        "机动车驾驶证还有7天到期",
    ]


def test_only_what_is_in_force_is_reminded_of(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "driving-licence", house.clock.today() + timedelta(days=5))
    with house.database.write() as session:
        service.operate(session, house, licence.id, Operation.WITHHOLD, reason="核查", actor="test")
    assert _remind(house) == 0


def test_a_licence_found_late_is_reminded_of_once_and_truly(house: House, holder_here: int) -> None:
    _issue(house, holder_here, "driving-licence", house.clock.today() + timedelta(days=3))
    assert (_remind(house), _remind(house)) == (1, 0)
    assert _told(house)[-1][1] == "机动车驾驶证还有3天到期"


def test_the_holder_takes_evidence_away_and_nobody_else(house: House, certificate_here: Licence) -> None:
    holder, stranger = certificate_here.holder_id, register(house, "程大山", id_number(7))
    with house.database.read() as session:
        [act] = wallet.acts_on(session, [holder], certificate_here.id)
        with pytest.raises(NotFound):  # not in the log yet
            wallet.evidence_for(session, [holder], certificate_here.id, act.id)
    build_sequencer(house).append_all()
    other = _issue(house, stranger, "driving-licence")
    with house.database.read() as session:
        assert wallet.evidence_for(session, [holder], certificate_here.id, act.id).content["state"] == "01"
        for held, licence in (([stranger], certificate_here), ([stranger], other), ([holder], other)):
            with pytest.raises(NotFound):
                wallet.evidence_for(session, held, licence.id, act.id)
