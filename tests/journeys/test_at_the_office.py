"""Those whom no phone reaches, those who were refused, firms that never applied, and a child that was born today."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from policy_engine.policies.library import FOLDER
from tests.journeys.conftest import Demo, SignIn
from tests.journeys.office import act, case_number_of
from tests.journeys.test_over_time import wait_for
from tests.journeys.visitor import signed_in

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

NURSING, CHILDCARE = "重度残疾人护理补贴", "育儿补贴"


def pay(demo: Demo, claim: str) -> None:
    """Finance approves what is ready of this claim, and the bank pays it."""

    def states() -> set[str]:
        file = signed_in(demo, "auditor").get(f"/zhengtong/api/v1/claims/{claim}").json()["file"]
        return {one["state"] for one in (file["award"] or {"payments": []})["payments"]}

    wait_for(lambda: "reserved" in states(), True)
    finance = signed_in(demo, "finance")
    ready = [one["id"] for one in finance.get("/zhengtong/api/v1/payments").json()]
    finance.post("/zhengtong/api/v1/payment-batches", json={"payment_ids": ready})
    wait_for(lambda: states() == {"paid"}, True)


def decide(demo: Demo, seat: str, claim: str, action: str, reason: str = "") -> None:
    done = signed_in(demo, seat).post(
        f"/zhengtong/api/v1/claims/{claim}/acts", json={"action": action, "reason": reason}
    )
    assert done.status_code < 300, done.text


def somebody_without_an_account(demo: Demo) -> dict[str, Any]:
    """A grown-up of the street who never signed up anywhere."""
    known = {one["identifier"] for one in demo.accounts()}
    for surname in "王李张刘陈":
        for one in demo.client.get("/simulators/admin/people", params={"q": surname}).json():
            born = one["id_number"][6:10]
            if one["division"].startswith("420202007") and one["id_number"] not in known and born < "1990":
                return one
    raise AssertionError("nobody lives in the street")


def test_a_resident_without_a_phone_is_visited_and_paid(demo: Demo, sign_in: SignIn) -> None:
    person = somebody_without_an_account(demo)
    demo.simulate("disabled_federation", "issue-certificate", id_number=person["id_number"], level="1")
    demo.simulate("civil_affairs", "assess-care-need", id_number=person["id_number"])
    assistant = sign_in("assistant")
    visits = "/zhengtong/counter/visits?days=0"
    row = assistant.locator("tr", has_text=person["name"]).filter(has_text=NURSING)
    _reload_until(assistant, visits, lambda: row.count() == 1)
    expect(row).to_contain_text("没有账号，须上门")
    row.get_by_role("link").first.click()
    for words in (person["name"], "念给本人听", "100"):
        expect(assistant.locator("main")).to_contain_text(words)
    assistant.locator("[name=authorisation]").first.check(force=True)
    assistant.locator("[name=reference]").fill("帮办授权2026-017")
    assistant.get_by_role("button", name="代为确认").click()
    assistant.wait_for_url("**/zhengtong/claims/**")
    number, claim = case_number_of(assistant), assistant.url.split("/")[-1].split("?")[0]

    # Whoever filled it in decides nothing of it; three others do, each at their own desk.
    act(sign_in("street"), number, "accept")
    act(sign_in("federation"), number, "recommend")
    act(sign_in("civil_affairs"), number, "grant")
    pay(demo, claim)
    assistant.goto(f"/zhengtong/claims/{claim}")
    for words in ("已到账", "帮办授权2026-017"):
        expect(assistant.locator("main")).to_contain_text(words)
    assistant.goto(visits)
    expect(assistant.locator("tr", has_text=person["name"]).filter(has_text=NURSING)).to_have_count(0)


def test_a_refused_claim_is_appealed_and_overturned(demo: Demo, sign_in: SignIn) -> None:
    mother = demo.account("parent")
    demo.simulate("disabled_federation", "issue-certificate", id_number=mother["identifier"], level="1")
    demo.simulate("civil_affairs", "assess-care-need", id_number=mother["identifier"])
    phone = sign_in("parent", capacity=mother["name"])
    offer = phone.locator("a[href*='/tong/offers/']").filter(has_text=NURSING)
    _reload_until(phone, "/tong", lambda: offer.count() > 0)
    offer.first.click()
    phone.get_by_role("button", name="确认领取").click()
    phone.wait_for_url("**/tong/claims/**")
    number, claim = case_number_of(phone), phone.url.split("/")[-1].split("?")[0]
    decide(demo, "street", claim, "accept")
    decide(demo, "federation", claim, "recommend")
    act(sign_in("civil_affairs"), number, "refuse", "照护评估表的签字不清楚")

    phone.reload()
    for words in ("不予批准", "照护评估表的签字不清楚", "行政复议"):
        expect(phone.locator("main")).to_contain_text(words)
    phone.locator("textarea[name=words]").last.fill("评估机构的签字是清楚的，请看原件。")
    phone.get_by_role("button", name="提出申诉").click()
    expect(phone.get_by_role("button", name="提出申诉")).to_have_count(0)

    # Who refused does not judge the appeal; a colleague does, in writing.
    first = signed_in(demo, "civil_affairs")
    barred = first.post(
        f"/zhengtong/api/v1/claims/{claim}/appeal-decision", json={"outcome": "uphold", "reason": "维持"}
    )
    assert barred.status_code == 403, barred.text
    second = sign_in("civil_affairs_second")
    second.goto(f"/zhengtong/claims/{claim}")
    expect(second.locator("main")).to_contain_text("请看原件")
    second.locator("[name=outcome][value=overturn]").check(force=True)
    second.locator("[name=appeal_reason]").fill("原件签字清楚，原决定认定事实有误")
    second.locator("form[action$='/appeal'] button[type=submit]").click()
    act(second, number, "grant")
    pay(demo, claim)
    phone.goto(f"/tong/claims/{claim}")
    for words in ("原件签字清楚", "已到账"):
        expect(phone.locator("main")).to_contain_text(words)


def test_a_firm_gets_its_refund_without_an_application(demo: Demo, sign_in: SignIn) -> None:
    """稳岗返还: the bureau's register says what it paid and whom it kept; nobody of the firm does anything."""
    firm = demo.account("agent")["uscc"]
    publish_refund(demo)
    demo.simulate("social_insurance", "report-layoffs", uscc=firm)
    demo.simulate("social_insurance", "settle-firm-premium", uscc=firm)
    officer = signed_in(demo, "labour_decide")

    def waiting() -> list[str]:
        rows = officer.get("/zhengtong/api/v1/claims").json()
        return [one["claim_id"] for one in rows if "稳岗返还" in one["policy"]["title"]]

    wait_for(lambda: bool(waiting()), True)
    desk = sign_in("agent")
    desk.goto("/rongtong/claims")
    expect(desk.locator("main")).to_contain_text("稳岗返还")
    desk.get_by_role("link").filter(has_text="稳岗返还").first.click()
    number, claim = case_number_of(desk), desk.url.split("/")[-1].split("?")[0]
    decide(demo, "labour_decide", claim, "return_for_supplement", "请说明上年度裁员人数的计算")
    desk.reload()
    expect(desk.locator("main")).to_contain_text("请说明上年度裁员人数的计算")
    desk.locator("[name=words]").fill("三人合同期满未续签，不是裁员，名单已交人社局。")
    desk.get_by_role("button", name="提交补充").click()
    expect(desk.get_by_role("button", name="提交补充")).to_have_count(0)
    act(sign_in("labour_decide"), number, "grant")
    demo.command("demo", "clock", "--forward", "10d")  # the public notice of five working days ends
    pay(demo, claim)
    desk = sign_in("agent")
    desk.goto(f"/rongtong/claims/{claim}")
    expect(desk.locator("main")).to_contain_text("已到账")


