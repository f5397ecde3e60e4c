"""What the reference says of a city or a subject, and what compiled forms say, in one shape."""

from policy_engine.compile.python_source import DEFECT, ELIGIBLE, INELIGIBLE, UNDECIDED, Answer
from policy_engine.matching.bulk import BulkResult
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.policies.judgement import Judgement
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.snapshot import Snapshot
from tests.policy_engine.matching.town import AS_OF, families

Row = tuple[str, int, int]
VERDICTS = {"ineligible": INELIGIBLE, "unknown": UNDECIDED, "eligible": ELIGIBLE}


def answer_of(judgement: Judgement) -> Answer:
    if judgement.defect:
        return DEFECT, None
    return VERDICTS[judgement.verdict], judgement.amount_fen


def by_the_oracle(snapshot: Snapshot, published: PublishedSet) -> tuple[dict[Row, int | None], set[Row], int]:
    eligible: dict[Row, int | None] = {}
    unknown: set[Row] = set()
    defects = 0
    for family in families(snapshot):
        case = FamilyCase(family, published, AS_OF)
        for policy, subject in case.policies_on():
            row = (policy.document.id, subject.subject_id, subject.unit_id)
            judgement = case.judge(policy, subject)
            if judgement.defect:
                defects += 1
            elif judgement.verdict == "eligible":
                eligible[row] = judgement.amount_fen
            elif judgement.verdict == "unknown":
                unknown.add(row)
    return eligible, unknown, defects


def in_columns(result: BulkResult) -> tuple[dict[Row, int | None], set[Row], int]:
    eligible = {row[:3]: row[3] for row in result.eligible.iter_rows()}
    assert len(eligible) == result.eligible.height
    return eligible, set(result.unknown.iter_rows()), sum(result.defects.values())
