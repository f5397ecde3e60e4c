"""The reference over a whole city, family by family: slow, and by definition right. For comparing, not for every day."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime

import msgspec
import polars as pl

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.matching.bulk import BulkResult
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.policies.dependencies import with_statuses_below
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.layout import UNKNOWN_SUFFIX
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from policy_engine.profiles.snapshot import Snapshot, employments

_Row = tuple[str, int, int, int | None]
_SCHEMA = {"policy_id": pl.String, "subject_id": pl.Int64, "unit_id": pl.Int64, "amount_fen": pl.Int64}
#: Columns keep values, not when they were seen.
_AT_NO_TIME = datetime.min.replace(tzinfo=UTC)


def families(snapshot: Snapshot) -> Iterator[Family]:
    """Every household and firm of a snapshot, as the store would give it."""
    owners: list[KnownSubject] = []
    members: dict[int, list[KnownSubject]] = defaultdict(list)
    households: dict[int, int] = {}
    for kind, frame in snapshot.frames.items():
        for one in _subjects(kind, frame):
            if one.subject_id == one.owner_id:
                owners.append(one)
            else:
                members[one.owner_id].append(one)
            if kind == "person":
                households[one.subject_id] = one.owner_id
    for job in _subjects("employment", employments(snapshot.frames["hire"])):
        if job.owner_id in households:
            about = msgspec.structs.replace(job, about_id=job.owner_id)
            members[households[job.owner_id]].append(about)
    for owner in owners:
        yield Family(owner, tuple(members[owner.subject_id]), snapshot.sequence)


def match_by_reference(
    snapshot: Snapshot, published: PublishedSet, as_of: date, *, policies: Collection[str] | None = None
) -> BulkResult:
    """What ``match_city`` says, by the evaluator itself; of the policies named, with the statuses under them."""
    in_force = {one.document.id: one.document for one in published.effective_on(as_of)}
    asked = [one for one in in_force.values() if policies is None or one.id in policies]
    needed = frozenset(with_statuses_below(asked, in_force, published.statuses))
    eligible: list[_Row] = []
    unknown: list[_Row] = []
    defects: dict[str, int] = defaultdict(int)
    for family in families(snapshot):
        case = FamilyCase(family, published, as_of)
        for policy, subject in case.policies_on(needed):
            judgement = case.judge(policy, subject)
            policy_id = policy.document.id
            if policies is not None and policy_id not in policies:
                continue
            row = (policy_id, subject.subject_id, subject.unit_id, judgement.amount_fen)
            if judgement.defect:
                defects[policy_id] += 1
            elif judgement.verdict == "eligible":
                eligible.append(row)
            elif judgement.verdict == "unknown":
                unknown.append(row)
    order = ["policy_id", "unit_id"]
    return BulkResult.of(
        pl.DataFrame(eligible, schema=_SCHEMA, orient="row").sort(order),
        pl.DataFrame(unknown, schema=_SCHEMA, orient="row").sort(order).drop("amount_fen"),
        dict(defects),
    )


def _subjects(kind: EntityKind, frame: pl.DataFrame) -> Iterator[KnownSubject]:
    known = catalogue().entities[kind].base_attributes
    attributes = [one for one in known if one.key in frame.columns]
    for row in frame.iter_rows(named=True):
        facts = {}
        for attribute in attributes:
            if not row.get(attribute.key + UNKNOWN_SUFFIX):
                value = row[attribute.key]
                raw = value.isoformat() if isinstance(value, date) else value
                facts[attribute.key] = KnownFact(raw, attribute.department, _AT_NO_TIME)
        yield KnownSubject(row["subject_id"], kind, row["owner_id"], None, "", 0, facts)
