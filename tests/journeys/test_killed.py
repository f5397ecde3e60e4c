"""The server is killed at any moment and started again: no confirmed claim and no event is lost, nothing is paid twice.

Each blow falls while one kind of thing is being done, a random while after it began; the same seed strikes at the same
moments. ``DONGCHU_KILLS=40`` strikes forty more times, at payments too, ``DONGCHU_KILL_SEED`` elsewhere. Workers and servers of
PostgreSQL are struck while they pay in ``tests/benchmarks/test_chaos.py``.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.journeys.books import Books
from tests.journeys.conftest import Demo, fresh_home
from tests.journeys.visitor import signed_in

MORE = int(os.environ.get("DONGCHU_KILLS", "0"))
SEED = int(os.environ.get("DONGCHU_KILL_SEED", "20261008"))

pytestmark = pytest.mark.timeout(300 + 30 * MORE)

#: How long after it began each kind of thing is struck, at the latest; some blows fall when it is long done.
SECONDS = {"events": 0.6, "confirm": 0.25, "publication": 0.8, "payment": 2.5}
CERTIFIED = ("daughter", "agent", "auditor", "police", "licensing", "author", "publisher", "administrator")


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demonstration of its own, because it is not treated kindly."""
    running = Demo(fresh_home(tmp_path_factory))
    running.start()
    yield running
    running.stop()


class Town:
    """People who do things, what they were told was done, and somebody with an axe."""

    def __init__(self, demo: Demo, chance: random.Random) -> None:
        self.demo = demo
        self.chance = chance
        self.books = Books(demo.home)
        #: Offer -> the claim somebody was told of.
        self.claims: dict[str, str] = {}
        self.reported: set[str] = set()
        self._visitors: dict[str, httpx.Client] = {}

    def who(self, key: str) -> httpx.Client:
        """Signed in once; sessions outlive the server."""
        if key not in self._visitors:
            self._visitors[key] = signed_in(self.demo, key)
        return self._visitors[key]

    def sign_out(self) -> None:
        """Whoever comes next signs in anew: the clock has gone on for longer than a session lasts."""
        self._visitors.clear()

    def struck(self, kind: str, act: Callable[[], object]) -> None:
        """Begin ``act``, strike, start again."""
        done = threading.Thread(target=_quietly, args=(act,))
        done.start()
        time.sleep(self.chance.uniform(0, SECONDS[kind]))
        self.demo.kill()
        done.join(60)
        self.demo.start()

    def report_certificates(self) -> None:
        """The federation issues one certificate after another; what it was told stands is on its own record."""
        for key in self.chance.sample(CERTIFIED, 5):
            number = self.demo.account(key)["identifier"]
            level = self.chance.choice("1234")
            sent = self.demo.simulate(
                "disabled_federation", "issue-certificate", id_number=number, level=level
            )
            self.reported.add(sent["event_id"])

    def confirm(self, *keys: str) -> None:
        """Everything that waits for these people, confirmed; what is confirmed already gives the same claim again."""
        for key in keys:
            for offer in self.who(key).get("/tong/api/v1/offers").json():
                if offer["amount_fen"]:
                    self._confirm(self.who(key), offer["id"])

    def _confirm(self, visitor: httpx.Client, offer: str) -> None:
        detail = visitor.get(f"/tong/api/v1/offers/{offer}").json()
        account = detail["accounts"][0]["id"] if detail["accounts"] else None
        answer = visitor.post(f"/tong/api/v1/offers/{offer}/confirm", json={"account_id": account})
        if answer.status_code == 201:
            claim = answer.json()["claim_id"]
            assert self.claims.setdefault(offer, claim) == claim

    def decide_all(self) -> None:
        """Officials decide whatever waits at their stage, until nothing does."""
        for key, action in (
            ("street", "accept"),
            ("federation", "recommend"),
            ("civil_affairs", "grant"),
            ("health", "grant"),
        ):
            seat = self.who(key)
            for item in seat.get("/zhengtong/api/v1/claims").json():
                if item["may_act"]:
                    done = seat.post(
                        f"/zhengtong/api/v1/claims/{item['claim_id']}/acts",
                        json={"action": action, "reason": ""},
                    )
                    assert done.status_code == 200, done.text

    def pay(self) -> None:
        """Finance approves all that is ready."""
        finance = self.who("finance")
        ready = [one["id"] for one in self.ready()]
        if ready:
            finance.post("/zhengtong/api/v1/payment-batches", json={"payment_ids": ready})

    def ready(self) -> list[dict[str, Any]]:
        found = self.who("finance").get("/zhengtong/api/v1/payments", params={"view": "ready"})
        assert found.status_code == 200, found.text
        return found.json()

    def policy(self) -> dict[str, Any]:
        listed = self.who("publisher").get("/zhengtong/api/v1/policies").json()
        return next(one for one in listed if one["policy_id"] == "yangxin-elderly-allowance")

    def step(self, key: str, action: str, **more: Any) -> httpx.Response:
        number = self.policy()["version_id"]
        return self.who(key).post(
            f"/zhengtong/api/v1/policies/{number}/steps", json={"action": action, **more}
        )

    def ready_to_publish(self) -> None:
        findings = dict.fromkeys(("legality", "fair_competition", "funds"), "无异议")
        note = {"note": "高龄津贴科目"}
        steps: list[tuple[str, str, dict[str, Any]]] = [
            ("author", "submit", {}),
            ("publisher", "review", {"findings": findings}),
            ("publisher", "verify", {}),
            ("publisher", "shadow", {}),
            ("finance", "fund", note),
            ("publisher", "approve", {}),
        ]
        for key, action, more in steps:
            answer = self.step(key, action, **more)
            assert answer.status_code == 200, answer.text

    def publish(self) -> None:
        """On, step by step, as far as it goes: published, widened, suspended, resumed."""
        policy = self.policy()
        action = {"approved": "publish", "suspended": "resume"}.get(policy["state"])
        if action is None:
            action = "widen" if policy["rollout_permille"] < 1000 else "suspend"
        self.step("publisher", action, note="复核标准" if action == "suspend" else "")

    def settle(self) -> None:
        """Until nothing moves any more."""
        deadline = time.monotonic() + 90
        while self.books.is_moving():
            assert time.monotonic() < deadline, self.books.is_moving()
            time.sleep(0.1)


