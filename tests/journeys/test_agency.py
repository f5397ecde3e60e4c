"""An accountancy works for two firms: one list, one click between them; a firm's new head ends its work, not its claims."""

import contextlib
import html
import re
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portals.demo.agency import NAME
from tests.journeys.conftest import Demo
from tests.journeys.visitor import choice_of, signed_in, submit

pytestmark = pytest.mark.journey


def listed(visitor: httpx.Client) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in visitor.get("/rongtong/api/v1/todo").json()}


def acting_for(visitor: httpx.Client) -> str:
    return next(name for name, one in listed(visitor).items() if one["is_current"])


def switch(visitor: httpx.Client, name: str) -> None:
    """One click on the list; no password, no question."""
    page = visitor.get("/rongtong/todo")
    (form,) = (
        one
        for one in re.findall(r'<form[^>]*action="/rongtong/switch".*?</form>', page.text, re.S)
        if f"切换到{name}" in html.unescape(one)
    )
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    visitor.headers.pop("X-CSRF-Token", None)  # of the sign-in before; the form brings its own
    landed = visitor.post("/rongtong/switch", data={key: html.unescape(one) for key, one in fields.items()})
    assert landed.url.path == "/rongtong", landed.text[:1500]
    assert name in landed.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', landed.text)
    assert token is not None
    visitor.headers["X-CSRF-Token"] = html.unescape(token[1])
    assert acting_for(visitor) == name


def confirmed(visitor: httpx.Client, offer: str) -> str:
    detail = visitor.get(f"/rongtong/api/v1/offers/{offer}").json()
    account = detail["accounts"][0]["id"] if detail["accounts"] else None
    answer = visitor.post(f"/rongtong/api/v1/offers/{offer}/confirm", json={"account_id": account})
    assert answer.status_code == 201, answer.text
    return answer.json()["claim_id"]


def uscc_of(demo: Demo, name: str) -> str:
    with contextlib.closing(sqlite3.connect(demo.home / "simulators.db")) as outside:
        return outside.execute("SELECT uscc FROM firm WHERE name = ?", (name,)).fetchone()[0]


def name_of(demo: Demo, uscc: str) -> str:
    with contextlib.closing(sqlite3.connect(demo.home / "simulators.db")) as outside:
        return outside.execute("SELECT name FROM firm WHERE uscc = ?", (uscc,)).fetchone()[0]


def _until(found: Callable[[], Any]) -> Any:
    """What comes once the worker has done its part."""
    for _ in range(600):
        if it := found():
            return it
        time.sleep(0.1)
    raise AssertionError("it did not come within a minute")


def test_an_accountant_goes_from_firm_to_firm_until_one_has_a_new_head(demo: Demo) -> None:
    accountant = signed_in(demo, "accountant", capacity=NAME)
    firms = listed(accountant)
    assert acting_for(accountant) == NAME
    theirs = sorted(set(firms) - {NAME})
    assert len(theirs) == 2
    for name in theirs:
        assert firms[name]["because"] == NAME
        switch(accountant, name)
        assert accountant.get("/rongtong/members").status_code == 403
        assert accountant.get("/rongtong/financing").status_code == 200
    kept = name_of(demo, demo.account("legal_representative")["uscc"])
    (other,) = set(theirs) - {kept}
    switch(accountant, other)
    demo.simulate("technology", "recognise-hi-tech", uscc=uscc_of(demo, other))
    offers = _until(lambda: listed(accountant)[other]["offers"])
    claim = confirmed(accountant, offers[0]["id"])
    assert claim in accountant.get("/rongtong/api/v1/claims").text
    # The market regulator enters another head: somebody who lives here and headed nothing so far.
    head = demo.account("resident")["identifier"]
    changed = {"uscc": uscc_of(demo, other), "representative_id_number": head}
    demo.simulate("market_regulation", "change-representative", **changed)
    _until(lambda: accountant.get("/rongtong/api/v1/claims").status_code != 200)
    again = signed_in(demo, "accountant", capacity=NAME)
    assert set(listed(again)) == {NAME, kept}
    mine = signed_in(demo, "resident")  # the new head goes on with what was begun
    page = mine.get("/rongtong/login")
    if "/identity/" in str(page.url):
        page = submit(mine, page, **choice_of(page, other))
    assert page.url.path == "/rongtong", page.text[:1500]
    assert claim in mine.get("/rongtong/api/v1/claims").text
