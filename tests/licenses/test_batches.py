"""Bulk issue: once, whatever happens in between, and row by row honest."""

import pytest
import sqlalchemy as sa

from identity.registry import service as registry
from kernel.errors import Conflict, Forbidden
from kernel.house import House
from kernel.notices import Notice
from kernel.outbox import OutboxMessage, Worker
from licenses import batches, jobs, repository, service
from licenses.batches import BatchRow, issue_batch
from licenses.identifier import parse_identifier
from licenses.models import Licence
from licenses.verification import check_licence
from tests.licenses.samples import id_number

CARD = {"bank": "演示银行", "card_tail": "0001"}


@pytest.fixture
def people(any_house: House) -> list[str]:
    numbers = [id_number(serial) for serial in range(1, 151)]
    with any_house.database.write() as session:
        for number in numbers:
            registry.ensure(
                session,
                kind="person",
                name="某人",
                identifier_kind="id_number",
                identifier=number,
                vault=any_house.vault,
                now=any_house.clock.now(),
            )
    return numbers


def _issue(house: House, rows: list[BatchRow], key: str = "2026-11", **more: object) -> batches.BatchResult:
    return issue_batch(
        house,
        type_id="social-security-card",
        key=key,
        rows=rows,
        actor="test",
        **more,  # type: ignore[arg-type]
    )


def _count(house: House, table: type) -> int:
    with house.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_identifiers_of_a_great_day_do_not_meet(any_house: House, people: list[str]) -> None:
    """The chance that among a hundred thousand of one day two are the same is below one in a million."""
    _issue(any_house, [BatchRow(number, CARD) for number in people])
    with any_house.database.read() as session:
        drawn = [parse_identifier(one).serial[8:] for one in session.scalars(sa.select(Licence.identifier))]
    assert 100_000**2 / 2 / 10 ** min(map(len, drawn)) < 1e-6
    assert len(set(drawn)) == len(people)


def test_a_list_is_issued_once_and_what_does_not_fit_is_named(any_house: House, people: list[str]) -> None:
    rows = [BatchRow(number, CARD) for number in people]
    rows[3] = BatchRow(people[3], {"bank": "演示银行"})
    rows[5] = BatchRow(people[4], CARD)
    rows[7] = BatchRow("nobody", CARD)
    seen: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        seen.append((done, total))

    first = _issue(any_house, rows, on_progress=note)
    assert (first.issued, first.unchanged, [row for row, _why in first.refusals]) == (147, 0, [4, 6, 8])
    assert seen == [(128, 150), (150, 150)]
    assert _issue(any_house, rows) == first
    assert _count(any_house, Licence) == 147


def test_every_one_of_them_verifies_and_tells_the_engine(any_house: House, people: list[str]) -> None:
    _issue(any_house, [BatchRow(number, CARD) for number in people[:70]])
    with any_house.database.read() as session:
        licences = repository.latest(session, limit=100)
        assert {check_licence(session, any_house, one).result for one in licences[:5]} == {"valid"}
        topics = session.scalars(sa.select(OutboxMessage.topic)).all()
    assert len({one.status_index for one in licences}) == len(licences) == topics.count("licence.facts") == 70


def test_every_holder_is_told_once_by_the_worker(any_house: House, people: list[str]) -> None:
    worker = Worker(any_house.database, any_house.clock, jobs.handlers(any_house))
    for _ in range(2):  # the second time nothing is issued, and nobody is told again
        _issue(any_house, [BatchRow(number, CARD) for number in people])
        with any_house.database.write() as session:
            others = sa.delete(OutboxMessage).where(OutboxMessage.topic != batches.ISSUED_TOPIC)
            session.execute(others)
        worker.run_until_idle()
    with any_house.database.read() as session:
        told = list(session.scalars(sa.select(Notice.subject_id)))
        holders = set(session.scalars(sa.select(Licence.holder_id)))
        links = set(session.scalars(sa.select(Notice.link)))
    assert (len(told), set(told)) == (len(people), holders)
    assert len(links) == len(people)


def test_it_goes_on_where_it_was_interrupted(
    any_house: House, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [BatchRow(number, CARD) for number in people]

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _issue(any_house, rows, on_progress=stop)
    assert _count(any_house, Licence) == 128
    assert _issue(any_house, rows).issued == 150
    assert _count(any_house, Licence) == 150


def test_the_same_key_for_another_list_is_refused(any_house: House, people: list[str]) -> None:
    _issue(any_house, [BatchRow(people[0], CARD)])
    with pytest.raises(Conflict):
        _issue(any_house, [BatchRow(people[1], CARD)])


def test_the_same_content_changes_nothing_and_new_content_is_the_next_version(
    any_house: House, people: list[str]
) -> None:
    _issue(any_house, [BatchRow(number, CARD) for number in people[:3]], "a")
    other = [BatchRow(people[0], CARD | {"bank": "别的银行"}), *(BatchRow(one, CARD) for one in people[1:3])]
    result = _issue(any_house, other, "b")
    assert (result.issued, result.unchanged) == (1, 2)
    with any_house.database.read() as session:
        [newest] = repository.latest(session, limit=1)
        before = repository.by_id(session, newest.previous_id) if newest.previous_id else None
        assert before is not None
        assert before.superseded_at is not None
        assert service.number(any_house, before) == service.number(any_house, newest)


def test_a_connector_issues_no_list_of_another_department(any_house: House) -> None:
    with pytest.raises(Forbidden):
        issue_batch(any_house, type_id="social-security-card", key="k", rows=[], actor="connector:technology")


def test_holders_are_looked_up_by_who_they_are_however_few_were_replaced(house: House) -> None:
    """Without statistics SQLite takes an index over ``superseded_at`` for a good one, and reads all five million rows."""
    statement = str(
        sa.select(Licence.id)
        .where(Licence.holder_id.in_([1, 2]), Licence.type_id == "x", Licence.superseded_at.is_(None))
        .compile(house.database.engine, compile_kwargs={"literal_binds": True})
    )
    with house.database.read() as session:
        [plan] = session.execute(sa.text(f"EXPLAIN QUERY PLAN {statement}"))
    assert "ix_licence_holder_id_type_id" in plan[3]
