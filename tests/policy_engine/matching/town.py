"""Documents that stand on one another, and families of the store or of generated frames, for the tests of matching."""

from datetime import UTC, date, datetime

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.matching.reference import families as families
from policy_engine.policies.checking import standing_of
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.library import library
from policy_engine.policies.published import PublishedSet, publish_documents
from tests.policy_engine.policies.documents import benefit, clause, status

AS_OF = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

#: A status on a person, one on the household, one on both of them, and a benefit on that: four strata.
ELDER = status(id="elder")
CARED_HOME = status(
    id="cared-home",
    audience="household",
    eligibility=[clause("低保家庭 or 家庭人口 >= 3", source="notice")],
    status={"name": "照顾家庭", "nature": "definition"},
)
CARED_ELDER = status(
    id="cared-elder",
    eligibility=[clause("老年人 and 家庭.照顾家庭", source="notice")],
    status={"name": "重点老人", "nature": "definition"},
)
ELDER_ALLOWANCE = benefit(
    id="elder-allowance",
    eligibility=[
        clause("重点老人 or (老年人 and 残疾等级 != null and 残疾等级 <= 2)", id="who", source="notice")
    ],
    benefit={
        "table": {
            "hit_policy": "F",
            "inputs": ["年龄", "家庭.人均月收入"],
            "rules": [
                {"when": [">= 80", "-"], "then": "300"},
                {"when": ["-", "< 500"], "then": "200.5"},
                {"when": ["-", "-"], "then": "100"},
            ],
        },
        "period": "month",
        "source": "notice",
    },
)
NOT_ELDER = benefit(id="not-elder", eligibility=[clause("not(老年人)", source="notice")])
CHAINED: tuple[PolicyDocument, ...] = (ELDER, CARED_HOME, CARED_ELDER, ELDER_ALLOWANCE, NOT_ELDER)
#: A status by one's jobs, and a benefit on it that counts them: what is told of a firm's hire reaches the household.
INSURED_WORKER = status(
    id="insured-worker",
    eligibility=[clause("some 一份 in 就业 satisfies 一份.缴纳社保 and 一份.在职月数 >= 3", source="notice")],
    status={"name": "参保职工", "nature": "definition"},
)
WORKER_GRANT = benefit(
    id="worker-grant",
    eligibility=[clause("参保职工 and count(就业[合同月数 >= 12]) >= 1", source="notice")],
    benefit={"formula": "count(就业) * 100", "period": "month", "source": "notice"},
)


#: What the second version of each says instead.
OTHER_WORDS = {
    "elder": "年龄 >= 65",
    "cared-home": "人均月收入 < 800",
    "cared-elder": "老年人 or 家庭.照顾家庭",
    "elder-allowance": "重点老人",
    "not-elder": "not(老年人) and 家庭.家庭人口 <= 3",
    "insured-worker": "every 一份 in 就业 satisfies 一份.缴纳社保",
    "worker-grant": "参保职工 and max(就业.合同月数) > 12",
}


def next_version(document: PolicyDocument, version: int) -> PolicyDocument:
    """Every other version says something else."""
    if version % 2 == 0:
        words = clause(OTHER_WORDS[document.id], id="who", source="notice")
        changed = msgspec.convert([words], type(document.eligibility))
        return msgspec.structs.replace(document, version=version, eligibility=changed)
    return msgspec.structs.replace(document, version=version)


def everything() -> PublishedSet:
    """The library and the chained documents."""
    entries = [(one.document, standing_of(one.document, catalogue())) for one in library()]
    return publish_documents([*entries, *((one, "official") for one in CHAINED)])
