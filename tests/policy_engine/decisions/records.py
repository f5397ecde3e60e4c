"""Records built in memory for the tests, signed with a key of their own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from joserfc.jwk import ECKey

from policy_engine.decisions.building import Built, Origin, build
from policy_engine.decisions.record import DecisionFile, Deed, canonical
from policy_engine.decisions.signing import public_part, signed
from policy_engine.decisions.verification import Finding, verify
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.policies.hashing import content_of
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.schemas import Family
from tests.policy_engine.matching.town import AS_OF

KEY = ECKey.generate_key("P-256", {"kid": "issuer-1"})
KEYS = {"issuer-1": public_part(KEY)}
ORIGIN = Origin(
    id="0190-1",
    issuer="https://city.invalid",
    issued_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
    previous=None,
    new_salt=lambda: "00112233445566778899aabbccddeeff",
)


def built_for(family: Family, published: PublishedSet) -> Iterator[Built]:
    """A record for every policy and everybody of a family; decided as the engine says."""
    for policy, subject in list(FamilyCase(family, published, AS_OF).policies_on()):
        case = FamilyCase(family, published, AS_OF)
        answer = build(case, policy, subject, deed_of("refused", None), "", ORIGIN).record
        outcome = "granted" if answer.verdict == "eligible" else "refused"
        deed = deed_of(outcome, answer.amount_fen)
        yield build(FamilyCase(family, published, AS_OF), policy, subject, deed, "符合条件", ORIGIN)


def deed_of(outcome: Any, amount_fen: int | None) -> Deed:
    return Deed(outcome=outcome, amount_fen=amount_fen, official="王五", seat="审定岗", department="民政局")


def file_of(built: Built, key: ECKey = KEY) -> DecisionFile:
    return DecisionFile(
        record=built.record,
        disclosures=built.disclosures,
        documents=tuple(content_of(one) for one in built.documents),
        signature=signed(built.record, key),
        key=public_part(key),
    )


def resigned(file: DecisionFile, **changes: Any) -> DecisionFile:
    """A record that lies, properly signed: what only evaluating again can find."""
    record = msgspec.structs.replace(file.record, **changes)
    return msgspec.structs.replace(file, record=record, signature=signed(record, KEY))


def wrong(file: DecisionFile | dict[str, Any]) -> list[Finding]:
    return [one for one in verify(canonical(file), KEYS) if not one.is_note]