def test_a_birth_leads_to_everything_it_brings_and_is_paid(demo: Demo, sign_in: SignIn) -> None:
    mother = demo.account("parent")
    phone = sign_in("parent", capacity=mother["name"])
    phone.goto("/tong")
    before = phone.locator("a[href*='/tong/offers/']").filter(has_text=CHILDCARE).count()

    # The hospital certifies the birth: the child has no number yet, and only its place in the register is missing.
    demo.simulate("health", "certify-birth", id_number=mother["identifier"], child_name="郝小满")
    near = phone.locator("main").filter(has_text="郝小满").filter(has_text="户籍地")
    _reload_until(phone, "/tong", lambda: near.count() > 0)

    # The household register enters it: the benefit is there by itself.
    demo.simulate("public_security", "register-birth", id_number=mother["identifier"], name="郝小满")
    offers = phone.locator("a[href*='/tong/offers/']").filter(has_text=CHILDCARE)
    _reload_until(phone, "/tong", lambda: offers.count() > before)
    phone.goto("/tong/life/birth")
    expect(phone.locator("main")).to_contain_text(CHILDCARE)
    phone.goto("/tong")
    card = phone.locator(".card").filter(has_text="郝小满").filter(has_text=CHILDCARE)
    card.locator("a[href*='/tong/offers/']").first.click()
    expect(phone.locator("main")).to_contain_text("3,600")
    phone.get_by_role("button", name="确认领取").click()
    phone.wait_for_url("**/tong/claims/**")
    number, claim = case_number_of(phone), phone.url.split("/")[-1].split("?")[0]
    act(sign_in("street"), number, "accept")
    act(sign_in("health"), number, "grant")
    pay(demo, claim)
    phone.goto(f"/tong/claims/{claim}")
    expect(phone.locator("#award")).to_contain_text("已到账")


