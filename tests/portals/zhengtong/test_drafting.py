"""A form is laid over the document it came from: what it cannot show stays."""

from policy_engine.policies.loading import load_document
from portals.zhengtong.policies.drafting import form_of, laid_over
from tests.policy_engine.policies.documents import BENEFIT

JOINT = BENEFIT.replace(
    "  - {key: decide, title: 决定, outcome: decide, duty: claim.decide, level: county}",
    "  - key: decide\n"
    "    title: 决定\n"
    "    title_en: Decision\n"
    "    outcome: decide\n"
    "    duty: claim.decide\n"
    "    level: county\n"
    "    joint:\n"
    "      - {title: 民政审定席}\n"
    "      - {title: 财政审定席, above_yuan: 50000}",
)


def test_joint_signatures_of_a_stage_stay_when_the_form_is_saved() -> None:
    before = load_document(JOINT).document
    after = load_document(laid_over(JOINT, form_of(JOINT), version=1)).document
    assert before.stages[1].joint
    assert after == before


def test_a_stage_taken_out_takes_what_belongs_to_it_along() -> None:
    form = form_of(JOINT)
    form.stages[1].key = "another"
    after = load_document(laid_over(JOINT, form, version=1)).document
    assert [(one.key, one.joint) for one in after.stages] == [("accept", ()), ("another", ())]
