"""Issues decision records in the transaction of what they record, and hands them out to whoever may read them."""

import secrets
import uuid
from collections.abc import Callable
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.bulk import insert_object
from kernel.errors import NotFound
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.transparency import record as commit_to
from licenses.keys import credential_key, public_credential_keys
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.decisions import repository
from policy_engine.decisions.building import Built, Origin, build
from policy_engine.decisions.logged import KIND, content_of_record
from policy_engine.decisions.models import DecisionRecord
from policy_engine.decisions.record import DecisionFile, Deed, Disclosure, Record, canonical, digest
from policy_engine.decisions.signing import public_part, signed
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.policies import repository as policies
from policy_engine.policies.hashing import content_of, document_of
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.published import PublishedPolicies
from policy_engine.profiles.past import family_at

_DISCLOSURES = list[Disclosure]


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What a record is about: the version and the facts that were decided on."""

    policy_id: str
    policy_version: int
    subject_id: int
    unit_id: int
    facts_sequence: int
    as_of: date
    offer_id: uuid.UUID | None
    claim_id: uuid.UUID | None


class DecisionRecords:
    """The issuer of this house."""

    def __init__(self, house: House, published: PublishedPolicies) -> None:
        self._house = house
        self._published = published

    def issue(
        self, session: Session, matter: Matter, deed: Deed, reasons: str, *, now: datetime
    ) -> DecisionRecord:
        """Sign and keep what was done; an offer shown again on the same facts and rule gives the record it has."""
        last = repository.last_about(session, offer_id=matter.offer_id, claim_id=matter.claim_id)
        if last is not None and deed.outcome == "offered" and _is_same(last, matter, deed):
            return session.get_one(DecisionRecord, last.id)
        record_id = new_id()
        origin = Origin(
            id=str(record_id),
            issuer=self._house.settings.issuer,
            issued_at=now,
            previous=None if last is None else last.digest,
            new_salt=lambda: secrets.token_hex(16),
        )
        built = self._built(session, matter, deed, reasons, origin)
        key = credential_key(session, self._house)
        sealed = canonical(built.disclosures).decode()
        row = DecisionRecord(
            id=record_id,
            outcome=deed.outcome,
            subject_id=matter.subject_id,
            offer_id=matter.offer_id,
            claim_id=matter.claim_id,
            policy_id=matter.policy_id,
            policy_version=matter.policy_version,
            statuses=[[one.id, one.version] for one in built.documents[1:]],
            facts_sequence=matter.facts_sequence,
            bearers=list(built.bearer_ids),
            content=canonical(built.record).decode(),
            digest=digest(built.record),
            signature=signed(built.record, key),
            key_id=str(key.kid),
            disclosures_sealed=self._house.vault.seal(sealed, context=_context(record_id)),
            created_at=now,
        )
        insert_object(session, row, refers=False)  # it names numbers, and refers to no row
        commit_to(session, KIND, row.id, content_of_record(row), now=now)
        return row

    def file(
        self, session: Session, row: DecisionRecord, may_read: Callable[[int, int, Attribute], bool]
    ) -> DecisionFile:
        """The record with what a reader may see; ``may_read`` is asked with place, subject and attribute of each fact."""
        disclosures: _DISCLOSURES = []
        if row.disclosures_sealed is not None:
            text = self._house.vault.open(row.disclosures_sealed, context=_context(row.id))
            disclosures = msgspec.json.decode(text, type=_DISCLOSURES)
        told = [one for one in disclosures if _is_told(one, row.bearers, may_read)]
        versions = [
            (row.policy_id, row.policy_version),
            *((str(one[0]), int(one[1])) for one in row.statuses),
        ]
        key = public_credential_keys(session)[row.key_id]
        return DecisionFile(
            record=msgspec.json.decode(row.content, type=Record),
            disclosures=tuple(told),
            documents=tuple(content_of(document_of(_version(session, *one))) for one in versions),
            signature=row.signature,
            key=public_part(key),
        )

    def _built(self, session: Session, matter: Matter, deed: Deed, reasons: str, origin: Origin) -> Built:
        policy = self._published.pinned(session, matter.policy_id, matter.policy_version)
        if policy is None:
            raise NotFound(_("没有找到这个政策版本。"))
        family = family_at(session, matter.subject_id, matter.facts_sequence)
        case = FamilyCase(family, self._published.current(session), matter.as_of)
        return build(case, policy, Subject(matter.subject_id, matter.unit_id), deed, reasons, origin)


def _version(session: Session, policy_id: str, version: int) -> PolicyVersion:
    row = policies.version_numbered(session, policy_id, version)
    if row is None:
        raise NotFound(_("没有找到这个政策版本。"))
    return row


def _is_same(last: repository.Last, matter: Matter, deed: Deed) -> bool:
    known = (last.outcome, last.policy_version, last.facts_sequence)
    return known == (deed.outcome, matter.policy_version, matter.facts_sequence)


def _is_told(one: Disclosure, bearers: list[int], may_read: Callable[[int, int, Attribute], bool]) -> bool:
    kind, _slash, rest = one.name.partition("/")
    if kind != "fact":
        return True
    place, _slash, attribute = rest.partition("/")
    return may_read(int(place), bearers[int(place)], catalogue().attribute(attribute))


def _context(record_id: uuid.UUID) -> str:
    return f"decision_record/disclosures_sealed/{record_id}"
