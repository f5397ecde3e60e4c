"""On whose desk a claim lies, as one word that an index finds. Pure.

A claim pins its stage map as a document, and no index looks into documents: so the post that it waits for is written beside
it, as its duty, the size of its place and its departments. There are few such words in a city, and a seat serves some of
them; which claims wait for a seat, and how many, is then a walk along an index, however many wait at other desks.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from kernel.web.principal import Duty, SeatView
from policy_engine.delivery.access import suits
from policy_engine.delivery.states import ClaimState

_AT_ITS_STAGE = (ClaimState.SUBMITTED, ClaimState.JOINT_REVIEW, ClaimState.REVIEW)
#: Looked into by whoever decides, wherever the claim had come to.
LOOKED_INTO = (ClaimState.APPEALED, ClaimState.OBJECTION)


class Desk(NamedTuple):
    """A kind of post; an empty department is any."""

    duty: Duty
    level: int
    departments: tuple[str, ...]


def desk_of(state: str, stages: Sequence[Mapping[str, Any]], stage_index: int) -> str | None:
    """The desk of a claim in this state at this stage of its map, as ``Stage`` is written; none while it waits for none."""
    if not stages:
        return None
    if state in LOOKED_INTO:
        return _word_of(next(stage for stage in stages if stage["outcome"] == "decide"))
    return _word_of(stages[stage_index]) if state in _AT_ITS_STAGE else None


def desks_served(desks: Iterable[str], seat: SeatView) -> list[str]:
    """Which of the desks a seat serves, inside its own place."""
    return [
        word for word in desks if (one := _read(word)) and suits(seat, one.duty, one.level, one.departments)
    ]


def _word_of(stage: Mapping[str, Any]) -> str:
    joint = [str(one["department"]) for one in stage.get("joint", ())]
    departments = sorted(set(joint)) or [str(stage.get("department", ""))]
    return msgspec.json.encode((stage["duty"], stage["level"], *departments)).decode()


def _read(word: str) -> Desk:
    duty, level, *departments = msgspec.json.decode(word)
    return Desk(cast(Duty, duty), int(level), tuple(departments))
