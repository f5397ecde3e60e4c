"""The independent check of a decision record, offline: is it signed, whole, and does the rule say what it says?

Nothing is asked of any database. The signature is checked first, then every disclosed value against its digest, every
rule against its own digest, and then the rule is applied again by the reference evaluator to the facts disclosed.
What is not disclosed counts as unknown: it can leave a question open, but never turn an answer round.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from policy_engine.catalogue import DatedValue, Source, catalogue
from policy_engine.catalogue.contexts import context_of
from policy_engine.catalogue.scopes import standard_on
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.decisions.record import (
    ALGORITHM,
    FORMAT,
    DecisionFile,
    Fact,
    Record,
    StandardUsed,
    canonical,
    commitment,
)
from policy_engine.decisions.steps import amount_steps
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.judgement import judge_context

_TRUTH: Mapping[str, bool | None] = {"eligible": True, "ineligible": False, "unknown": None}


class Finding(msgspec.Struct, frozen=True):
    """``where`` in the record, what it says and what was found. A note is worth knowing and no contradiction."""

    where: str
    says: str
    found: str
    is_note: bool = False


def verify(content: bytes, keys: Mapping[str, dict[str, Any]] | None = None) -> list[Finding]:
    """Everything that is wrong with a record, and what is worth noting; ``keys`` are trusted ones by ``kid``."""
    try:
        file = msgspec.json.decode(content, type=DecisionFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return [Finding("file", "a decision record", str(error))]
    if file.record.format != FORMAT:
        return [Finding("format", file.record.format, f"this verifier knows {FORMAT}")]
    findings = [*_signature(file, keys), *_disclosures(file)]
    try:
        return findings + list(_rules(file))
    except (msgspec.ValidationError, ValueError, KeyError, IndexError, TypeError) as error:
        return [*findings, Finding("record", "can be evaluated", f"{type(error).__name__}: {error}")]


def _signature(file: DecisionFile, keys: Mapping[str, dict[str, Any]] | None) -> Iterator[Finding]:
    try:
        header, payload, signature = file.signature.split(".")
        if payload:
            raise ValueError("the content is not detached")
        token = f"{header}.{_base64(canonical(file.record))}.{signature}"
        kid = str(jws.extract_compact(token.encode()).headers().get("kid", ""))
        key = file.key if keys is None else keys.get(kid)
        if key is None:
            yield Finding("signature", f"key {kid}", "not among the trusted keys")
            return
        jws.deserialize_compact(token, ECKey.import_key(key), algorithms=[ALGORITHM])
    except (JoseError, ValueError, KeyError, TypeError) as error:
        yield Finding("signature", "made over this record", f"does not hold ({error})")
        return
    if keys is None:
        thumbprint = ECKey.import_key(file.key).thumbprint()
        yield Finding("signature", "by the key in the file", f"compare with the issuer's: {thumbprint}", True)


def _disclosures(file: DecisionFile) -> Iterator[Finding]:
    promised = {one.name: one.sha256 for one in file.record.sealed}
    if len(promised) != len(file.record.sealed):
        yield Finding("sealed", "each name once", "a name stands twice")
    seen: set[str] = set()
    for one in file.disclosures:
        if one.name in seen or promised.get(one.name) != commitment(one):
            yield Finding(one.name, "the value that was signed", "another value, or twice")
        seen.add(one.name)
    for name in promised.keys() - seen:
        yield Finding(name, "sealed", "not disclosed to this reader, taken as unknown", True)


def _rules(file: DecisionFile) -> Iterator[Finding]:
    record = file.record
    documents = {_sm3(one): msgspec.convert(one, PolicyDocument) for one in file.documents}
    document = documents.get(record.policy.sm3)
    if document is None:
        yield Finding("policy.sm3", record.policy.sm3, "no document in the file has this digest")
        return
    named = (record.policy.id, record.policy.version, record.policy.title)
    if named != (document.id, document.version, document.title):
        yield Finding("policy", str(named), f"the document is {document.id} version {document.version}")
    yield from _standards(record)
    city = _Case(file)
    for one in record.statuses:
        under = documents.get(one.sm3)
        if under is None or under.status is None or (under.id, under.version) != (one.policy, one.version):
            yield Finding(f"status {one.name}", one.sm3, "no such document in the file")
            continue
        found = judge_context(under, city.context(one.bearer)).verdict
        yield from _compare(
            f"status {one.name}", one.verdict, found, is_open=city.is_partial and found == "unknown"
        )
        city.hold(one.bearer, one.name, _TRUTH[one.verdict])
    context = city.context(record.unit)
    judgement = judge_context(document, context)
    clauses = {one.id: one.truth for one in judgement.clauses}
    yield from _compare("clauses", [one.id for one in record.clauses], list(clauses))
    for clause in record.clauses:
        found = clauses.get(clause.id, "needed")
        yield from _compare(
            f"clause {clause.id}", clause.truth, found, is_open=city.is_partial and found == "needed"
        )
    is_open = city.is_partial and judgement.verdict == "unknown" and not judgement.defect
    yield from _compare("verdict", record.verdict, judgement.verdict, is_open=is_open)
    yield from _compare("amount_fen", record.amount_fen, judgement.amount_fen, is_open=is_open)
    yield from _compare("periods", record.periods, judgement.periods, is_open=is_open)
    if not city.is_partial:
        yield from _compare("missing", list(record.missing), list(judgement.missing))
    told = next((one.value for one in file.disclosures if one.name == "steps"), None)
    if told is not None and document.benefit is not None:
        steps = msgspec.to_builtins(amount_steps(document.benefit, context))
        yield from _compare("steps", told, list(steps), is_open=city.is_partial)
    yield from _deed(record)


def _deed(record: Record) -> Iterator[Finding]:
    """Whether what was done follows from what was found; a person may decide otherwise, with reasons."""
    deed = record.deed
    gives = deed.outcome in ("offered", "granted")
    if gives and record.verdict == "eligible" and deed.amount_fen != record.amount_fen:
        yield Finding("deed.amount_fen", str(deed.amount_fen), f"the rule gives {record.amount_fen}")
    if deed.outcome == "offered" and record.verdict != "eligible":
        yield Finding("deed.outcome", "offered", f"the rule says {record.verdict}")
    if deed.outcome != "offered" and deed.official is None:
        yield Finding("deed.official", "nobody", "a decision is somebody's")
    if (deed.outcome == "refused" and record.verdict == "eligible") or (
        deed.outcome == "granted" and record.verdict != "eligible"
    ):
        yield Finding(
            "deed.outcome", deed.outcome, f"decided by a person; the rule alone: {record.verdict}", True
        )


def _standards(record: Record) -> Iterator[Finding]:
    """What is recorded against what this verifier's own catalogue knows to be published."""
    for one in record.standards:
        parameter = catalogue().parameters.get(one.name)
        entries = () if parameter is None else parameter.values
        same = [
            e
            for e in entries
            if (e.division, e.keys, e.since.isoformat()) == (one.division, one.keys, one.since)
        ]
        if not same:
            yield Finding(f"standard {one.name}", f"since {one.since}", "unknown to this verifier", True)
        for entry in same:
            yield from _compare(f"standard {one.name}", one.value, entry.value)
            yield from _compare(f"standard {one.name}", one.standing, entry.source.standing)
            yield from _compare(f"standard {one.name}", one.source, entry.source.title)