def publish_refund(demo: Demo) -> None:
    """The library's refund of 2025 as one of this year for Daye, through all hands of a publication."""
    today = demo.today()
    source = FOLDER / "420200" / "job-retention-2025.yaml"
    text = source.read_text(encoding="utf-8").replace("job-retention-2025", "job-retention-daye")
    text = text.replace("level: city", "level: county").replace(
        'starts with(注册地, "4202")', 'starts with(注册地, "420281")'
    )
    text = text.replace("2025-01-01", f"{today.year}-01-01").replace("2025-12-31", f"{today.year}-12-31")
    cases = source.with_suffix(".cases.yaml").read_text(encoding="utf-8")
    cases = cases.replace('"420202007"', '"420281"').replace("2025-12-15", f"{today.year}-10-15")
    author, publisher, finance = (signed_in(demo, one) for one in ("author", "publisher", "finance"))
    made = author.post("/zhengtong/api/v1/policies", json={"document": text, "cases": cases})
    assert made.status_code == 201, made.text
    path = f"/zhengtong/api/v1/policies/{made.json()['line']['version_id']}/steps"
    findings = dict.fromkeys(("legality", "fair_competition", "funds"), "审查无异议")
    for hand, step in (
        (author, {"action": "submit"}),
        (publisher, {"action": "review", "findings": findings}),
        (publisher, {"action": "verify"}),
        (publisher, {"action": "shadow"}),
        (finance, {"action": "fund", "note": "失业保险基金"}),
        (publisher, {"action": "approve"}),
        (publisher, {"action": "publish"}),
        (publisher, {"action": "widen"}),
    ):
        done = hand.post(path, json=step)
        assert done.status_code < 300, (step, done.text)
    budget = {
        "policy_id": "job-retention-daye",
        "division": "420281",
        "year": today.year,
        "appropriation": "失业保险基金稳岗返还支出",
        "amount_fen": 1_000_000_000,
    }
    opened = finance.post("/zhengtong/api/v1/budgets", json=budget)
    assert opened.status_code == 201, opened.text
    assert finance.post("/zhengtong/api/v1/budgets", json=budget).status_code == 409


def _reload_until(page: Page, path: str, is_there: Any) -> None:
    page.goto(path)
    for _ in range(60):
        if is_there():
            return
        page.wait_for_timeout(250)
        page.goto(path)
    raise AssertionError(page.locator("main").inner_text())
