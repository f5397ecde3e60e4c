"""The library uses every form that real texts were found to need, so that no form is without a policy to try it on."""

from collections.abc import Callable

import pytest

from policy_engine.policies.dependencies import feel_texts, statuses_used
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.library import library
from policy_engine.policies.published import publish_documents

DOCUMENTS = [entry.document for entry in library()]
STATUSES = publish_documents((one, "official") for one in DOCUMENTS if one.is_computed_status).statuses
Use = Callable[[PolicyDocument], bool]


def says(word: str) -> Use:
    return lambda one: any(word in text for _, text in feel_texts(one))


def has_hit_policy(name: str) -> Use:
    return lambda one: (
        one.benefit is not None and one.benefit.table is not None and one.benefit.table.hit_policy == name
    )


FORMS: dict[str, Use] = {
    "tiers": has_hit_policy("U"),
    "first row that fits": has_hit_policy("F"),
    "awards that add up": has_hit_policy("C+"),
    "marginal steps": says("max("),
    "the lower of two": says("min("),
    "a cap": lambda one: one.benefit is not None and one.benefit.cap is not None,
    "a cap of a year, shared": lambda one: any(cap.together_with for cap in one.yearly_caps),
    "a floor": lambda one: one.benefit is not None and one.benefit.floor is not None,
    "a percentage": says("* 0."),
    "an exact division": says("round half up("),
    "a whole-yuan rounding": lambda one: one.benefit is not None and one.benefit.rounding.step == "1",
    "per head": says("家庭人口"),
    "per square metre": says("购房面积 *"),
    "a published standard": says("标准("),
    "a length of time until retirement": says("法定退休日期).years * 12"),
    "a number of periods": lambda one: one.benefit is not None and one.benefit.periods is not None,
    "a condition on a condition": says("if "),
    "one member who": says("some "),
    "every member": says("every "),
    "counting": says("count("),
    "each child": lambda one: one.each == "child",
    "each hire": lambda one: one.each == "hire",
    "each loan": lambda one: one.each == "loan",
    "each home": lambda one: one.each == "home",
    "each project": lambda one: one.each == "project",
    "a household": lambda one: one.audience == "household" and one.benefit is not None,
    "a definition": lambda one: one.status is not None and one.status.nature == "definition",
    "a recognition": lambda one: one.status is not None and one.status.nature == "recognised",
    "an invitation": lambda one: one.status is not None and one.status.nature == "presumed",
    "standing on a status": lambda one: bool(statuses_used(one, STATUSES)) and one.status is None,
    "a top-up": lambda one: bool(one.requires),
    "exclusion": lambda one: bool(one.excludes),
    "the higher of two": lambda one: bool(one.choose_higher_with),
    "a quota": lambda one: one.funding is not None and one.funding.kind == "quota",
    "public notice": lambda one: one.notice is not None,
    "an end": lambda one: one.effective_to is not None,
}


@pytest.mark.parametrize("form", FORMS)
def test_the_form_is_in_use(form: str) -> None:
    assert any(map(FORMS[form], DOCUMENTS))
