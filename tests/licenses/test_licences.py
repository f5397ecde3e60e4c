"""Issue, show, scan, verify, revoke: on SQLite and on PostgreSQL."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.errors import Forbidden, IllegalTransition, InvalidInput, NotFound, TooManyRequests
from kernel.house import House
from kernel.outbox import OutboxMessage
from kernel.web.principal import Principal, SeatView
from licenses import credential, keys, repository, service, showing, wallet
from licenses.identifier import parse_identifier
from licenses.models import Licence
from licenses.states import LicenceState, Operation, after, possible
from licenses.verification import check_licence, verify_credential, verify_identifier
from tests.licenses.conftest import FIELDS


def _view(house: House, holder: int, licence: Licence) -> wallet.LicenceView:
    with house.database.read() as session:
        return wallet.licence_of(session, house, [holder], licence.id)


def _facts(house: House) -> list[dict[str, object]]:
    with house.database.read() as session:
        statement = sa.select(OutboxMessage.payload).where(OutboxMessage.topic == "licence.facts")
        return [payload["values"] for payload in session.scalars(statement.order_by(OutboxMessage.number))]


def test_a_licence_verifies_by_its_credential(any_house: House, certificate: Licence) -> None:
    sd_jwt = service.content(any_house, certificate).sd_jwt
    with any_house.database.read() as session:
        answer = verify_credential(session, any_house, credential.select(sd_jwt, ["level"]))
    assert (answer.result, answer.holder_name) == ("valid", "**芸")
    assert [(field.name, field.value) for field in answer.fields] == [("残疾等级", 1)]


def test_a_forged_or_changed_credential_does_not(any_house: House, certificate: Licence) -> None:
    sd_jwt = service.content(any_house, certificate).sd_jwt
    forged = sd_jwt.replace("~", "~WyJzYWx0IiwibGV2ZWwiLDRd~", 1)
    with any_house.database.read() as session:
        for text in (forged, "nonsense", sd_jwt[10:], ""):
            assert verify_credential(session, any_house, text).result == "not_valid"


def test_a_credential_signed_by_another_key_of_the_same_name_does_not(
    any_house: House, certificate: Licence
) -> None:
    with any_house.database.read() as session:
        kid = next(iter(keys.public_credential_keys(session)))
        stranger = keys.ECKey.generate_key("P-256", {"kid": kid})
        forged = credential.issue(stranger, {"licence": certificate.identifier}, FIELDS)
        assert verify_credential(session, any_house, forged).result == "not_valid"


def test_by_identifier_the_second_factor_decides_and_a_miss_reveals_nothing(
    any_house: House, certificate: Licence, holder: int
) -> None:
    tail = _view(any_house, holder, certificate).number[-4:]
    wrong = "0000" if tail != "0000" else "1111"
    unknown = parse_identifier(certificate.identifier).next_version()
    with any_house.database.read() as session:
        assert (
            verify_identifier(session, any_house, certificate.identifier, tail, asker="a").result == "valid"
        )
        miss = verify_identifier(session, any_house, certificate.identifier, wrong, asker="a")
        nothing = verify_identifier(session, any_house, str(unknown), tail, asker="a")
    assert miss == nothing
    assert miss.result == "undetermined"


def test_guessing_is_slowed_down(any_house: House, certificate: Licence) -> None:
    with any_house.database.read() as session:
        for _ in range(10):
            verify_identifier(session, any_house, certificate.identifier, "0000", asker="guesser")
        with pytest.raises(TooManyRequests):
            verify_identifier(session, any_house, certificate.identifier, "0000", asker="guesser")


def test_a_revoked_licence_no_longer_verifies_and_its_facts_become_none(
    any_house: House, certificate: Licence
) -> None:
    with any_house.database.write() as session:
        service.operate(session, any_house, certificate.id, Operation.REVOKE, reason="评定有误", actor="test")
    sd_jwt = service.content(any_house, certificate).sd_jwt
    with any_house.database.read() as session:
        answer = verify_credential(session, any_house, sd_jwt)
    assert answer.result == "not_valid"
    assert "撤销" in answer.reasons[0]
    issued, revoked = _facts(any_house)
    assert issued == {"person.disability_level": 1, "person.disability_category": "肢体"}
    assert revoked == {"person.disability_level": None, "person.disability_category": None}


def test_a_change_of_content_in_the_store_is_noticed(any_house: House, certificate: Licence) -> None:
    sd_jwt = service.content(any_house, certificate).sd_jwt
    with any_house.database.write() as session:
        session.execute(
            sa.update(Licence).values(identifier=certificate.identifier.replace(".001.", ".777."))
        )
    with any_house.database.read() as session:
        licence = repository.by_id(session, certificate.id)
        assert licence is not None
        assert check_licence(session, any_house, licence).result == "not_valid"
        assert verify_credential(session, any_house, sd_jwt).result == "undetermined"


def test_the_same_event_issues_once_and_the_same_content_again_changes_nothing(
    any_house: House, certificate: Licence, holder: int
) -> None:
    for event in ("disabled_federation:e-1", "disabled_federation:e-2"):
        with any_house.database.write() as session:
            again = service.issue(
                session,
                any_house,
                type_id="disability-certificate",
                holder_id=holder,
                fields=FIELDS,
                actor="test",
                source_event=event,
            )
            assert again.id == certificate.id


def test_a_new_level_is_the_next_version_and_the_old_one_is_superseded(
    any_house: House, certificate: Licence, holder: int
) -> None:
    with any_house.database.write() as session:
        renewed = service.issue(
            session,
            any_house,
            type_id="disability-certificate",
            holder_id=holder,
            fields={**FIELDS, "level": 2},
            actor="test",
        )
    assert ".002." in renewed.identifier
    with any_house.database.read() as session:
        assert [each.id for each in wallet.wallet(session, any_house, [holder])] == [renewed.id]
        old = verify_credential(session, any_house, service.content(any_house, certificate).sd_jwt)
    assert old.result == "not_valid"
    assert "新版本" in old.reasons[0]


def test_fields_that_do_not_fit_are_refused_each_by_name(any_house: House, holder: int) -> None:
    with any_house.database.write() as session, pytest.raises(InvalidInput) as refusal:
        service.issue(
            session,
            any_house,
            type_id="disability-certificate",
            holder_id=holder,
            fields={"level": 9, "colour": "蓝"},
            actor="test",
        )
    assert {error.where for error in refusal.value.errors} == {"level", "category", "colour"}


def test_a_seat_without_the_duty_may_not_revoke(any_house: House, certificate: Licence) -> None:
    seat = SeatView(
        id=1, title="窗口", division="420202", department="民政局", duties=frozenset({"claim.accept"})
    )
    clerk = Principal(
        subject_id=9,
        name="某人",
        capacity="seat",
        acting_for=9,
        acting_for_name="某人",
        seat=seat,
        scopes=frozenset(),
        acr="1",
        client_id="zhengtong",
        grant_id=certificate.id,
    )
    with any_house.database.write() as session, pytest.raises(Forbidden):
        service.operate(session, any_house, certificate.id, Operation.REVOKE, reason="x", actor=clerk)


def test_a_strangers_licence_is_not_found(any_house: House, certificate: Licence, holder: int) -> None:
    with any_house.database.read() as session:
        with pytest.raises(NotFound):
            wallet.licence_of(session, any_house, [holder + 1], certificate.id)
        with pytest.raises(NotFound):
            wallet.uses_of(session, [holder + 1], certificate.id)
        with pytest.raises(NotFound):
            showing.show(session, any_house, [holder + 1], certificate.id, holder + 1)


def test_an_expired_licence_says_since_when(
    house: House, clock: FixedClock, request: pytest.FixtureRequest
) -> None:
    from identity.registry import service as registry

    with house.database.write() as session:
        person = registry.ensure(
            session,
            kind="person",
            name="某人",
            identifier_kind="id_number",
            identifier="11010519491231002X",
            vault=house.vault,
            now=clock.now(),
        )
        licence = service.issue(
            session, house, type_id="disability-certificate", holder_id=person, fields=FIELDS, actor="test"
        )
    clock.move(timedelta(days=366 * 10 + 5))
    with house.database.read() as session:
        answer = check_licence(session, house, licence)
    assert answer.result == "not_valid"
    assert "2036-11-23" in answer.reasons[0]


def test_final_states_stay_final() -> None:
    for final in (LicenceState.REVOKED, LicenceState.CANCELLED, LicenceState.LICENCE_REVOKED):
        assert possible(final) == []
        with pytest.raises(IllegalTransition):
            after(final, Operation.RETURN)
