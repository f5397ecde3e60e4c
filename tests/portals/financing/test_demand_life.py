"""The life of a demand and its applications: who is asked, who is asked instead, and what the table forbids."""

import uuid

import pytest
from sqlalchemy.orm import Session

from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from portals.financing.demands import repository, service
from portals.financing.demands.models import Application
from portals.financing.demands.schemas import CLOCK
from portals.financing.demands.states import ApplicationState as A
from portals.financing.demands.states import DemandState as D
from tests.portals.financing.conftest import BANKS, FIRM, NOW, bank, candidates, firm, wish


def posted(session: Session, *codes: str, **changes: object) -> list[Application]:
    demand = service.draft(session, wish(**changes), by=firm(), division="420203", now=NOW)
    service.authorised(session, demand, by=firm(), now=NOW)
    return service.post(session, demand.id, candidates(*(codes or BANKS)), by=firm(), now=NOW)


def demand_state(session: Session, application: Application) -> str:
    demand = repository.demand_of(session, application.demand_id, FIRM)
    assert demand is not None
    return demand.state


def advance(session: Session, application: Application, *commands: str) -> None:
    for command in commands:
        by = firm() if command.endswith("_offer") else bank(application.bank_code)
        service.move(session, application.id, command, by=by, now=NOW)


def test_open_routing_asks_every_bank_at_once(session: Session) -> None:
    asked = posted(session)
    assert [one.bank_code for one in asked] == list(BANKS)
    assert {one.state for one in asked} == {A.ROUTED}


def test_in_rotation_a_decline_asks_the_next_bank(session: Session) -> None:
    (first,) = posted(session, routing="rotation")
    service.move(session, first.id, "decline", by=bank(first.bank_code), now=NOW, reason_code="industry")
    applications = repository.applications_of(session, first.demand_id)
    assert [(one.bank_code, one.state) for one in applications] == [
        (BANKS[0], A.DECLINED),
        (BANKS[1], A.ROUTED),
    ]
    assert demand_state(session, first) == D.ROUTED


def test_when_everybody_declined_the_demand_is_unmet(session: Session) -> None:
    for one in posted(session):
        service.move(session, one.id, "decline", by=bank(one.bank_code), now=NOW, reason_code="quota")
    assert demand_state(session, one) == D.UNMET


def test_an_accepted_offer_ends_the_other_applications(session: Session) -> None:
    chosen, other, _third = posted(session)
    advance(session, chosen, "accept", "contact", "approve", "offer", "accept_offer")
    session.refresh(other)
    assert other.state == A.NOT_CHOSEN
    assert demand_state(session, chosen) == D.AGREED
    advance(session, chosen, "contract", "disburse")
    assert demand_state(session, chosen) == D.MET


def test_a_bank_cannot_move_another_banks_application(session: Session) -> None:
    first, second, _third = posted(session)
    with pytest.raises(NotFound):
        service.move(session, first.id, "accept", by=bank(second.bank_code), now=NOW)
    with pytest.raises(NotFound):
        service.move(session, uuid.uuid4(), "accept", by=bank(second.bank_code), now=NOW)


def test_nobody_takes_the_other_sides_step(session: Session) -> None:
    (first,) = posted(session, BANKS[0])
    with pytest.raises(Forbidden):
        service.move(session, first.id, "accept", by=firm(), now=NOW)
    with pytest.raises(Forbidden):
        service.move(session, first.id, "lapse", by=bank(first.bank_code), now=NOW)
    with pytest.raises(IllegalTransition):
        service.move(session, first.id, "lapse", by=CLOCK, now=NOW)


def test_a_decline_needs_a_reason_from_the_list(session: Session) -> None:
    (first,) = posted(session, BANKS[0])
    for code, note in (("", ""), ("because", ""), ("other", " ")):
        with pytest.raises(InvalidInput):
            service.move(
                session, first.id, "decline", by=bank(first.bank_code), now=NOW, reason_code=code, note=note
            )
    assert first.state == A.ROUTED


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"amount_fen": -1}, "amount"),
        ({"amount_fen": 10**15}, "amount"),
        ({"amount_fen": 10_000_050}, "amount"),
        ({"term_months": 0}, "term_months"),
        ({"collateral": ()}, "collateral"),
        ({"routing": "named"}, "wanted_bank"),
        ({"wanted_bank": "no-bank"}, "wanted_bank"),
    ],
)
def test_an_absurd_wish_is_refused_by_field(session: Session, changes: dict[str, object], where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        service.draft(session, wish(**changes), by=firm(), division="420203", now=NOW)
    assert [one.where for one in refused.value.errors] == [where]


def test_a_withdrawn_demand_ends_every_application(session: Session) -> None:
    first, *_others = posted(session)
    service.withdraw(session, first.demand_id, by=firm(), now=NOW)
    assert {one.state for one in repository.applications_of(session, first.demand_id)} == {A.WITHDRAWN}
    with pytest.raises(Conflict):
        service.post(session, first.demand_id, candidates(*BANKS), by=firm(), now=NOW)
