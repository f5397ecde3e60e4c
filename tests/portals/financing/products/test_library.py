"""The products that come with the system pass the gate that a bank's upload passes, and their cases hold."""

import pytest

from policy_engine.policies.library import library
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import PublishedSet, publish_documents
from portals.financing.institutions import institutions
from portals.financing.products.library import ProductEntry, product_library
from portals.financing.products.loading import cases_of, check_product, load_product, outcomes_of


@pytest.fixture(scope="module")
def city() -> PublishedSet:
    return publish_documents((one.document, "official") for one in library())


@pytest.mark.parametrize("entry", product_library(), ids=lambda one: one.document.id)
def test_a_product_is_sound_and_its_cases_hold(entry: ProductEntry, city: PublishedSet) -> None:
    assert check_product(load_product(entry.text), city) == []
    outcomes = outcomes_of(entry.document, cases_of(entry.cases_text, entry.document, city), city)
    assert [one.difference for one in outcomes] == ["" for _ in outcomes]
    assert len({one.judgement.verdict for one in outcomes}) > 1


def test_six_banks_and_a_guarantor_offer_them() -> None:
    loans = [one.document for one in product_library() if one.document.kind == "loan"]
    assert len(loans) >= 15
    assert len({one.institution for one in loans}) == 6
    assert {one.document.institution for one in product_library()} <= institutions().keys()


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("high_bp: 435", "high_bp: 300", "range", "rate"),
        ("经营月数 >= 24", "count(招用[残疾等级 != null]) > 0", "personal_facts", "eligibility[1].condition"),
        ("经营月数 >= 24", "经营月份 >= 24", "feel", "eligibility[1].condition"),
        ("上年度营业收入 * 0.1", "上年度营业收入 / 10", "feel", "limit"),
        ("institution: dongchu-bank", "institution: no-bank", "institution", "institution"),
        ("limit_source: bank_terms", "limit_source: nowhere", "unknown_source", "sources"),
    ],
)
def test_a_slip_is_told_with_its_place(city: PublishedSet, old: str, new: str, code: str, where: str) -> None:
    text = next(one.text for one in product_library() if one.document.id == "dongchu-tax-credit")
    assert old in text
    problems = check_product(load_product(text.replace(old, new)), city)
    found = [(one.code, one.where) for one in problems]
    assert (code, where) in found
    assert all(one.line > 0 for one in problems if one.where == where)


def test_a_rate_of_400_per_cent_is_no_rate() -> None:
    text = next(one.text for one in product_library() if one.document.id == "dongchu-tax-credit")
    with pytest.raises(DocumentRefused) as refused:
        load_product(text.replace("high_bp: 435", "high_bp: 40000"))
    assert refused.value.problems[0].where == "rate.high_bp"
