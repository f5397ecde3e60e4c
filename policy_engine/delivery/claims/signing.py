"""会签: which signatures of a stage are given, which are open, and who did not agree.

Pure. A stage's places are filled in the order of signing: a seat takes the place of its own department first, and one
that any department may take only then.
"""

from collections.abc import Iterable, Sequence

from policy_engine.delivery.claims.models import StageDecision
from policy_engine.delivery.terms import Signatory, Stage

SIGNING = frozenset({"recommend", "advise_against", "grant"})


def part_of(stage: Stage, department: str) -> str:
    """Whose share of a stage is handed on: each department its own where several sign, else the whole."""
    return department if stage.joint else ""


def signatures_at(stage: Stage, visit: int, acts: Iterable[StageDecision]) -> list[StageDecision]:
    """What was signed while the claim has stood at the stage this time."""
    return [act for act in acts if act.stage == stage.key and act.visit == visit and act.action in SIGNING]


def place_for(department: str, places: Sequence[Signatory]) -> Signatory | None:
    """The place that a seat of this department takes."""
    own = [one for one in places if one.department == department]
    return next(iter(own or [one for one in places if not one.department]), None)


def filled_places(
    stage: Stage, signed: Iterable[StageDecision]
) -> list[tuple[Signatory, StageDecision | None]]:
    """Every place of the stage in its order, with the signature that fills it."""
    fills: list[tuple[Signatory, StageDecision | None]] = [(one, None) for one in stage.joint]
    for act in signed:
        place = place_for(act.department, [one for one, by in fills if by is None])
        index = next((i for i, (one, by) in enumerate(fills) if by is None and one is place), None)
        if index is not None:
            fills[index] = (fills[index][0], act)
    return fills


def open_places(stage: Stage, signed: Iterable[StageDecision]) -> list[Signatory]:
    return [one for one, by in filled_places(stage, signed) if by is None]


def dissenters(stages: Iterable[Stage], round_number: int, acts: Sequence[StageDecision]) -> list[str]:
    """The places whose latest word, in this round, is against: 会签 means that all agree."""
    against = []
    for stage in stages:
        if not stage.joint:
            continue
        here = [act for act in acts if act.stage == stage.key and act.round == round_number]
        if not here:
            continue
        latest = max(act.visit for act in here)
        for place, act in filled_places(stage, signatures_at(stage, latest, here)):
            if act is not None and act.action == "advise_against":
                against.append(place.title)
    return against
