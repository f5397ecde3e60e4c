"""What pages and the API do with money, each in one transaction."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from kernel import audit
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import encloses
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.ledger import repository as ledger
from policy_engine.delivery.ledger.looking import ask, last_look
from policy_engine.delivery.ledger.schemas import BudgetView
from policy_engine.delivery.payments.schemas import BatchView, PaymentPage, PaymentView
from policy_engine.delivery.states import PaymentState
from policy_engine.delivery.views import PaymentFilter
from policy_engine.delivery.views.parts import titles_said
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong.access import seat_of

S = PaymentState
#: The views of the payments page.
VIEWS: dict[str, tuple[PaymentState, ...]] = {
    "ready": (S.RESERVED,),
    "moving": (S.INSTRUCTED, S.TREASURY_ACCEPTED, S.BANK_SENT),
    "returned": (S.RETURNED,),
    "waiting": (S.DUE, S.AWAITING_FUNDS, S.WAITLISTED),
    "account": (S.ACCOUNT_MISSING,),
    "paid": (S.PAID,),
}
LONGEST_REFERENCE = 60
#: Lines of one table of a page, of one answer to a program, and of a file.
PAGE, MOST_LISTED, MOST_EXPORTED = 100, 500, 5_000
BATCHES = 20
#: Held payments shown beside those that are ready; one after the other they are released.
HELD = 20


class BudgetLine(msgspec.Struct, frozen=True, kw_only=True):
    """A budget with the policy's title and the place's name."""

    budget: BudgetView
    title: str
    place: str


class AlarmLine(msgspec.Struct, frozen=True, kw_only=True):
    """An entitlement that lacks money."""

    policy_id: str
    title: str
    division: str
    place: str
    year: int
    raised_at: datetime


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """The budgets of the seat's division, what lacks money, and whatever did not add up (nothing, when all is well) when
    the books were last looked through; null before they ever were."""

    budgets: tuple[BudgetLine, ...]
    alarms: tuple[AlarmLine, ...]
    defects: tuple[str, ...]
    looked_through_at: datetime | None


class BatchFile(msgspec.Struct, frozen=True, kw_only=True):
    """A batch with its payments."""

    batch: BatchView
    payments: tuple[PaymentView, ...]


def payments_in(
    services: Services,
    principal: Principal,
    view: str,
    wanted: PaymentFilter,
    *,
    limit: int,
    offset: int = 0,
) -> PaymentPage:
    """The payments of a view of the seat's division, the oldest first, what arrived the newest first.

    ``NotFound`` for no such view.
    """
    if view not in VIEWS:
        raise NotFound(_("没有找到您要的内容。"))
    house = services.house
    with house.database.read() as session:
        return views.payments_page(
            session,
            services.ports,
            principal,
            VIEWS[view],
            wanted,
            now=house.clock.now(),
            limit=limit,
            offset=offset,
        )


def sums_in(services: Services, principal: Principal, view: str) -> tuple[int, int]:
    """How many payments are in a view, and how much they come to."""
    with services.house.database.read() as session:
        return views.payment_sums(session, principal, VIEWS[view])


def approve(services: Services, principal: Principal, payment_ids: Sequence[uuid.UUID]) -> BatchView:
    """Instruct those chosen; each is judged once more on today's facts. Raises ``InvalidInput`` for none."""
    if not payment_ids:
        raise InvalidInput(_("请先勾选要支付的款项。"))
    house = services.house
    with house.database.write() as session:
        batch = delivery.approve_batch(
            session, services.ports, principal=principal, payment_ids=payment_ids, now=house.clock.now()
        )
        batch_id = batch.id
    return batch_as_it_stands(services, principal, batch_id)


def release(services: Services, principal: Principal, payment_id: uuid.UUID, reason: str) -> None:
    """A person looked at a held payment and lets it go on."""
    house = services.house
    with house.database.write() as session:
        delivery.release_payment(
            session, payment_id=payment_id, principal=principal, reason=reason, now=house.clock.now()
        )