def _compare(where: str, says: Any, found: Any, *, is_open: bool = False) -> Iterator[Finding]:
    if says != found:
        yield Finding(where, str(says), "hangs on what is not disclosed" if is_open else str(found), is_open)


class _Case:
    """The bearers of the record with the facts disclosed, as the evaluator reads them."""

    def __init__(self, file: DecisionFile) -> None:
        self._record = file.record
        self._facts: list[dict[str, Any]] = [{} for _ in file.record.bearers]
        self._statuses: list[dict[str, bool | None]] = [{} for _ in file.record.bearers]
        for one in file.disclosures:
            kind, _, rest = one.name.partition("/")
            if kind == "fact":
                bearer, _, attribute = rest.partition("/")
                fact = msgspec.convert(one.value, Fact)
                self._facts[int(bearer)][catalogue().attribute(attribute).key] = fact.value
        self.is_partial = len(file.disclosures) < len(file.record.sealed)

    def hold(self, bearer: int, name: str, truth: bool | None) -> None:
        self._statuses[bearer][name] = truth

    def context(self, bearer: int) -> dict[str, Any]:
        """What FEEL sees of one bearer, with the standards that the record names and no others."""
        as_of = date.fromisoformat(self._record.as_of)
        names = {one.name for one in self._record.statuses}
        context = context_of(self._subject(bearer), as_of, names)
        for name, parameter in catalogue().parameters.items():
            entries = tuple(_entry(one) for one in self._record.standards if one.name == name)
            context[name] = standard_on(msgspec.structs.replace(parameter, values=entries), as_of)
        return context

    def _subject(self, bearer: int) -> SubjectFacts:
        owner = self._owner()
        if bearer == 0:
            return owner
        kind: Any = self._record.bearers[bearer].kind
        relations = catalogue().entities[kind].relations.values()
        above = {one.name: owner for one in relations if one.to == owner.kind}
        jobs = tuple(
            SubjectFacts("employment", self._facts[place])
            for place, one in enumerate(self._record.bearers)
            if one.of == bearer
        )
        own = {one.name: jobs for one in relations if one.to == "employment"}
        return SubjectFacts(kind, self._facts[bearer], {**above, **own}, self._statuses[bearer])

    def _owner(self) -> SubjectFacts:
        kind: Any = self._record.bearers[0].kind
        members = {
            one.name: tuple(
                SubjectFacts(one.to, self._facts[place], {}, self._statuses[place])
                for place, bearer in enumerate(self._record.bearers)
                if place and bearer.kind == one.to
            )
            for one in catalogue().entities[kind].relations.values()
        }
        return SubjectFacts(kind, self._facts[0], members, self._statuses[0])


def _entry(one: StandardUsed) -> DatedValue:
    source = Source(one.source, "", "unverified", date.min)
    return DatedValue(one.division, one.keys, date.fromisoformat(one.since), one.value, source)


def _sm3(document: dict[str, Any]) -> str:
    sum_ = hashes.Hash(hashes.SM3())
    sum_.update(canonical(document))
    return sum_.finalize().hex()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
