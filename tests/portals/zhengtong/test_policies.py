"""Policies: what is refused says where; two people publish; the number it reaches is known before."""

import re

from policy_engine.policies.library import library
from tests.portals.zhengtong.conftest import City, Enter

DRAFT = "yangxin-elderly-allowance"


def entry(policy_id: str = DRAFT) -> tuple[str, str]:
    found = next(one for one in library() if one.document.id == policy_id)
    return found.text, found.cases_text


def version_of(enter: Enter, policy_id: str = DRAFT) -> str:
    listed = enter("author", accept="application/json").get("/zhengtong/api/v1/policies").json()
    return next(line["version_id"] for line in listed if line["policy_id"] == policy_id)


def test_the_document_stands_on_one_page(enter: Enter) -> None:
    page = enter("publisher").get(f"/zhengtong/policies/{version_of(enter)}").text
    assert "FEEL 式子" in page
    assert "用例全部通过" in page


def test_an_unknown_attribute_is_refused_with_its_line(enter: Enter) -> None:
    text, cases = entry()
    broken = re.sub(r"condition: (.*)", "condition: 不存在的属性 = true", text, count=1)
    line = 1 + broken.split("不存在的属性")[0].count("\n")
    answer = enter("author").upload(
        "/zhengtong/policies/new", {"document": (None, broken), "cases": (None, cases)}
    )
    assert answer.status_code == 400
    assert f"第 {line} 行" in answer.text
    assert "不存在的属性" in answer.text


def test_uploads_may_come_as_files(enter: Enter) -> None:
    text, cases = entry()
    answer = enter("author").upload(
        "/zhengtong/policies/new",
        {"document_file": ("a.yaml", text.encode()), "cases_file": ("a.cases.yaml", cases.encode())},
    )
    assert answer.status_code == 303


def test_nothing_uploaded_comes_back_to_the_form(enter: Enter) -> None:
    answer = enter("author").upload("/zhengtong/policies/new", {"document": (None, ""), "cases": (None, "")})
    assert answer.status_code == 400
    assert "请选择政策文件" in answer.text


def test_what_was_typed_is_still_there_when_the_cases_are_missing(enter: Enter) -> None:
    text, _cases = entry()
    answer = enter("author").upload(
        "/zhengtong/policies/new", {"document": (None, text), "cases": (None, "")}
    )
    assert answer.status_code == 400
    assert "请选择用例文件" in answer.text
    assert "id: yangxin-elderly-allowance" in answer.text


def test_the_reach_is_counted_before_anything_is_published(enter: Enter) -> None:
    program = enter("publisher", accept="application/json")
    estimate = program.get(f"/zhengtong/api/v1/policies/{version_of(enter)}/reach").json()
    assert estimate["eligible"] > 0
    assert estimate["monthly_fen"] > 0
    assert sum(place["eligible"] for place in estimate["places"]) == estimate["eligible"]
    assert sum(place["cost_fen"] for place in estimate["places"]) == estimate["cost_fen"]
    assert [place["division"] for place in estimate["places"] if place["eligible"]] == ["420222"]


def test_two_people_on_two_seats_publish(enter: Enter, city: City) -> None:
    version = version_of(enter)
    author, publisher = enter("author"), enter("publisher")
    assert author.post(f"/zhengtong/policies/{version}/submit").status_code == 303
    assert author.post(f"/zhengtong/policies/{version}/approve").status_code == 403
    assert "需要修改" in publisher.post(f"/zhengtong/policies/{version}/send_back", {"note": ""}).text
    review = {"legality": "一致", "fair_competition": "无影响", "funds": ""}
    assert "审查意见不能为空" in publisher.post(f"/zhengtong/policies/{version}/review", review).text
    review["funds"] = "预算内"
    assert publisher.post(f"/zhengtong/policies/{version}/review", review).status_code == 303
    assert author.post(f"/zhengtong/policies/{version}/verify").status_code == 303
    assert "财政还没有确认资金" in publisher.post(f"/zhengtong/policies/{version}/approve").text
    assert author.post(f"/zhengtong/policies/{version}/fund", {"note": "高龄津贴科目"}).status_code == 403
    funded = enter("finance").post(f"/zhengtong/policies/{version}/fund", {"note": "高龄津贴科目"})
    assert funded.status_code == 303
    assert "我已看过推演" in publisher.get(f"/zhengtong/policies/{version}/simulation").text
    assert publisher.post(f"/zhengtong/policies/{version}/shadow").status_code == 303
    assert publisher.post(f"/zhengtong/policies/{version}/approve").status_code == 303
    assert "新享受" in publisher.get(f"/zhengtong/policies/{version}").text
    before = publisher.get(f"/zhengtong/policies/{version}/reach").text
    assert "确认发布到 1%" in before
    assert publisher.post(f"/zhengtong/policies/{version}/publish").status_code == 303
    assert "确认扩大到全部" in publisher.get(f"/zhengtong/policies/{version}/reach").text
    assert publisher.post(f"/zhengtong/policies/{version}/widen").status_code == 303
    assert publisher.post(f"/zhengtong/policies/{version}/widen").status_code == 409
    assert "请写明原因" in publisher.post(f"/zhengtong/policies/{version}/recall", {"note": " "}).text
    assert (
        publisher.post(f"/zhengtong/policies/{version}/recall", {"note": "标准有误，向您致歉。"}).status_code
        == 303
    )
    assert "已撤回" in publisher.get(f"/zhengtong/policies/{version}").text


def test_a_stranger_version_is_not_there(enter: Enter) -> None:
    path = "/zhengtong/policies/018f0000-0000-7000-8000-000000000000"
    assert enter("publisher").get(path).status_code == 404
