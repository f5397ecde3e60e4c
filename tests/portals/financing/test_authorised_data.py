"""What a bank may read of a firm: nothing without consent, only the items, every reading on record, nothing once withdrawn."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from identity.grants.models import OAuthGrant
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.web.principal import Principal
from portals.financing.demands import authorisation, disclosure, repository, service
from portals.financing.demands.models import Application, Authorisation
from tests.portals.financing.conftest import BANKS, NOW, Firm, bank, candidates, firm, wish

ITEMS = ("identity", "contact", "registration", "tax")


def consent(asked: Firm, row: Authorisation, detail: dict[str, Any], **changes: Any) -> Principal:
    """The token that came of the question, as identity would resolve it."""
    given: dict[str, Any] = {
        "subject_id": asked.agent,
        "name": "赵敏",
        "capacity": "enterprise",
        "acting_for": row.firm_id,
        "acting_for_name": "某公司",
        "seat": None,
        "scopes": frozenset({"openid", "financing"}),
        "acr": "L2",
        "client_id": "financing-data",
        "grant_id": uuid.uuid4(),
        "details": (detail,),
    }
    return Principal(**{**given, **changes})


def authorised(session: Session, there: Firm, *, is_once: bool = False, days: int = 30) -> Application:
    by = firm(there.number)
    demand = service.draft(session, wish(), by=by, division="420203", now=NOW)
    row = authorisation.ask(
        session, demand, items=ITEMS, bank_codes=BANKS[:2], days=days, is_once=is_once, now=NOW
    )
    authorisation.give(session, consent(there, row, authorisation.detail_of(row, demand)), now=NOW)
    return service.post(session, demand.id, candidates(BANKS[0]), by=by, now=NOW)[0]


def test_a_reading_shows_the_items_and_nothing_else(there: Firm) -> None:
    house = there.house
    with house.database.write() as session:
        application = authorised(session, there)
        there.learn(session, revenue_last_year=123_456_00, insured_employees=7)
        application_id = application.id
    found = disclosure.open_file(house, application_id, by=bank(BANKS[0]))
    texts = {line.attribute: line.text for one in found.sections for group in one.groups for line in group}
    assert texts["firm.revenue_last_year"] == "123,456.00元"
    assert "firm.insured_employees" not in texts
    assert found.name == there.name
    assert found.contact_phone == there.phone
    with house.database.read() as session:
        (access,) = repository.accesses_of_firm(session, there.number)
        assert (access.id, access.bank_code, access.items) == (found.access_id, BANKS[0], list(ITEMS))


def test_after_a_withdrawal_the_bank_reads_nothing(there: Firm) -> None:
    house = there.house
    with house.database.write() as session:
        application = authorised(session, there)
        application_id = application.id
        row = repository.authorisations_of(session, application.demand_id)[0]
        person = consent(there, row, {})
        authorisation.withdraw(session, row.id, principal=person, now=NOW)
    with pytest.raises(Forbidden, match="收回"):
        disclosure.open_file(house, application_id, by=bank(BANKS[0]))
    with house.database.read() as session:
        assert repository.accesses_of_firm(session, there.number) == []
        shown = disclosure.prequalified(session, application_id, BANKS[0], now=NOW)
        assert not shown.may_read


def test_no_other_bank_reads_it_by_any_id(there: Firm) -> None:
    with there.house.database.write() as session:
        application = authorised(session, there)
        ids = (application.id, application.demand_id, uuid.uuid4())
    for one in ids:
        with pytest.raises(NotFound):
            disclosure.open_file(there.house, one, by=bank(BANKS[1]))
        with there.house.database.read() as session, pytest.raises(NotFound):
            disclosure.prequalified(session, one, BANKS[1], now=NOW)


@pytest.mark.parametrize("why", ["expired", "used", "declined"])
def test_it_ends_by_time_by_use_and_with_the_application(there: Firm, why: str) -> None:
    with there.house.database.write() as session:
        application = authorised(session, there, is_once=why == "used")
        if why == "declined":
            service.move(session, application.id, "decline", by=bank(BANKS[0]), now=NOW, reason_code="quota")
        if why == "used":
            authorisation.note_access(session, application, by=bank(BANKS[0]), now=NOW)
        then = NOW + timedelta(days=31 if why == "expired" else 0)
        with pytest.raises(Forbidden):
            authorisation.note_access(session, application, by=bank(BANKS[0]), now=then)


def test_a_consent_for_something_else_authorises_nothing(there: Firm) -> None:
    with there.house.database.write() as session:
        by = firm(there.number)
        demand = service.draft(session, wish(), by=by, division="420203", now=NOW)
        row = authorisation.ask(
            session, demand, items=ITEMS, bank_codes=BANKS[:1], days=30, is_once=False, now=NOW
        )
        detail = authorisation.detail_of(row, demand)
        for answer in (
            consent(there, row, {**detail, "items": [*ITEMS, "loans"]}),
            consent(there, row, {**detail, "authorisation": str(uuid.uuid4())}),
            consent(there, row, {**detail, "authorisation": "x"}),
            consent(there, row, detail, acting_for=there.number + 1),
            consent(there, row, detail, details=()),
            consent(there, row, detail, scopes=frozenset({"openid"})),
        ):
            with pytest.raises(Forbidden):
                authorisation.give(session, answer, now=NOW)
        with pytest.raises(Conflict):
            authorisation.give(session, consent(there, row, detail), now=NOW + timedelta(hours=2))
        assert row.state == "awaiting"


def test_a_question_names_known_items_and_the_needed_ones(there: Firm) -> None:
    with there.house.database.write() as session:
        demand = service.draft(session, wish(), by=firm(there.number), division="420203", now=NOW)
        with pytest.raises(InvalidInput) as refused:
            authorisation.ask(
                session, demand, items=["everything"], bank_codes=[], days=9999, is_once=False, now=NOW
            )
        assert [one.where for one in refused.value.errors] == ["items", "items", "days", "banks"]


def test_a_grant_taken_back_at_the_identity_service_counts_too(there: Firm) -> None:
    with there.house.database.write() as session:
        application = authorised(session, there)
        row = repository.authorisations_of(session, application.demand_id)[0]
        row.grant_id = there.grant
        for reason, may_read in (("logged_out", True), ("consent_withdrawn", False)):
            grant = session.get(OAuthGrant, there.grant)
            assert grant is not None
            grant.ended_at, grant.end_reason = NOW, reason
            session.flush()
            found, _why = authorisation.standing(session, application, now=NOW)
            assert (found is not None) is may_read
