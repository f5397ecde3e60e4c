"""The library of the demonstration in force: published by two seats as any policy is, but for one that waits to be."""

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.notices.summonses import silence_all
from kernel.outbox import Handler, Message, TryLater, Worker
from policy_engine.catalogue import catalogue
from policy_engine.delivery import service as delivery
from policy_engine.delivery.claims.service import CHECK_ACCOUNT
from policy_engine.delivery.ledger.models import Budget
from policy_engine.matching.simulation import Simulation, shadow_figures, simulate
from policy_engine.policies import repository, reviewing
from policy_engine.policies import service as policies
from policy_engine.policies.checking import standing_of
from policy_engine.policies.dependencies import strata
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hashing import document_of
from policy_engine.policies.library import LibraryEntry, library
from policy_engine.policies.published import PublishedPolicies, PublishedSet, with_version
from policy_engine.policies.reviewing import Review
from policy_engine.policies.states import PolicyState
from policy_engine.profiles.snapshot import cached
from portals.demo.cast import Cast
from portals.demo.seats import principal_on

#: Left as a draft, so that two people can publish it before one's eyes.
DRAFT = "yangxin-elderly-allowance"
#: What a fiscal authority sets aside where a document names no sum: enough for a city of some ten thousands.
DEFAULT_BUDGET_FEN = 20_000_000_00


def publish_library(house: House, cast: Cast, progress: Callable[[float], None]) -> None:
    """Draft, submit, review, verify, approve, publish and widen every document but one, then match the whole city."""
    published = PublishedPolicies()
    entries = library()
    levels = strata([entry.document for entry in entries])
    # What others stand on comes first.
    entries = sorted(entries, key=lambda entry: levels[entry.document.id, entry.document.version])
    for entry in entries:
        with house.database.write(timeout=60) as session:
            _publish(session, house, cast, published, entry, is_draft_only=entry.document.id == DRAFT)
    _match_everything(house, progress, len(entries))


def publish_missing(house: House, cast: Cast) -> None:
    """Publish what the library has and the store never had; a running worker matches it."""
    published = PublishedPolicies()
    with house.database.read() as session:
        known = repository.known_ids(session)
    entries = [entry for entry in library() if entry.document.id not in known]
    for entry in entries:
        with house.database.write(timeout=60) as session:
            _publish(session, house, cast, published, entry, is_draft_only=entry.document.id == DRAFT)


def _publish(
    session: Session,
    house: House,
    cast: Cast,
    published: PublishedPolicies,
    entry: LibraryEntry,
    *,
    is_draft_only: bool,
) -> None:
    now, document = house.clock.now(), entry.document
    author = principal_on(session, house, cast, "author")
    publisher = principal_on(session, house, cast, "publisher")
    current = published.current(session)
    version = policies.save_draft(
        session, text=entry.text, cases_text=entry.cases_text, actor=author, published=current, now=now
    )
    if is_draft_only:
        return
    findings = Review(
        legality="条款与公开文件逐条核对一致", fair_competition="不涉及市场准入限制", funds="按演示预算安排"
    )
    finance = principal_on(session, house, cast, "finance")
    reviewing.submit(session, version.id, actor=author, now=now)
    reviewing.review(session, version.id, actor=publisher, published=current, findings=findings, now=now)
    reviewing.verify(session, version.id, actor=author, published=current, now=now)
    if document.benefit is not None:
        reviewing.fund(session, version.id, actor=finance, note="演示预算", now=now)
    figures = shadow_figures(_shadow_run(house, session, current, document))
    reviewing.note_shadow_run(session, version.id, actor=publisher, figures=figures, now=now)
    reviewing.approve(session, version.id, actor=publisher, published=current, now=now)
    policies.publish(session, version.id, actor=publisher, now=now)
    if version.state_on(house.clock.today()) != PolicyState.EXPIRED:
        policies.widen(session, version.id, actor=publisher, now=now)


def _shadow_run(
    house: House, session: Session, current: PublishedSet, document: PolicyDocument
) -> Simulation:
    """What the policy would do to the city of the demonstration, as its approver sees it."""
    as_of = max(house.clock.today(), document.effective_from)
    snapshot = cached(session, house.settings.home / "snapshot", as_of)
    proposed = with_version(current, document, standing_of(document, catalogue()))
    return simulate(snapshot, current, proposed, document, as_of=as_of, has_overlaps=False)


def _match_everything(house: House, progress: Callable[[float], None], count: int) -> None:
    """Let the worker's own handlers match and offer, as after any publication."""
    from policy_engine.delivery import rematching
    from portals.joining import open_services

    services = open_services(house)
    done = 0
    handlers = rematching.handlers(house, services.published, services.ports)

    def counted(message: Message) -> None:
        nonlocal done
        handlers[message.topic](message)
        done += 1
        progress(min(1.0, done / (2 * count)))

    def after_opening(_message: Message) -> None:
        raise TryLater(timedelta(minutes=2), "the bank is asked when the house is open")

    quiet: dict[str, Handler] = {**dict.fromkeys(handlers, counted), CHECK_ACCOUNT: after_opening}
    worker = Worker(house.database, house.clock, quiet)
    worker.run_until_idle(rounds=100_000)
    # Two thousand summonses would tell nobody anything: the first matches stand in the inboxes only.
    with house.database.write(timeout=60) as session:
        silence_all(session)


def open_budgets(session: Session, house: House) -> None:
    """A budget of this year and the next, in every fiscal authority, for every policy that pays and never had one."""
    funded = set(session.scalars(sa.select(Budget.policy_id)))
    for row in repository.live_versions(session):
        document = document_of(row)
        if document.id in funded or document.benefit is None or document.funding is None:
            continue
        funding = document.funding
        divisions = ("420200", "420222", "420281") if funding.authority == "local" else (funding.authority,)
        year = house.clock.today().year
        for division in divisions:
            for when in (year, year + 1):
                named = [one for one in funding.appropriations if one.year == when]
                delivery.open_budget(
                    session,
                    policy_id=document.id,
                    division=division,
                    year=when,
                    appropriation=named[0].account if named else f"{document.title}（演示预算）",
                    kind=funding.kind,
                    amount_fen=named[0].budget_fen if named else DEFAULT_BUDGET_FEN,
                    fund_source=funding.fund,
                    now=house.clock.now(),
                )


__all__ = ["open_budgets", "publish_library"]