def batches(services: Services, principal: Principal, *, limit: int, offset: int = 0) -> list[BatchView]:
    with services.house.database.read() as session:
        return views.batches(session, principal, limit=limit, offset=offset)


def batch_as_it_stands(services: Services, principal: Principal, batch_id: uuid.UUID) -> BatchView:
    with services.house.database.read() as session:
        return views.batch_view(session, batch_id, principal)


def batch_file(
    services: Services,
    principal: Principal,
    batch_id: uuid.UUID,
    words: str = "",
    *,
    limit: int = MOST_LISTED,
    offset: int = 0,
) -> tuple[BatchView, PaymentPage]:
    """A batch and a page of its payments, what came back first."""
    house = services.house
    with house.database.read() as session:
        return views.batch_payments(
            session,
            services.ports,
            batch_id,
            principal,
            PaymentFilter(words=words),
            now=house.clock.now(),
            limit=limit,
            offset=offset,
        )


def books(services: Services, principal: Principal) -> Books:
    """Budgets, alarms, and whether every balance was the sum of its entries when the worker last looked."""
    seat = seat_of(principal)
    with services.house.database.read() as session:
        budgets = views.budgets(session, principal)
        alarms = [one for one in ledger.open_alarms(session) if encloses(seat.division, one.division)]
        titles = titles_said(session, services.ports, {one.policy_id for one in (*budgets, *alarms)})
        looked = last_look(session)
    return Books(
        budgets=tuple(
            BudgetLine(
                budget=one,
                title=titles[one.policy_id],
                place=division_name(one.division),
            )
            for one in budgets
        ),
        alarms=tuple(
            AlarmLine(
                policy_id=one.policy_id,
                title=titles[one.policy_id],
                division=one.division,
                place=division_name(one.division),
                year=one.year,
                raised_at=one.raised_at,
            )
            for one in alarms
        ),
        defects=looked.defects if looked is not None else (),
        looked_through_at=looked.at if looked is not None else None,
    )


def ask_to_look(services: Services, principal: Principal) -> None:
    """Have the books looked through now, beside the hourly look."""
    now = services.house.clock.now()
    with services.house.database.write() as session:
        ask(session, now=now)
        audit.record(
            session, actor=principal, action="books.look", object_kind="ledger", object_id="books", now=now
        )


def appropriate(
    services: Services,
    principal: Principal,
    budget_id: uuid.UUID,
    amount_fen: int | None,
    reference: str,
    *,
    is_reduction: bool = False,
) -> None:
    """Book an appropriation, or its reduction, under the number of the document; the same number twice is booked once."""
    seat = seat_of(principal)
    if not principal.has_duty("payment.approve"):
        raise Forbidden(_("登记拨款不属于您所在席位的职责。"))
    errors = []
    if amount_fen is None:
        errors.append(FieldError("amount", _("请填写拨款金额。")))
    if not reference or len(reference) > LONGEST_REFERENCE:
        errors.append(FieldError("reference", _("请填写拨款文号（60字以内）。")))
    if errors or amount_fen is None:
        raise InvalidInput(_("请补全拨款信息。"), errors=errors)
    house, now = services.house, services.house.clock.now()
    with house.database.write() as session:
        budget = ledger.get_budget(session, budget_id)
        if budget is None or not encloses(seat.division, budget.division):
            raise NotFound(_("没有找到您要的内容。"))
        key = house.vault.blind_index(reference, purpose="appropriation").hex()[:32]
        if budget.closed_at is not None:
            raise Conflict(_("这一年度已经结转，请登记到下一年度的预算。"))
        amend = delivery.reduce_budget if is_reduction else delivery.appropriate
        is_new = amend(session, budget_id, amount_fen, reference=f"{budget_id}:{key}", now=now)
        if is_new:
            audit.record(
                session,
                actor=principal,
                action="budget.reduce" if is_reduction else "budget.appropriate",
                object_kind="budget",
                object_id=budget_id,
                detail={"amount_fen": amount_fen, "document": reference},
                now=now,
            )
