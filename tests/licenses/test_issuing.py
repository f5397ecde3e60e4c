"""New, renewed, changed, handed over, ended: states, succession, retroactive effect, and who may."""

import uuid
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from stdnum.iso7064 import mod_37_36

from kernel.clock import FixedClock
from kernel.errors import Conflict, Forbidden, InvalidInput
from kernel.house import House
from kernel.outbox import OutboxMessage
from kernel.web.principal import Principal, SeatView
from licenses import repository, service
from licenses.catalogue import licence_type
from licenses.models import Licence
from licenses.states import LicenceState, Operation, state_on
from licenses.verification import check_licence
from tests.licenses.conftest import FIELDS
from tests.licenses.samples import FIELDS as SAMPLES

DAYE = "13420281DEMO00001D"


def _official(department: str, division: str, *duties: str) -> Principal:
    seat = SeatView(id=1, title="证照席", division=division, department=department, duties=frozenset(duties))
    return Principal(
        subject_id=9,
        name="某人",
        capacity="seat",
        acting_for=9,
        acting_for_name="某人",
        seat=seat,
        scopes=frozenset(),
        acr="1",
        client_id="zhengtong",
        grant_id=uuid.UUID(int=1),
    )


def _issue(
    house: House, holder_id: int, type_id: str, actor: Principal | str = "test", **changed: object
) -> Licence:
    with house.database.write() as session:
        return service.issue(
            session,
            house,
            type_id=type_id,
            holder_id=holder_id,
            fields=SAMPLES[type_id] | changed,
            actor=actor,
        )


def _operations(house: House, licence: Licence) -> list[str]:
    with house.database.read() as session:
        return [one.operation for one in repository.operations(session, licence.id)]


def test_the_check_character_is_that_of_the_standard(certificate_here: Licence) -> None:
    body = certificate_here.identifier.removeprefix("1.2.156.3005.2.").replace(".", "")
    assert mod_37_36.is_valid(body)


def test_a_renewal_is_the_next_version_for_another_term(
    house: House, clock: FixedClock, holder_here: int
) -> None:
    first = _issue(house, holder_here, "disability-certificate")
    clock.move(timedelta(days=400))
    with house.database.write() as session:
        second = service.renew(session, house, first.id, actor="test")
    assert second.previous_id == first.id
    assert second.identifier.split(".")[-2] == "002"
    assert (first.valid_until, second.valid_until) == (date(2036, 11, 23), date(2037, 12, 28))
    assert _operations(house, second) == ["renew"]


def test_a_change_keeps_the_term_and_the_number(house: House, certificate_here: Licence) -> None:
    with house.database.write() as session:
        changed = service.change(
            session, house, certificate_here.id, FIELDS | {"level": 3}, actor="test", reason="复评"
        )
    assert changed.valid_until == certificate_here.valid_until
    assert service.number(house, changed) == service.number(house, certificate_here)
    with house.database.write() as session, pytest.raises(Conflict):
        service.change(session, house, certificate_here.id, FIELDS, actor="test")


def test_a_transfer_leaves_one_authority_and_arrives_at_another(
    house: House, certificate_here: Licence
) -> None:
    with house.database.write() as session, pytest.raises(Conflict):
        service.transfer_in(session, house, certificate_here.id, DAYE, actor="test")
    with house.database.write() as session:
        service.operate(
            session, house, certificate_here.id, Operation.TRANSFER_OUT, reason="户口迁移", actor="test"
        )
    with house.database.write() as session:
        arrived = service.transfer_in(session, house, certificate_here.id, DAYE, actor="test")
    assert (arrived.issuer, arrived.previous_id, arrived.state) == (DAYE, certificate_here.id, "01")
    assert DAYE in arrived.identifier
    with house.database.write() as session, pytest.raises(Conflict):
        service.operate(
            session, house, certificate_here.id, Operation.CANCEL_TRANSFER, reason="不转了", actor="test"
        )


def test_after_a_revocation_a_licence_begins_anew(
    house: House, holder_here: int, certificate_here: Licence
) -> None:
    with house.database.write() as session:
        service.operate(session, house, certificate_here.id, Operation.REVOKE, reason="有误", actor="test")
    again = _issue(house, holder_here, "disability-certificate")
    assert again.previous_id is None
    assert again.identifier != certificate_here.identifier


def test_what_is_withheld_is_not_replaced(house: House, holder_here: int, certificate_here: Licence) -> None:
    with house.database.write() as session:
        service.operate(session, house, certificate_here.id, Operation.WITHHOLD, reason="核查", actor="test")
    with pytest.raises(Conflict, match="暂扣"):
        _issue(house, holder_here, "disability-certificate", level=2)


def test_a_person_may_hold_several_where_the_type_says_so(house: House, holder_here: int) -> None:
    homes = [_issue(house, holder_here, "real-estate-certificate", area=area) for area in (89, 120)]
    assert [one.previous_id for one in homes] == [None, None]
    with house.database.read() as session:
        assert {one.id for one in repository.of_holders(session, [holder_here])} == {one.id for one in homes}


