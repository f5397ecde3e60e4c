"""Demands, applications and authorisations as the firm sees them: values only, in its reader's language."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.i18n import gettext as _
from portals.financing.demands import lacking, repository
from portals.financing.demands.authorisation import DAYS
from portals.financing.demands.clocks import LABELS, running
from portals.financing.demands.models import Application, Authorisation, Demand
from portals.financing.demands.reasons import reasons
from portals.financing.demands.schemas import COLLATERALS, PURPOSES, ROUTINGS, WISHED, Candidate
from portals.financing.demands.states import (
    APPLICATION_LABELS,
    DEMAND_LABELS,
    OPEN,
    ApplicationState,
    DemandState,
    commands_from,
    demand_may,
)
from portals.financing.demands.words import AUTHORISATION_LABELS, EVENTS, said
from portals.financing.institutions import institution
from portals.financing.products.matching import Match, Verdict
from portals.financing.products.offered import OfferedSet
from portals.financing.profile.items import data_items

Tone = Literal["good", "wait", "bad", "plain"]
_WITH_A_GUARANTOR = frozenset(
    {
        ApplicationState.GUARANTEE_REQUESTED,
        ApplicationState.GUARANTEE_ISSUED,
        ApplicationState.GUARANTEE_REFUSED,
    }
)


class DemandRow(msgspec.Struct, frozen=True, kw_only=True):
    """One demand in a list."""

    id: uuid.UUID
    number: str
    amount_fen: int
    term_months: int
    purpose: str
    purpose_label: str
    state: str
    state_label: str
    created_at: datetime


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that runs, until when, and whether it is over."""

    name: str
    label: str
    due_at: datetime
    due_on: date
    is_over: bool


class ApplicationView(msgspec.Struct, frozen=True, kw_only=True):
    """One bank's part: where it stands, what it owes, and why it declined and what the firm can do.

    ``may_ask_guarantee``: this is the moment, if the offer wants one; ``has_asked_guarantee``: a guarantor has it or had it.
    """

    id: uuid.UUID
    bank_code: str
    bank_name: str
    bank_hotline: str
    product_id: str
    product_title: str
    position: int
    state: str
    state_label: str
    tone: Tone
    limit_fen: int | None
    routed_at: datetime
    clock: ClockView | None
    breaches: tuple[str, ...]
    reason: str
    reason_note: str
    mend: str
    may_ask_guarantee: bool
    has_asked_guarantee: bool


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history."""

    at: datetime
    text: str
    who: str
    reason: str
    note: str
    application_id: uuid.UUID | None


class DemandDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A demand with its banks and its history."""

    row: DemandRow
    purpose_note: str
    repayment_label: str
    collateral_labels: tuple[str, ...]
    routing: str
    routing_label: str
    applications: tuple[ApplicationView, ...]
    waiting: tuple[str, ...]
    events: tuple[EventView, ...]
    may_post: bool
    may_withdraw: bool
    is_authorised: bool


class PreviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A product looked at for this demand. ``misfits`` say in words what does not fit on the demand's side, ``lacking``
    which of the product's conditions the firm does not meet."""

    product_id: str
    title: str
    bank_name: str
    verdict: Verdict
    limit_fen: int | None
    low_bp: int
    high_bp: int
    misfits: tuple[str, ...]
    lacking: tuple[str, ...]
    place: int | None


class ItemRow(msgspec.Struct, frozen=True, kw_only=True):
    item: str
    title: str
    why: str
    is_needed: bool
    is_suggested: bool


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """Who would be asked, in order (``place``), who not and why, and what they would need to read."""

    demand: DemandRow
    rows: tuple[PreviewRow, ...]
    items: tuple[ItemRow, ...]
    days: tuple[int, ...]


class AccessView(msgspec.Struct, frozen=True, kw_only=True):
    """One reading."""

    at: datetime
    bank_name: str
    items: tuple[str, ...]
    by: str


class AuthorisationView(msgspec.Struct, frozen=True, kw_only=True):
    """One authorisation with everybody who read by it."""

    id: uuid.UUID
    demand_id: uuid.UUID
    demand_number: str
    state: str
    state_label: str
    is_live: bool
    items: tuple[str, ...]
    banks: tuple[str, ...]
    is_once: bool
    given_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    accesses: tuple[AccessView, ...]


def demands_of(session: Session, firm_id: int) -> list[DemandRow]:
    """The newest first."""
    return [_row(one) for one in repository.demands_of(session, firm_id)]


def detail_of(session: Session, demand: Demand, offered: OfferedSet, now: datetime) -> DemandDetail:
    applications = repository.applications_of(session, demand.id)
    banks = {one.id: institution(one.bank_code).title for one in applications}
    state = DemandState(demand.state)
    given = [one for one in repository.authorisations_of(session, demand.id) if one.given_at is not None]
    return DemandDetail(
        row=_row(demand),
        purpose_note=demand.purpose_note,
        repayment_label=_(WISHED[demand.repayment]),
        collateral_labels=tuple(_(COLLATERALS[one]) for one in demand.collateral),
        routing=demand.routing,
        routing_label=_(ROUTINGS[demand.routing]),
        applications=tuple(_application(one, offered, now) for one in applications),
        waiting=tuple(institution(one["bank_code"]).title for one in demand.waiting),
        events=tuple(_events(session, demand, banks)),
        may_post=state in (DemandState.DRAFT, DemandState.DATA_AUTHORISED),
        may_withdraw=demand_may(state, "withdraw"),
        is_authorised=bool(given) and _is_live(given[0], now),
    )


