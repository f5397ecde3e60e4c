"""A page of thirty lines asks the store as often as a page of three: nothing is asked for each line by itself.

In a place of its own, so that no other test's work lists change.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from benchmarks.at_city_size import heard
from kernel.web.principal import Principal
from tests.policy_engine.delivery.city import official
from tests.portals.zhengtong.conftest import City, Visitor
from tests.portals.zhengtong.lines import Lines

PLACE, STREET = "429006", "429006001"
FEW, MANY = 3, 30
SEATS: dict[str, Principal] = {
    "deciding": official(7701, "claim.decide", division=PLACE, department="民政局"),
    "finance": official(7702, "payment.approve", "audit.read", division=PLACE, department="财政局"),
    "counter": official(7703, "counter.assist", division=STREET, department="街道办事处"),
    "system": official(7704, "admin.system", division=PLACE, department="政务服务和大数据管理局"),
}
PAGES = [
    ("deciding", ""),
    ("deciding", "/todo.csv"),
    ("deciding", "/api/v1/claims"),
    ("deciding", "/quality"),
    ("deciding", "/rights?question=suspected"),
    ("finance", "/payments"),
    ("finance", "/payments?view=returned"),
    ("finance", "/payments?view=paid"),
    ("finance", "/payments?view=waiting"),
    ("finance", "/payments.csv"),
    ("finance", "/payments/batches"),
    ("finance", "/payments/batches/{batch}"),
    ("finance", "/payments/budgets"),
    ("finance", "/payments/runs/new"),
    ("finance", "/api/v1/books"),
    ("counter", "/counter/visits"),
    ("counter", "/counter/visits.csv"),
    ("system", "/system/letters"),
]


@pytest.fixture(scope="module")
def asked(city: City, client: Any) -> Iterator[dict[tuple[str, str], tuple[int, int]]]:
    """For each page, how many statements it took with few lines and with many."""
    found: dict[tuple[str, str], list[int]] = {one: [] for one in PAGES}
    with city.house.database.write() as session:
        lines = Lines(session, city.services.ports.people, PLACE, MANY)
        lines.grow(FEW)
    visitors = {who: _signed_in(city, client, principal) for who, principal in SEATS.items()}

    def ask(who: str, path: str) -> int:
        address = f"/zhengtong{path}".replace("{batch}", str(lines.batch.id))
        with heard(city.house.database) as statements:
            answer = visitors[who].get(address)
        assert answer.status_code == 200, (path, answer.text)
        return len(statements)

    for who, path in PAGES:
        ask(who, path)  # what a process learns once (terms, titles, templates) is learnt
        found[who, path].append(ask(who, path))
    with city.house.database.write() as session:
        lines.move_to(session)
        lines.grow(MANY - FEW)
    for who, path in PAGES:
        found[who, path].append(ask(who, path))
    yield {one: (counts[0], counts[1]) for one, counts in found.items()}
    with city.house.database.write() as session:
        lines.forget(session)


def _signed_in(city: City, client: Any, principal: Principal) -> Visitor:
    token = uuid.uuid4().hex
    city.tokens[token] = msgspec.structs.replace(principal, scopes=frozenset({"zhengtong"}))
    return Visitor(client, {"accept": "text/html", "authorization": f"Bearer {token}"})


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_a_page_of_thirty_lines_asks_as_often_as_one_of_three(
    asked: dict[tuple[str, str], tuple[int, int]], who: str, path: str
) -> None:
    few, many = asked[who, path]
    assert many == few
