"""A bank's products: two hands, its own only, versions that never change, a reach told in numbers that name nobody."""

import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kernel.errors import Conflict, Forbidden, NotFound
from kernel.web.principal import Principal, SeatView
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import NOTHING, PublishedPolicies
from portals.financing.institutions import institutions
from portals.financing.products import reaching, repository, service
from portals.financing.products.keeping import _reach
from portals.financing.products.library import product_library
from portals.financing.products.matching import match_firms
from portals.financing.products.models import Product
from portals.financing.products.offered import OfferedProducts
from portals.financing.products.reaching import Reaches
from tests.portals.financing.conftest import NOW, Firm

ENTRY = next(one for one in product_library() if one.document.id == "cihu-sole-trader")


def officer(person: int, *duties: str, bank: str = "cihu-rural", seat: int | None = None) -> Principal:
    return Principal(
        subject_id=person,
        name="何平",
        capacity="seat",
        acting_for=500,
        acting_for_name=institutions()[bank].name,
        seat=SeatView(
            id=seat or person,
            title="产品席",
            division="420200",
            department=institutions()[bank].name,
            duties=frozenset(duties),
            institution=500,
        ),
        scopes=frozenset({"rongtong"}),
        acr="L2",
        client_id="rongtong",
        grant_id=uuid.uuid4(),
    )


AUTHOR = officer(1, "financing.work", "financing.approve")
OTHER = officer(2, "financing.approve")


def drafted(session: Session, text: str = ENTRY.text, actor: Principal = AUTHOR) -> Product:
    return service.save_draft(
        session, text=text, cases_text=ENTRY.cases_text, actor=actor, published=NOTHING, now=NOW
    )


def test_the_author_cannot_put_it_on_offer_another_can(session: Session) -> None:
    row = drafted(session)
    for hand in (AUTHOR, officer(3, "financing.approve", seat=1), officer(2, "financing.work")):
        with pytest.raises(Forbidden):
            service.publish(session, row.id, actor=hand, published=NOTHING, now=NOW)
    service.publish(session, row.id, actor=OTHER, published=NOTHING, now=NOW)
    current = OfferedProducts(PublishedPolicies()).current(session)
    assert "cihu-sole-trader" in current.by_id


def test_a_version_on_offer_never_changes_and_a_new_one_takes_its_place(session: Session) -> None:
    first = drafted(session)
    service.publish(session, first.id, actor=OTHER, published=NOTHING, now=NOW)
    with pytest.raises(Conflict):
        drafted(session)
    with pytest.raises(Conflict):
        drafted(session, ENTRY.text.replace("version: 1", "version: 3"))
    second = drafted(session, ENTRY.text.replace("version: 1", "version: 2"))
    service.publish(session, second.id, actor=OTHER, published=NOTHING, now=NOW)
    assert (first.state, second.state) == ("superseded", "published")
    assert repository.document_of(first).version == 1
    service.end(session, second.id, actor=OTHER, now=NOW)
    with pytest.raises(Conflict):
        service.end(session, second.id, actor=OTHER, now=NOW)


def test_no_bank_touches_anothers(session: Session) -> None:
    row = drafted(session)
    stranger = officer(9, "financing.work", "financing.approve", bank="fuhe-bank")
    for act in (service.publish, service.end):
        extra = {"published": NOTHING} if act is service.publish else {}
        with pytest.raises(NotFound):
            act(session, row.id, actor=stranger, now=NOW, **extra)  # type: ignore[operator]
    with pytest.raises(Forbidden):
        drafted(session, actor=stranger)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("经营月数 >= 12", "经营月数 >= 一年"),
        ("valid_from: 2026-01-01", "valid_from: 2026-02-31"),
        ("most_yuan: 300000", "most_yuan: -1"),
        ("经营月数 >= 12", "经营月数 >= 120"),  # its own cases fail
    ],
)
def test_a_slip_keeps_nothing(session: Session, old: str, new: str) -> None:
    assert old in ENTRY.text
    with pytest.raises(DocumentRefused):
        drafted(session, ENTRY.text.replace(old, new))
    assert repository.versions_of(session, "cihu-sole-trader") == []


def test_a_document_changed_behind_our_back_is_not_used(session: Session) -> None:
    row = drafted(session)
    row.document = {**row.document, "title": "别的"}
    with pytest.raises(Conflict):
        repository.document_of(row)


def test_few_firms_are_not_counted_out() -> None:
    assert _reach(3, 0) == "全市符合 不足 10 家，还差信息 0 家"
    assert _reach(120, 15) == "全市符合 120 家，还差信息 15 家"


def test_the_reach_is_worked_out_once_until_something_changes(
    there: Firm, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, reaches, counted = drafted(session), Reaches(tmp_path), 0
    today = date(2026, 3, 2)

    def count(*args: Any) -> Any:
        nonlocal counted
        counted += 1
        return match_firms(*args)

    monkeypatch.setattr(reaching, "match_firms", count)
    first = reaches.of(session, row, NOTHING, today)
    assert (reaches.of(session, row, NOTHING, today), counted) == (first, 1)
    there.learn(session, size="微型")
    assert reaches.of(session, row, NOTHING, today)[1] >= 1
    assert counted == 2
    reaches.of(session, row, NOTHING, date(2026, 3, 3))
    assert counted == 3
    changed = drafted(session, ENTRY.text.replace("least_yuan: 10000", "least_yuan: 20000"))
    reaches.of(session, changed, NOTHING, date(2026, 3, 3))
    assert (changed.id, counted) == (row.id, 4)