def _quietly(act: Callable[[], object]) -> None:
    """The server goes away under whoever acts; they try again later."""
    try:
        act()
    except (httpx.TransportError, httpx.HTTPStatusError, ValueError):
        return


@pytest.fixture(scope="module")
def town(fragile: Demo) -> Town:
    return Town(fragile, random.Random(SEED))  # noqa: S311  (no secret hangs on it)


def _check(town: Town) -> None:
    """Everything that anybody was told happened has happened, once."""
    town.settle()
    books = town.books
    assert books.missing_events(town.reported) == set()
    assert books.events_not_applied() == set()
    assert books.missing_claims(set(town.claims.values())) == set()
    assert books.offers_claimed_twice() == []
    assert books.paid_twice() == []
    assert books.unlike_the_bank() == []
    assert books.transactions_out_of_balance() == []
    before = town.who("finance").get("/zhengtong/api/v1/books").json()["looked_through_at"]
    town.who("finance").post("/zhengtong/api/v1/books/looks").raise_for_status()
    town.settle()
    looked = town.who("finance").get("/zhengtong/api/v1/books").json()
    assert looked["defects"] == []
    assert looked["looked_through_at"] > (before or "")


def test_no_blow_loses_an_event_a_claim_or_a_payment(town: Town) -> None:
    for key in ("parent", "resident", "street", "health", "finance", "publisher", "author"):
        town.who(key)
    town.struck("events", lambda: (town.report_certificates(), town.confirm("resident", "parent")))
    town.confirm("resident", "parent")  # what got no answer is confirmed again
    town.decide_all()
    town.settle()
    assert town.ready()
    town.pay()
    town.ready_to_publish()
    town.struck("publication", town.publish)
    while town.policy()["rollout_permille"] < 1000:
        town.publish()
    _check(town)
    assert town.books.paid() >= 1
    reach = (
        town.who("publisher").get(f"/zhengtong/api/v1/policies/{town.policy()['version_id']}/reach").json()
    )
    assert reach["reached"] == reach["eligible"] >= 1


def _give_the_elder_a_monthly_right(town: Town) -> None:
    """So that there is something to pay each month."""
    number = town.demo.account("elder")["identifier"]
    town.demo.simulate("disabled_federation", "issue-certificate", id_number=number, level="1")
    town.demo.simulate("civil_affairs", "assess-care-need", id_number=number)
    town.settle()
    town.confirm("elder")
    town.decide_all()
    town.settle()


@pytest.mark.skipif(MORE == 0, reason="DONGCHU_KILLS says how many more times to strike")
def test_many_blows_lose_nothing_either(town: Town) -> None:
    kinds: dict[str, Callable[[], None]] = {
        "events": town.report_certificates,
        "confirm": lambda: town.confirm("daughter", "agent", "auditor"),
        "publication": town.publish,
        "payment": town.pay,
    }
    _give_the_elder_a_monthly_right(town)
    for blow in range(MORE):
        kind = list(kinds)[blow % len(kinds)]
        if kind == "payment":
            town.demo.command("demo", "clock", "--forward", "31d")
            town.sign_out()
            town.settle()
        town.struck(kind, kinds[kind])
        town.decide_all()
        town.pay()
        _check(town)
        print(f"blow {blow + 1} of {MORE}, {kind}: {town.books.paid()} payments")


def test_a_second_start_on_the_same_home_is_refused_by_name(fragile: Demo) -> None:
    second = Demo(fragile.home)
    with pytest.raises(RuntimeError, match="already runs"):
        second.start()
    second.stop()
