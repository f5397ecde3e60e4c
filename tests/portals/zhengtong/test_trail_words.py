"""Whatever the audit trail records has words, so that an auditor reads no codes; so has whatever departments report."""

import re
from collections.abc import Iterator

from connectors.events.departments import DEPARTMENTS
from portals.zhengtong.trail.words import EVENTS, OBJECTS, RECORDED
from tests.portals.zhengtong.conftest import ROOT, City, Enter

PACKAGES = ("identity", "licenses", "policy_engine", "portals")
#: ``audit.record(… action="claim.apply", object_kind="claim" …)`` and identity's ``note(session, "proxy.grant", "proxy" …)``.
ACTION, KIND = re.compile(r'\baction="([a-z_.]+)"'), re.compile(r'\bobject_kind="([a-z_]+)"')
NOTED = re.compile(r'\bnote\(\s*session,\s*"([a-z_.]+)",\s*"([a-z_]+)"')


def sources() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "audit.record(" in text or "note(" in text:
                yield package, text


def test_every_act_and_object_that_is_recorded_has_words() -> None:
    acts, kinds = set(), set()
    for package, text in sources():
        if "audit.record(" in text:
            acts.update(ACTION.findall(text))
            kinds.update(KIND.findall(text))
        if package == "identity":
            acts.update(f"identity.{act}" for act, _kind in NOTED.findall(text))
            kinds.update(kind for _act, kind in NOTED.findall(text))
    assert len(acts) > 60, "the pattern finds what is recorded"
    assert acts - RECORDED.keys() == set()
    assert kinds - OBJECTS.keys() == set()


def test_every_event_of_a_department_has_words() -> None:
    assert {kind for one in DEPARTMENTS.values() for kind in one.readings} <= EVENTS.keys()


def test_the_trail_reads_without_codes(enter: Enter, city: City) -> None:
    seat = enter("finance", accept="application/json")
    budget = seat.get("/zhengtong/api/v1/books").json()["budgets"][0]["budget"]["id"]
    sent = {"amount_fen": 123_00, "reference": "黄财社〔2026〕77号"}
    assert seat.post(f"/zhengtong/api/v1/budgets/{budget}/appropriations", json=sent).status_code in (
        200,
        201,
    )
    page = enter("auditor").get("/zhengtong/audit?action=budget.").text
    main = page[page.index("<tbody") : page.index("</tbody")]
    assert "资金入账" in main
    assert "金额：123元" in main
    assert "amount_fen" not in main
    assert "budget.appropriate" not in main