def preview_of(
    demand: Demand,
    matches: Sequence[Match],
    candidates: Sequence[Candidate],
    suggested: Sequence[str],
    failing: Mapping[str, tuple[str, ...]],
) -> Preview:
    """``failing``: by product, the conditions that the firm does not meet. Of those not asked the nearest come first."""
    places = {one.product_id: place for place, one in enumerate(candidates, start=1)}
    rows = [
        PreviewRow(
            product_id=one.product.document.id,
            title=said(one.product.document.title, one.product.document.title_en),
            bank_name=institution(one.product.document.institution).title,
            verdict=one.verdict,
            limit_fen=one.limit_fen,
            low_bp=one.product.document.rate.low_bp,
            high_bp=one.product.document.rate.high_bp,
            misfits=lacking.of_the_demand(one),
            lacking=failing.get(one.product.document.id, ()),
            place=places.get(one.product.document.id),
        )
        for one in matches
        if one.product.document.kind == "loan"
    ]
    order = {"eligible": 0, "unknown": 1, "ineligible": 2}

    def place(one: PreviewRow) -> tuple[int, int, int, str]:
        return (
            one.place or 99,
            order[one.verdict],
            2 * len(one.lacking) + len(one.misfits),
            one.product_id,
        )

    return Preview(
        demand=_row(demand),
        rows=tuple(sorted(rows, key=place)),
        items=tuple(
            ItemRow(
                item=one.code,
                title=one.title,
                why=one.why,
                is_needed=one.needed,
                is_suggested=one.code in suggested,
            )
            for one in data_items().values()
        ),
        days=DAYS,
    )


def authorisations_of(session: Session, firm_id: int, now: datetime) -> list[AuthorisationView]:
    """The newest first, each with its readings."""
    found = []
    for row, demand in repository.authorisations_of_firm(session, firm_id):
        readings = repository.accesses_of_firm(session, firm_id, authorisation_id=row.id)
        is_live = _is_live(row, now)
        state = "expired" if row.state == "authorised" and not is_live else row.state
        found.append(
            AuthorisationView(
                id=row.id,
                demand_id=demand.id,
                demand_number=demand.number,
                state=state,
                state_label=_(AUTHORISATION_LABELS[state]),
                is_live=is_live,
                items=tuple(data_items()[one].title for one in row.items),
                banks=tuple(institution(one).title for one in row.bank_codes),
                is_once=row.is_once,
                given_at=row.given_at or row.asked_at,
                expires_at=row.expires_at,
                ended_at=row.ended_at,
                accesses=tuple(
                    AccessView(
                        at=one.at,
                        bank_name=institution(one.bank_code).title,
                        items=tuple(data_items()[item].title for item in one.items),
                        by=_("银行系统接口") if one.seat_id is None else _("银行工作人员"),
                    )
                    for one in readings
                ),
            )
        )
    return found


def _is_live(row: Authorisation, now: datetime) -> bool:
    return row.state == "authorised" and row.expires_at > now


def _row(one: Demand) -> DemandRow:
    return DemandRow(
        id=one.id,
        number=one.number,
        amount_fen=one.amount_fen,
        term_months=one.term_months,
        purpose=one.purpose,
        purpose_label=_(PURPOSES[one.purpose]),
        state=one.state,
        state_label=_(DEMAND_LABELS[DemandState(one.state)]),
        created_at=one.created_at,
    )


def _application(one: Application, offered: OfferedSet, now: datetime) -> ApplicationView:
    state, bank = ApplicationState(one.state), institution(one.bank_code)
    product = offered.by_id.get(one.product_id)
    # One that was taken off offer since is shown by its bank alone: its number would tell a firm nothing.
    title = "" if product is None else said(product.document.title, product.document.title_en)
    clock = next(iter(running(one.state, one.routed_at, one.contracted_at)), None)
    reason = reasons().get(one.reason_code or "")
    return ApplicationView(
        id=one.id,
        bank_code=one.bank_code,
        bank_name=bank.title,
        bank_hotline=bank.phone,
        product_id=one.product_id,
        product_title=title,
        position=one.position,
        state=one.state,
        state_label=_(APPLICATION_LABELS[state]),
        tone=_tone(state),
        limit_fen=one.limit_fen,
        routed_at=one.routed_at,
        clock=None
        if clock is None
        else ClockView(
            name=clock.name,
            label=_(LABELS[clock.name]),
            due_at=clock.due_at,
            due_on=(clock.due_at - timedelta(seconds=1)).astimezone(SHANGHAI).date(),
            is_over=clock.due_at <= now,
        ),
        breaches=tuple(_(LABELS[breach["clock"]]) for breach in one.breaches),
        reason="" if reason is None else reason.text,
        reason_note=one.reason_note or "",
        mend="" if reason is None else reason.mend,
        may_ask_guarantee="request_guarantee" in commands_from(state, "firm"),
        has_asked_guarantee=state in _WITH_A_GUARANTOR,
    )


def _events(session: Session, demand: Demand, banks: dict[uuid.UUID, str]) -> list[EventView]:
    found = []
    for one in reversed(repository.events_of(session, demand.id)):
        text = EVENTS.get(one.command)
        is_said_by_the_bank = one.command == "route" and one.application_id is None
        if text is not None and not is_said_by_the_bank:
            reason = reasons().get(one.reason_code or "")
            found.append(
                EventView(
                    at=one.at,
                    text=_(text),
                    who=banks.get(one.application_id, "") if one.application_id else "",
                    reason="" if reason is None else reason.text,
                    note=one.note,
                    application_id=one.application_id,
                )
            )
    return found


def _tone(state: ApplicationState) -> Tone:
    if state in (ApplicationState.OFFERED, ApplicationState.DISBURSED, ApplicationState.CONTRACTED):
        return "good"
    if state in (ApplicationState.DECLINED, ApplicationState.UNANSWERED, ApplicationState.GUARANTEE_REFUSED):
        return "bad"
    return "wait" if state in OPEN else "plain"
