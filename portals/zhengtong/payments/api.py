"""Payments, batches and books for programs."""

import uuid
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from policy_engine.delivery.payments.schemas import BatchView, PaymentView
from policy_engine.delivery.views import PaymentFilter
from portals.zhengtong.access import needs
from portals.zhengtong.payments import acts
from portals.zhengtong.visit import Given, Said

MAY_SEE = needs("payment.approve", "audit.read")
MAY_PAY = needs("payment.approve")


class PaymentBatchRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    payment_ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=2000)]


class ReleaseRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(max_length=500)]


class AppropriationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``reference``: the number of the document that grants the money; booked once per number."""

    amount_fen: Annotated[int, msgspec.Meta(gt=0, lt=10**14)]
    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


@get(
    "/payments",
    sync_to_thread=True,
    tags=["payments"],
    summary="Payments of the seat's division: ready, moving, returned, waiting, account or paid; `q` is a case number or name",
    guards=[MAY_SEE],
)
def list_payments(
    services: Given,
    principal: Said,
    view: FromQuery[str] = "ready",
    policy: FromQuery[str] = "",
    q: FromQuery[str] = "",
    offset: FromQuery[int] = 0,
    count: FromQuery[int] = acts.MOST_LISTED,
) -> tuple[PaymentView, ...]:
    wanted = PaymentFilter(policy=policy, words=q)
    return acts.payments_in(
        services, principal, view, wanted, limit=_bounded(count), offset=max(0, offset)
    ).items


@get(
    "/payment-batches",
    sync_to_thread=True,
    tags=["payments"],
    summary="Batches, the newest first",
    guards=[MAY_SEE],
)
def list_batches(
    services: Given, principal: Said, offset: FromQuery[int] = 0, count: FromQuery[int] = 50
) -> list[BatchView]:
    return acts.batches(services, principal, limit=_bounded(count), offset=max(0, offset))


@post(
    "/payment-batches",
    sync_to_thread=True,
    tags=["payments"],
    summary="Approve reserved payments as one batch",
    guards=[MAY_PAY],
)
def add_batch(services: Given, principal: Said, data: JSONBody[PaymentBatchRequest]) -> BatchView:
    return acts.approve(services, principal, data.payment_ids)


@get(
    "/payment-batches/{batch_id:uuid}",
    sync_to_thread=True,
    tags=["payments"],
    summary="A batch with its payments, what came back first",
    guards=[MAY_SEE],
)
def read_batch(
    services: Given,
    principal: Said,
    batch_id: FromPath[uuid.UUID],
    q: FromQuery[str] = "",
    offset: FromQuery[int] = 0,
    count: FromQuery[int] = acts.MOST_LISTED,
) -> acts.BatchFile:
    batch, shown = acts.batch_file(
        services, principal, batch_id, q, limit=_bounded(count), offset=max(0, offset)
    )
    return acts.BatchFile(batch=batch, payments=shown.items)


@post(
    "/payments/{payment_id:uuid}/release",
    status_code=204,
    sync_to_thread=True,
    tags=["payments"],
    summary="Let a held payment go on",
    guards=[MAY_PAY],
)
def add_release(
    services: Given, principal: Said, payment_id: FromPath[uuid.UUID], data: JSONBody[ReleaseRequest]
) -> None:
    acts.release(services, principal, payment_id, data.reason)


@get(
    "/books",
    sync_to_thread=True,
    tags=["payments"],
    summary="Budgets, funding alarms, and what does not add up",
    guards=[MAY_SEE],
)
def read_books(services: Given, principal: Said) -> acts.Books:
    return acts.books(services, principal)


@post(
    "/books/looks",
    status_code=202,
    sync_to_thread=True,
    tags=["payments"],
    summary="Have every balance held against its entries now; what comes of it stands in the books",
    guards=[MAY_SEE],
)
def add_look(services: Given, principal: Said) -> None:
    acts.ask_to_look(services, principal)


@post(
    "/budgets/{budget_id:uuid}/appropriations",
    status_code=200,
    sync_to_thread=True,
    tags=["payments"],
    summary="Book an appropriation",
    guards=[MAY_PAY],
)
def add_appropriation(
    services: Given, principal: Said, budget_id: FromPath[uuid.UUID], data: JSONBody[AppropriationRequest]
) -> acts.Books:
    acts.appropriate(services, principal, budget_id, data.amount_fen, data.reference)
    return acts.books(services, principal)


@post(
    "/budgets/{budget_id:uuid}/reductions",
    status_code=200,
    sync_to_thread=True,
    tags=["payments"],
    summary="Take back what nobody was promised",
    guards=[MAY_PAY],
)
def add_reduction(
    services: Given, principal: Said, budget_id: FromPath[uuid.UUID], data: JSONBody[AppropriationRequest]
) -> acts.Books:
    acts.appropriate(services, principal, budget_id, data.amount_fen, data.reference, is_reduction=True)
    return acts.books(services, principal)


def _bounded(count: int) -> int:
    return max(1, min(count, acts.MOST_LISTED))


HANDLERS = [
    list_payments,
    list_batches,
    add_batch,
    read_batch,
    add_release,
    read_books,
    add_look,
    add_appropriation,
    add_reduction,
]
