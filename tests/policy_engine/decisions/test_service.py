"""A record is kept once, names the one before it, holds no value in the open, and outlives the erasure of its values."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from kernel.house import House
from licenses.keys import public_credential_keys
from policy_engine.decisions.models import DecisionRecord
from policy_engine.decisions.record import Deed, canonical
from policy_engine.decisions.service import DecisionRecords, Matter
from policy_engine.decisions.signing import public_part
from policy_engine.decisions.verification import Finding, verify
from policy_engine.policies import service as policies
from policy_engine.policies.published import NOTHING, PublishedPolicies
from policy_engine.profiles.schemas import FactChange, SubjectAdded
from policy_engine.profiles.service import apply_changes
from tests.conftest import NOON
from tests.policy_engine.policies.conftest import approve, official
from tests.policy_engine.policies.documents import BENEFIT, CASES

HOME, GRANNY = 1, 2
OFFER, CLAIM = uuid.UUID(int=1), uuid.UUID(int=2)
BORN = "1940-05-17"


def told(attribute: str, value: str, event: str) -> FactChange:
    return FactChange(
        subject_id=GRANNY,
        attribute=attribute,
        value=value,
        source="public_security",
        event_id=event,
        observed_at=NOON,
    )


@pytest.fixture
def session(any_house: House) -> Iterator[Session]:
    """A published allowance from sixty on, and a grandmother."""
    author, publisher = official(1, "policy.author"), official(2, "policy.publish")
    with any_house.database.write() as session:
        version = policies.save_draft(
            session, text=BENEFIT, cases_text=CASES, actor=author, published=NOTHING, now=NOON
        )
        approve(session, version.id, author, publisher)
        policies.publish(session, version.id, actor=publisher, now=NOON)
        people = [
            SubjectAdded(
                subject_id=number,
                kind=kind,  # type: ignore[arg-type]
                owner_id=HOME,
                division="420202070",
                source="public_security",
                event_id=f"added-{number}",
                observed_at=NOON,
            )
            for number, kind in ((HOME, "household"), (GRANNY, "person"))
        ]
        apply_changes(session, [*people, told("person.birth_date", BORN, "e-1")], now=NOON)
        yield session


@pytest.fixture
def records(any_house: House) -> DecisionRecords:
    return DecisionRecords(any_house, PublishedPolicies())


def matter(*, claim_id: uuid.UUID | None = None, sequence: int = 1) -> Matter:
    return Matter(
        policy_id="trial-allowance",
        policy_version=1,
        subject_id=GRANNY,
        unit_id=GRANNY,
        facts_sequence=sequence,
        as_of=NOON.date(),
        offer_id=OFFER,
        claim_id=claim_id,
    )


OFFERED = Deed(outcome="offered", amount_fen=10_000, offer=str(OFFER))
GRANTED = Deed(outcome="granted", amount_fen=10_000, claim=str(CLAIM), official="王五", seat="审定岗")


def checked(
    session: Session, records: DecisionRecords, row: DecisionRecord, *, is_open: bool
) -> list[Finding]:
    keys = {kid: public_part(key) for kid, key in public_credential_keys(session).items()}
    file = records.file(session, row, lambda _place, _subject, _attribute: is_open)
    return verify(canonical(file), keys)


def test_what_is_issued_passes_the_check(session: Session, records: DecisionRecords) -> None:
    row = records.issue(session, matter(), OFFERED, "", now=NOON)
    assert checked(session, records, row, is_open=True) == []


def test_an_offer_seen_again_is_on_record_once(session: Session, records: DecisionRecords) -> None:
    first = records.issue(session, matter(), OFFERED, "", now=NOON)
    assert records.issue(session, matter(), OFFERED, "", now=NOON) is first


def test_the_decision_names_the_record_of_its_offer(session: Session, records: DecisionRecords) -> None:
    first = records.issue(session, matter(), OFFERED, "", now=NOON)
    second = records.issue(session, matter(claim_id=CLAIM), GRANTED, "符合", now=NOON)
    assert f'"previous":"{first.digest}"' in second.content


def test_it_stands_on_the_facts_of_its_sequence_whatever_is_told_later(
    session: Session, records: DecisionRecords
) -> None:
    apply_changes(session, [told("person.birth_date", "1990-01-01", "e-2")], now=NOON)
    row = records.issue(session, matter(), OFFERED, "", now=NOON)
    assert '"verdict":"eligible"' in row.content
    assert checked(session, records, row, is_open=True) == []


def test_no_value_lies_in_the_open_and_withheld_ones_leave_no_trace(
    session: Session, records: DecisionRecords
) -> None:
    row = records.issue(session, matter(claim_id=CLAIM), GRANTED, "出生日期属实", now=NOON)
    assert BORN not in row.content
    assert "出生日期属实" not in row.content
    file = records.file(session, row, lambda _place, _subject, _attribute: False)
    assert BORN not in canonical(file.disclosures).decode()
    findings = checked(session, records, row, is_open=False)
    assert findings
    assert all(one.is_note for one in findings)


def test_after_erasure_the_signature_still_holds(session: Session, records: DecisionRecords) -> None:
    row = records.issue(session, matter(), OFFERED, "", now=NOON)
    row.disclosures_sealed = None
    findings = checked(session, records, row, is_open=True)
    assert all(one.is_note for one in findings)
    assert "signature" not in {one.where for one in findings}
