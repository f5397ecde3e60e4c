"""Awards and payments as their people see them, and as a finance seat does."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards.schemas import AwardView
from policy_engine.delivery.claims.standing import subjects_of
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.ledger.schemas import BudgetView
from policy_engine.delivery.payments import listing
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.listing import Fits
from policy_engine.delivery.payments.models import PaymentBatch
from policy_engine.delivery.payments.schemas import BatchView, PaymentPage, PaymentView, ReadyGroup
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import PaymentState
from policy_engine.delivery.views.parts import award_views, heads_of, payment_views, titles_said
from policy_engine.delivery.views.work import NAMES_OPENED, is_number

#: Lines of one answer; the counts are of all.
MOST_SHOWN: Final = 500
#: Nobody turns more pages of what is not counted.
FARTHEST: Final = 1_000_000


class PaymentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """``words``: a whole 办件编号, or part of a name. ``is_held`` null: held or not."""

    policy: str = ""
    words: str = ""
    is_held: bool | None = None


def my_awards(session: Session, ports: Ports, principal: Principal, *, now: datetime) -> list[AwardView]:
    awards = award_rows.awards_of(session, subjects_of(session, ports, principal, now))
    return award_views(session, ports, awards, now)


def my_payments(session: Session, ports: Ports, principal: Principal, *, now: datetime) -> list[PaymentView]:
    payments = payment_rows.payments_of(session, subjects_of(session, ports, principal, now))
    return payment_views(session, ports, payments, now)


def payments_page(
    session: Session,
    ports: Ports,
    principal: Principal,
    states: Iterable[PaymentState],
    wanted: PaymentFilter,
    *,
    now: datetime,
    limit: int,
    offset: int = 0,
) -> PaymentPage:
    """One page of those in the seat's division that fit; what arrived is told the newest first, and not counted up."""
    seat = _money_seat(principal)
    everything = Fits(division=seat.division, states=tuple(states))
    is_past = PaymentState.PAID in everything.states
    counts: list[listing.Group] = [] if is_past else listing.groups(session, everything)
    policies = _titles(session, ports, counts) if counts else _policies_with_books(session, ports, seat)
    fits, are_names_cut = _fitting(session, ports, everything, wanted, is_newest_first=is_past)
    fits = msgspec.structs.replace(fits, is_held=wanted.is_held)
    found, total = None, None
    if not is_past:
        sums = counts if fits == everything else listing.groups(session, fits)
        found, total = sum(one.count for one in sums), sum(one.fen for one in sums)
        offset = max(0, min(offset, (found - 1) // limit * limit))
    # One more than is shown tells whether there is a next page of what is not counted.
    payments = listing.listed(
        session, fits, limit=limit + 1, offset=min(offset, FARTHEST), is_newest_first=is_past
    )
    return PaymentPage(
        items=tuple(payment_views(session, ports, payments[:limit], now)),
        offset=offset,
        has_more=len(payments) > limit,
        found=found,
        total_fen=total,
        policies=policies,
        are_names_cut=are_names_cut,
    )


def payment_sums(session: Session, principal: Principal, states: Iterable[PaymentState]) -> tuple[int, int]:
    """How many payments of the seat's division are in these states, and how much they come to."""
    fits = Fits(division=_money_seat(principal).division, states=tuple(states))
    found = listing.groups(session, fits)
    return sum(one.count for one in found), sum(one.fen for one in found)


def batches(session: Session, principal: Principal, *, limit: int = 50, offset: int = 0) -> list[BatchView]:
    """The newest first; how far each has come is counted for all of them at once."""
    seat = _money_seat(principal)
    found = listing.batches(session, seat.division, limit=limit, offset=min(offset, FARTHEST))
    return _batch_views(session, found)


def batch_view(session: Session, batch_id: uuid.UUID, principal: Principal) -> BatchView:
    return _batch_views(session, [_batch_at(session, batch_id, principal)])[0]


def batch_payments(
    session: Session,
    ports: Ports,
    batch_id: uuid.UUID,
    principal: Principal,
    wanted: PaymentFilter | None = None,
    *,
    now: datetime,
    limit: int = MOST_SHOWN,
    offset: int = 0,
) -> tuple[BatchView, PaymentPage]:
    """A batch and one page of its payments, what came back first."""
    batch = _batch_at(session, batch_id, principal)
    everything = Fits(batch_id=batch_id)
    fits, are_names_cut = _fitting(session, ports, everything, wanted or PaymentFilter())
    found = listing.how_many(session, fits)
    offset = max(0, min(offset, (found - 1) // limit * limit))
    payments = listing.listed(session, fits, limit=limit, offset=offset)
    return _batch_views(session, [batch])[0], PaymentPage(
        items=tuple(payment_views(session, ports, payments, now)),
        offset=offset,
        has_more=offset + limit < found,
        found=found,
        total_fen=None,
        policies=(),
        are_names_cut=are_names_cut,
    )


def ready_groups(session: Session, ports: Ports, principal: Principal) -> list[ReadyGroup]:
    """What a finance seat could pay in one go, by policy and period, the largest first."""
    seat = _money_seat(principal)
    return [
        ReadyGroup(
            policy_id=policy_id,
            title=ports.terms(session, policy_id).named.said,
            period=period,
            count=count,
            total_fen=total_fen,
        )
        for policy_id, period, count, total_fen in payment_rows.groups_ready(session, seat.division, 100)
    ]


def budgets(session: Session, principal: Principal) -> list[BudgetView]:
    """The books of the seat's division: what was appropriated and where it stands."""
    seat = _money_seat(principal)
    rows = [budget for budget in ledger_rows.budgets(session) if encloses(seat.division, budget.division)]
    pockets = ledger_rows.balances_of_each(session)
    return [_budget_view(budget, pockets[budget.id]) for budget in rows]


def _money_seat(principal: Principal) -> SeatView:
    seat = principal.seat
    if seat is None or not seat.duties & {"payment.approve", "audit.read"}:
        raise Forbidden(_("查看资金不属于您所在席位的职责。"))
    return seat


def _batch_at(session: Session, batch_id: uuid.UUID, principal: Principal) -> PaymentBatch:
    """``NotFound`` outside the seat's place."""
    seat = _money_seat(principal)
    batch = payment_rows.get_batch(session, batch_id)
    if batch is None or not encloses(seat.division, batch.division):
        raise NotFound(_("没有找到您要的内容。"))
    return batch


def _fitting(
    session: Session, ports: Ports, everything: Fits, wanted: PaymentFilter, *, is_newest_first: bool = False
) -> tuple[Fits, bool]:
    """The filter in the store's terms, and whether there are more people than names are opened of."""
    fits = msgspec.structs.replace(everything, policy_id=wanted.policy)
    words = wanted.words.strip()
    if not words:
        return fits, False
    if is_number(words):
        return msgspec.structs.replace(fits, case_number=words), False
    people, is_cut = listing.people_listed(session, fits, NAMES_OPENED, is_newest_first=is_newest_first)
    names = ports.people.names_of(session, people)
    called = [number for number, name in names.items() if words in name]
    return msgspec.structs.replace(fits, people=called), is_cut


def _titles(session: Session, ports: Ports, counts: Iterable[listing.Group]) -> tuple[tuple[str, str], ...]:
    heads = heads_of(session, ports, {(one.policy_id, one.version) for one in counts})
    return _by_title({policy_id: head.title for (policy_id, _version), head in heads.items()})


def _policies_with_books(session: Session, ports: Ports, seat: SeatView) -> tuple[tuple[str, str], ...]:
    """Of what was paid already the books tell which policies it can have been."""
    found = {one.policy_id for one in ledger_rows.budgets(session) if encloses(seat.division, one.division)}
    return _by_title(titles_said(session, ports, found))


def _by_title(titles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(titles.items(), key=lambda one: (one[1], one[0])))


def _batch_views(session: Session, batches: Sequence[PaymentBatch]) -> list[BatchView]:
    settled = listing.settled_of_batches(session, [batch.id for batch in batches])
    return [
        BatchView(
            id=batch.id,
            number=batch.number,
            approved_by_name=batch.approved_by_name,
            approved_at=batch.approved_at,
            payment_count=batch.payment_count,
            total_fen=batch.total_fen,
            held_count=batch.held_count,
            paid_count=settled[batch.id].get(PaymentState.PAID, 0),
            returned_count=settled[batch.id].get(PaymentState.RETURNED, 0),
            state=batch.state,
            planned_count=batch.planned_count,
            planned_fen=batch.planned_fen,
            tried_count=batch.tried_count,
            part=batch.part,
            window_until_at=batch.window_until_at,
            stop_reason=batch.stop_reason or "",
        )
        for batch in batches
    ]


def _budget_view(budget: Budget, pockets: Mapping[str, int]) -> BudgetView:
    return BudgetView(
        id=budget.id,
        policy_id=budget.policy_id,
        division=budget.division,
        fund_source=budget.fund_source,
        year=budget.year,
        appropriation=budget.appropriation,
        kind=budget.kind,
        appropriated_fen=-pockets["appropriation"],
        available_fen=pockets["available"],
        reserved_fen=pockets["reserved"],
        instructed_fen=pockets["instructed"],
        paid_fen=pockets["paid"],
    )
