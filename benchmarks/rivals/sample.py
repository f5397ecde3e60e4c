"""People as plain facts for engines that judge one subject at a time and know of no unknown: all that nobody told is none.

Names are ``own_<fact>`` and ``home_<fact>``; a status is a name of the same kind, by its policy's id.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from benchmarks.plain_policies import PlainCondition, PlainPolicy
from benchmarks.rivals.polars_by_hand import HandMade
from policy_engine.profiles.snapshot import Snapshot

Person = dict[str, Any]
#: By person (their place in the sample): what each benefit pays them, in fen.
Paid = list[dict[str, int]]


class Sample(NamedTuple):
    """``people`` with what they should be ``paid``, worked out by Polars by hand; ``with_statuses`` the same people
    with their statuses among the facts."""

    snapshot: Snapshot
    people: list[Person]
    with_statuses: list[Person]
    paid: Paid


def sample(snapshot: Snapshot, policies: Sequence[PlainPolicy], as_of: date, count: int) -> Sample:
    """The first ``count`` people whose facts are all told or may be none, with their homes."""
    known = _all_known(snapshot, count)
    hand = HandMade(known, policies, as_of, "in-memory")
    people = [_named(row) for row in hand.people.iter_rows(named=True)]
    found = hand.match(policies)
    place = {number: at for at, number in enumerate(hand.people["subject_id"].to_list())}
    paid: Paid = [{} for _ in people]
    for policy in policies:
        assert found[policy.id].unknown == 0, policy.id
        if not policy.is_status:
            for number, fen in found[policy.id].eligible.iter_rows():
                paid[place[number]][policy.id] = fen
    return Sample(known, people, [_named(row) for row in hand.people.iter_rows(named=True)], paid)


def name_of(condition: PlainCondition) -> str:
    return f"{'home' if condition.whose == 'household' else 'own'}_{condition.column.replace('-', '_')}"


def name_of_status(policy: PlainPolicy) -> str:
    return f"{'home' if policy.kind == 'household' else 'own'}_{policy.id.replace('-', '_')}"


def _named(row: Person) -> Person:
    return {_name(column): value for column, value in row.items() if column not in ("subject_id", "owner_id")}


def _name(column: str) -> str:
    whose, dot, fact = column.partition(".")
    return (f"{whose}_{fact}" if dot else f"own_{column}").replace("-", "_")


def _all_known(snapshot: Snapshot, count: int) -> Snapshot:
    frames = {
        kind: frame.select(name for name in frame.columns if not name.endswith("__unknown"))
        for kind, frame in snapshot.frames.items()
    }
    must_be_told = ["birth_date", "sex", "hukou_type", "residence_division", "hukou_division"]
    told = frames["person"].drop_nulls([one for one in must_be_told if one in frames["person"].columns])
    people = told.head(count)
    homes = frames["household"].join(
        people.select(subject_id="owner_id").unique(), on="subject_id", how="semi", maintain_order="left"
    )
    return msgspec.structs.replace(
        snapshot, frames={**frames, "person": people, "household": homes.drop_nulls("hukou_type")}
    )


__all__ = ["Paid", "Person", "Sample", "name_of", "name_of_status", "sample"]