def test_a_revocation_acts_back_and_says_when_it_was_recorded(
    house: House, clock: FixedClock, certificate_here: Licence
) -> None:
    clock.move(timedelta(days=30))
    with house.database.write() as session:
        service.operate(
            session,
            house,
            certificate_here.id,
            Operation.REVOKE,
            reason="材料不实",
            actor="test",
            effective_on=date(2026, 12, 1),
        )
    with house.database.read() as session:
        rows = repository.operations(session, certificate_here.id)
    history = [(one.effective_on, LicenceState(one.state)) for one in rows]
    days = (date(2026, 11, 22), date(2026, 11, 30), date(2026, 12, 1))
    assert [state_on(history, day) for day in days] == [None, LicenceState.VALID, LicenceState.REVOKED]
    assert rows[-1].recorded_at == clock.now()


@pytest.mark.parametrize(
    ("operation", "day"),
    [
        (Operation.REVOKE, date(2026, 11, 22)),
        (Operation.REVOKE, date(2026, 11, 24)),
        (Operation.WITHHOLD, date(2026, 11, 23)),
    ],
)
def test_other_days_of_effect_are_refused(
    house: House, clock: FixedClock, certificate_here: Licence, operation: Operation, day: date
) -> None:
    clock.move(timedelta(hours=20 if operation is Operation.WITHHOLD else 0))
    with house.database.write() as session, pytest.raises(InvalidInput):
        service.operate(
            session, house, certificate_here.id, operation, reason="x", actor="test", effective_on=day
        )


def test_the_last_day_ends_it_and_a_renewal_brings_it_back(
    house: House, clock: FixedClock, certificate_here: Licence
) -> None:
    clock.move(timedelta(days=3660))
    with house.database.write() as session:
        assert service.expire_due(session, house) == 1
        assert service.expire_due(session, house) == 0
        renewed = service.renew(session, house, certificate_here.id, actor="test")
    assert renewed.state == "01"
    assert _operations(house, certificate_here) == ["issue", "expire"]


def test_the_facts_of_a_licence_end_with_its_term(house: House, certificate_here: Licence) -> None:
    with house.database.read() as session:
        payload = session.scalar(
            sa.select(OutboxMessage.payload).where(OutboxMessage.topic == "licence.facts")
        )
    assert payload is not None
    assert payload["valid_until"] == "2036-11-23"


def test_a_seat_issues_only_what_its_department_seals_within_its_area(house: House, holder_here: int) -> None:
    type_id = "disability-certificate"
    for seat in (
        _official("残联", "420200"),
        _official("民政局", "420200", "licence.issue"),
        _official("残联", "420281", "licence.issue"),
    ):
        with pytest.raises(Forbidden):
            _issue(house, holder_here, type_id, actor=seat)
    assert (
        _issue(house, holder_here, type_id, actor=_official("残联", "420200", "licence.issue")).state == "01"
    )


def test_a_licence_of_a_higher_level_is_only_referred_to(house: House, holder_here: int) -> None:
    with pytest.raises(Forbidden, match="引用"):
        _issue(house, holder_here, "resident-id", actor=_official("公安局", "420200", "licence.issue"))
    assert _issue(house, holder_here, "resident-id", actor="connector:public_security").state == "01"


def test_a_licence_of_an_issuer_that_was_not_trusted_that_day_does_not_verify(
    house: House, certificate_here: Licence
) -> None:
    with house.database.write() as session:
        session.execute(sa.update(Licence).values(issued_on=date(2019, 6, 1)))
    with house.database.read() as session:
        licence = repository.by_id(session, certificate_here.id)
        assert licence is not None
        answer = check_licence(session, house, licence)
    assert (answer.result, "名录" in answer.reasons[0]) == ("not_valid", True)


def test_the_status_list_tells_suspended_ended_and_replaced_apart(house: House, holder_here: int) -> None:
    issued = [_issue(house, holder_here, name) for name in ("driving-licence", "marriage-certificate")]
    replaced = _issue(house, holder_here, "disability-certificate")
    _issue(house, holder_here, "disability-certificate", level=2)
    with house.database.write() as session:
        service.operate(session, house, issued[0].id, Operation.WITHHOLD, reason="x", actor="test")
        service.operate(session, house, issued[1].id, Operation.CANCEL, reason="x", actor="test")
        values = {row[0]: row[1:3] for row in repository.status_values(session, "licences", 0, 100)}
    assert values == {
        issued[0].status_index: ("02", False),
        issued[1].status_index: ("04", False),
        replaced.status_index: ("01", True),
    }


def test_the_number_of_a_licence_is_the_holders_own_where_the_type_says_so(
    house: House, holder_here: int
) -> None:
    assert licence_type("driving-licence").number.is_holder_identifier
    assert service.number(house, _issue(house, holder_here, "driving-licence")) == "11010519491231002X"
