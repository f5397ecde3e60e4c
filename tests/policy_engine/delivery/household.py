"""A household whose means are checked: an elder with her daughter and a child of hers; the steps of a check."""

from collections.abc import Sequence

from kernel.outbox import Message, Worker
from kernel.web.principal import Principal
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.means import clocks, jobs, repository, service
from policy_engine.delivery.means.models import MeansCheck
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.schemas import Change, SubjectAdded
from policy_engine.profiles.service import apply_changes
from tests.policy_engine.delivery.city import (
    BABY,
    DAUGHTER,
    GRANDMOTHER,
    STREET,
    MeansCentre,
    Office,
    clerk,
    person,
)

HOME = 5101


def claim_at_home(office: Office) -> Claim:
    """A claim of somebody who lives with her daughter and a child of hers."""
    office.town.households = {"home": frozenset({HOME, GRANDMOTHER, DAUGHTER, BABY})}
    office.town.homes = {GRANDMOTHER: HOME}
    told: Sequence[Change] = [
        SubjectAdded(
            subject_id=HOME,
            kind="household",
            owner_id=HOME,
            division=STREET,
            source="public_security",
            event_id="register/home",
            observed_at=office.now,
        )
    ]
    with office.database.write() as session:
        apply_changes(session, told, now=office.now)
    return office.claimed()


def opened(office: Office, claim: Claim, principal: Principal | None = None) -> MeansCheck:
    with office.database.write() as session:
        return service.open_check(
            session, office.ports, claim_id=claim.id, principal=principal or clerk(), now=office.now
        )


def say(office: Office, check: MeansCheck, who: int, *, agrees: bool = True) -> None:
    with office.database.write() as session:
        service.say(
            session, office.ports, check_id=check.id, principal=person(who), agrees=agrees, now=office.now
        )


def known(office: Office, check: MeansCheck) -> MeansCheck:
    with office.database.read() as session:
        found = repository.get_check(session, check.id)
    assert found is not None
    return found


def facts(office: Office) -> dict[str, object]:
    with office.database.read() as session:
        return {key: one.value for key, one in profiles.load_subjects(session, {HOME})[HOME].facts.items()}


def worker(office: Office, centre: MeansCentre) -> Worker:
    handlers = jobs.handlers(office.database, office.clock, office.ports, centre)
    return Worker(
        office.database,
        office.clock,
        {"facts.changed": no_matching, "facts.scheduled": no_matching, **handlers},
    )


def no_matching(_message: Message) -> None:
    """The engine is not asked in this town."""


def keep_time(office: Office) -> int:
    with office.database.write() as session:
        return clocks.keep_time(session, office.ports, now=office.now)


def agreed(office: Office, claim: Claim) -> MeansCheck:
    check = opened(office, claim)
    say(office, check, GRANDMOTHER)
    say(office, check, DAUGHTER)
    return check
