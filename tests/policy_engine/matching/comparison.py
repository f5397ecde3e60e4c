"""What the reference says of a city or a subject, and what compiled forms say, in one shape."""

from policy_engine.compile.python_source import DEFECT, ELIGIBLE, INELIGIBLE, UNDECIDED, Answer
from policy_engine.matching.bulk import BulkResult
from policy_engine.matching.reference import match_by_reference
from policy_engine.policies.judgement import Judgement
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.snapshot import Snapshot
from tests.policy_engine.matching.town import AS_OF

Row = tuple[str, int, int]
VERDICTS = {"ineligible": INELIGIBLE, "unknown": UNDECIDED, "eligible": ELIGIBLE}


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
