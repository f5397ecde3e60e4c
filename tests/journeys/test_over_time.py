"""A right lives for years: what happens when somebody dies, and when they did not."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from kernel.web import formats
from tests.journeys.conftest import Demo, SignIn
from tests.journeys.visitor import signed_in

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

NURSING = "重度残疾人护理补贴"


def test_a_death_stops_is_confirmed_told_to_the_family_and_undone(demo: Demo, sign_in: SignIn) -> None:
    elder = demo.account("elder")
    claim = nursing_award(demo, elder["identifier"])
    *_earlier, last_due, too_much = paid_months(award_of(demo, claim))
    died_on = f"{last_due}-20"

    # The register closes her entry: money stops the same moment, and nothing ends.
    demo.simulate("public_security", "register-death", id_number=elder["identifier"], died_on=died_on)
    wait_for(lambda: award_of(demo, claim)["state"], "suspended")
    officer = sign_in("civil_affairs")
    officer.goto("/zhengtong/rights?question=death")
    expect(officer.locator("main")).to_contain_text(elder["name"])
    expect(officer.locator("main")).to_contain_text(re.compile("去世"))

    # The crematory's word is the second source: the right ends after the month of the death.
    demo.simulate("civil_affairs", "record-cremation", id_number=elder["identifier"], died_on=died_on)
    wait_for(lambda: award_of(demo, claim)["state"], "ended")
    assert award_of(demo, claim)["ends_on"] == f"{last_due}-01"
    phone = sign_in("daughter")
    phone.goto("/tong/recoveries")
    expect(phone.locator("main")).to_contain_text("逝者应得的款项")
    phone.locator("a[href*='/tong/recoveries/']").filter(has_text=NURSING).first.click()
    for words in (formats.term(too_much), "100元", "不会自动扣款", "您不需要退回任何款项"):
        expect(phone.locator("main")).to_contain_text(words)
    phone.locator("[name=statement]").fill("妈妈在家，身体好着呢，是登记错了。")
    phone.get_by_role("button", name="提交").click()
    expect(phone.locator("main")).to_contain_text("是登记错了")

    # A stranger sees nothing of it.
    stranger = sign_in("parent")
    assert stranger.goto(phone.url.split("?")[0]).status == 404  # type: ignore[union-attr]

    # She stands at the counter: one action brings everything back.
    demo.simulate("public_security", "withdraw-death", id_number=elder["identifier"])
    officer.goto("/zhengtong/rights?question=died")
    card = officer.locator(".card").filter(has_text=elder["name"])
    card.locator("[name=reason]").fill("本人到窗口核实")
    card.get_by_role("button", name="本人健在，恢复并补发").click()
    officer.wait_for_load_state()
    restored = award_of(demo, claim)
    assert (restored["state"], restored["ends_on"]) == ("active", None)
    home = sign_in("elder", capacity=elder["name"])
    home.goto(phone.url)
    expect(home.locator("main")).to_contain_text("不属多发")


def nursing_award(demo: Demo, identifier: str) -> str:
    """The claim of her nursing subsidy, with at least two months paid, by the quickest way there is."""
    claim = claim_of(demo)
    if claim is None:
        demo.simulate("disabled_federation", "issue-certificate", id_number=identifier, level="1")
        demo.simulate("civil_affairs", "assess-care-need", id_number=identifier)
        claim = confirmed(demo)
        for seat, action in (("street", "accept"), ("federation", "recommend"), ("civil_affairs", "grant")):
            decided = signed_in(demo, seat).post(
                f"/zhengtong/api/v1/claims/{claim}/acts", json={"action": action, "reason": ""}
            )
            assert decided.status_code < 300, decided.text
    for _ in range(4):
        if len(paid_months(award_of(demo, claim))) >= 2:
            return claim
        if not any(one["state"] == "reserved" for one in award_of(demo, claim)["payments"]):
            demo.command("demo", "clock", "--forward", "28d")
        wait_for(lambda: any(one["state"] == "reserved" for one in award_of(demo, claim)["payments"]), True)
        finance = signed_in(demo, "finance")
        ready = [one["id"] for one in finance.get("/zhengtong/api/v1/payments").json()]
        finance.post("/zhengtong/api/v1/payment-batches", json={"payment_ids": ready})
        wait_for(lambda: any(one["state"] == "reserved" for one in award_of(demo, claim)["payments"]), False)
        wait_for(lambda: all(one["state"] == "paid" for one in award_of(demo, claim)["payments"]), True)
    raise AssertionError(award_of(demo, claim))


def claim_of(demo: Demo) -> str | None:
    awards = signed_in(demo, "elder").get("/tong/api/v1/awards").json()
    return next((one["claim_id"] for one in awards if one["policy"]["title"] == NURSING), None)


def confirmed(demo: Demo) -> str:
    visitor = signed_in(demo, "elder")

    def offered() -> list[str]:
        return [
            one["id"]
            for one in visitor.get("/tong/api/v1/offers").json()
            if one["policy"]["title"] == NURSING and one["amount_fen"]
        ]

    wait_for(lambda: bool(offered()), True)
    [offer] = offered()
    account = visitor.get(f"/tong/api/v1/offers/{offer}").json()["accounts"][0]["id"]
    done = visitor.post(f"/tong/api/v1/offers/{offer}/confirm", json={"account_id": account})
    assert done.status_code == 201, done.text
    return done.json()["claim_id"]


def award_of(demo: Demo, claim: str) -> dict[str, Any]:
    """As the office has it: who is dead does not sign in."""
    return signed_in(demo, "civil_affairs").get(f"/zhengtong/api/v1/claims/{claim}").json()["file"]["award"]


def paid_months(award: dict[str, Any]) -> list[str]:
    return sorted(one["period"] for one in award["payments"] if one["state"] == "paid")


def wait_for(ask: Callable[[], object], answer: object) -> None:
    """What the worker and the bank do takes a moment."""
    deadline = time.monotonic() + 30
    while (found := ask()) != answer:
        assert time.monotonic() < deadline, found
        time.sleep(0.3)
