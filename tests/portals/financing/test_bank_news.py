"""What banks' systems are told: a sample of every kind on paper, what we send held against it, and a bank that is too slow."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy.orm import Session

from connectors.lenders.messages import BankNews
from connectors.resilience import Watch
from connectors.simulators.lenders import routes as simulated
from identity.clients import outward
from identity.registry.identifiers import uscc_check_character
from kernel.outbox import Worker
from portals.financing.banks import jobs
from portals.financing.demands import jobs as clocks
from portals.financing.demands import notices, routing
from portals.financing.demands.clocks import end_of
from portals.financing.demands.models import Application
from portals.financing.demands.states import ApplicationState as A
from tests.portals.financing import lending
from tests.portals.financing.town import Town

BANK = "fuhe-bank"
CONTRACT = Path(__file__).parents[2] / "connectors" / "contracts" / "bank_news.json"
SAMPLES: dict[str, dict[str, Any]] = msgspec.json.decode(CONTRACT.read_bytes())
#: Steps of a loan, which ``TO_BANK`` (of applications) does not name.
OF_LOANS = {"confirm_receipt", "compensate"}


def shape(news: dict[str, Any]) -> dict[str, str]:
    return {name: type(value).__name__ for name, value in news.items()}


def test_every_kind_of_news_has_its_sample() -> None:
    assert set(SAMPLES) == set(notices.TO_BANK) | OF_LOANS


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_what_is_sent_is_what_the_paper_says(kind: str) -> None:
    """Field by field: the sample reads as ours, and ours writes as the sample."""
    sample = SAMPLES[kind]
    read = msgspec.convert(sample, BankNews)
    assert (read.type, str(read.id)) == (kind, sample["id"])
    assert msgspec.to_builtins(read) == sample
    sent = jobs.News(
        bank_code=read.bank,
        command=kind,
        at=read.occurred_at,
        application_id=read.application_id,
        loan_id=read.loan_id,
    )
    told = msgspec.to_builtins(jobs.told(read.id, msgspec.convert(msgspec.to_builtins(sent), jobs.News)))
    assert shape(told) == shape(sample)
    assert told == sample


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = Town(tmp_path)
    yield opened
    opened.close()


def posted(town: Town) -> uuid.UUID:
    first_17 = "91429999000020001"
    with town.house.database.write() as session:
        firm_id = lending.registered_firm(session, town.house, first_17 + uscc_check_character(first_17))
        (application,) = lending.posted(session, firm_id, town.clock.now(), BANK)
        return application.id


def read(town: Town, look: Callable[[Session], Any]) -> Any:
    with town.house.database.read() as session:
        return look(session)


def test_a_bank_that_is_too_slow_holds_nobody_up_and_its_breach_stays_on_record(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its system answers later than anybody waits, and never takes anything on."""
    monkeypatch.setattr(outward, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(simulated, "SLOW_SECONDS", 1.0)
    town.behave(BANK, "slow")
    asked = posted(town)
    watch = Watch(town.house.ephemeral, town.clock)
    send_by_an_impatient_worker(town)
    for _ in range(5):  # each waits a fifth of a second, and the news is tried again later
        town.send_news()
        town.clock.move(timedelta(minutes=15))
    assert watch.breaker(jobs.system_of(BANK)).state == "open"
    assert watch.notes(jobs.system_of(BANK)).read() is not None
    town.send_news()  # refused by the breaker before anything is sent: still waiting, nothing lost
    assert waiting_news(town) == 1

    routed_at = read(town, lambda session: session.get_one(Application, asked).routed_at)
    for days in (1, 3):
        town.clock.set(end_of(routed_at.date(), days) + timedelta(minutes=1))
        clocks.ring_due(town.house)
    application = read(town, lambda session: session.get_one(Application, asked))
    assert [one["clock"] for one in application.breaches] == ["accept", "contact"]
    assert application.state == A.UNANSWERED
    record = read(town, lambda session: routing.records_of(session, town.clock.now()))
    assert record.breach_permille[BANK] > 0


def send_by_an_impatient_worker(town: Town) -> None:
    """One that waits for an answer as long as ``ANSWER_SECONDS`` says now."""
    town.worker = Worker(town.house.database, town.clock, jobs.handlers(town.house))


def waiting_news(town: Town) -> int:
    return read(
        town,
        lambda session: (
            session.connection()
            .exec_driver_sql(
                "SELECT count(*) FROM outbox_message WHERE topic = 'financing.news' AND done_at IS NULL"
            )
            .scalar()
        ),
    )


def test_news_reaches_a_bank_that_answers_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(simulated, "SLOW_SECONDS", 1.0)
    town.behave(BANK, "slow")
    posted(town)
    send_by_an_impatient_worker(town)
    town.send_news()
    assert waiting_news(town) == 1
    town.behave(BANK, "off")
    monkeypatch.setattr(outward, "ANSWER_SECONDS", 20.0)
    send_by_an_impatient_worker(town)
    town.clock.move(timedelta(minutes=15))
    town.send_news()
    assert waiting_news(town) == 0
