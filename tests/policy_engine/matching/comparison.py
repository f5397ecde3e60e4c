"""What the reference says of a city or a subject, and what compiled forms say, in one shape."""

import random
from datetime import date
from pathlib import Path

import polars as pl

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS, EntityKind
from policy_engine.compile.python_source import DEFECT, ELIGIBLE, INELIGIBLE, UNDECIDED, Answer
from policy_engine.matching.bulk import BulkResult
from policy_engine.matching.reference import match_by_reference
from policy_engine.policies.judgement import Judgement
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.city import generate
from policy_engine.profiles.layout import FIRST_ID, FRAME_NAMES
from policy_engine.profiles.snapshot import Snapshot, from_directory
from tests.policy_engine.matching.strangers import value_of
from tests.policy_engine.matching.town import AS_OF

Row = tuple[str, int, int]
VERDICTS = {"ineligible": INELIGIBLE, "unknown": UNDECIDED, "eligible": ELIGIBLE}


#: A small city has hardly any projects.
FEW = 20


def _some_items(
    kind: EntityKind, frames: dict[EntityKind, pl.DataFrame], dice: random.Random
) -> pl.DataFrame:
    """Items without facts yet, some owners having more than one."""
    owners = frames[ITEM_OWNERS[kind]]["subject_id"].to_list()
    numbers = [FIRST_ID[kind] + place for place in range(2 * FEW)]
    drawn = [dice.choice(owners[:FEW]) for _ in numbers]
    return pl.DataFrame({"subject_id": numbers, "owner_id": drawn}).join(
        frames[kind].drop("owner_id"), on="subject_id", how="left"
    )


def _with_few_workers(kind: EntityKind, frame: pl.DataFrame) -> pl.DataFrame:
    """Some people with several jobs, and hires of nobody known."""
    if kind != "hire":
        return frame
    few = [FIRST_ID["person"] + place % 40 for place in range(frame.height)]
    people = pl.Series(
        "person_id", [None if place % 7 == 3 else one for place, one in enumerate(few)], pl.Int64
    )
    return frame.with_columns(people)


def _thresholds(attribute: Attribute, dice: random.Random) -> list[object]:
    values = {value_of(attribute, dice) for _ in range(40)} - {None}
    is_date = attribute.type == "date"
    return sorted((date.fromisoformat(str(one)) if is_date else one for one in values), key=str) or [None]


def answer_of(judgement: Judgement) -> Answer:
    if judgement.defect:
        return DEFECT, None
    return VERDICTS[judgement.verdict], judgement.amount_fen


def by_the_oracle(snapshot: Snapshot, published: PublishedSet) -> tuple[dict[Row, int | None], set[Row], int]:
    return in_columns(match_by_reference(snapshot, published, AS_OF))


def in_columns(result: BulkResult) -> tuple[dict[Row, int | None], set[Row], int]:
    eligible = {row[:3]: row[3] for row in result.eligible.iter_rows()}
    assert len(eligible) == result.eligible.height
    return eligible, set(result.unknown.iter_rows()), sum(result.defects.values())


def shaken_city(directory: Path) -> Snapshot:
    """A small city in ``directory`` with its values dealt out anew, an eighth of them unknown."""
    generate(400, 150, 7, directory, as_of=AS_OF)
    dice = random.Random(5)  # noqa: S311
    frames = dict(from_directory(directory).frames)
    for kind, frame in frames.items():
        if kind in ITEM_OWNERS and frame.height < FEW:
            frame = _some_items(kind, frames, dice)
        columns = []
        for attribute in catalogue().entities[kind].base_attributes:
            pool = frame[attribute.key].drop_nulls().unique().sort().to_list() or _thresholds(attribute, dice)
            dealt = [dice.choice([*pool, None]) for _ in range(frame.height)]
            columns.append(pl.Series(attribute.key, dealt, dtype=frame.schema[attribute.key]))
            unknown = [dice.random() < 0.12 for _ in range(frame.height)]
            columns.append(pl.Series(f"{attribute.key}__unknown", unknown, dtype=pl.Boolean))
        links = ["subject_id", "owner_id", *(["person_id"] if kind == "hire" else [])]
        frames[kind] = _with_few_workers(kind, frame).select(links).with_columns(columns)
        frames[kind].write_parquet(directory / f"{FRAME_NAMES[kind]}.parquet")
    return Snapshot(frames, 0, AS_OF)
