"""Payments, batches and books for programs."""

import uuid
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from policy_engine.delivery.payments.schemas import BatchView, PaymentView
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
    summary="Payments of the seat's division: ready, moving, returned, waiting, account or paid",
    guards=[MAY_SEE],
)
def list_payments(services: Given, principal: Said, view: FromQuery[str] = "ready") -> list[PaymentView]:
    return acts.payments_in(services, principal, view)


@get(
    "/payment-batches",
    sync_to_thread=True,
    tags=["payments"],
    summary="Batches, the newest first",
    guards=[MAY_SEE],
)
def list_batches(services: Given, principal: Said) -> list[BatchView]:
    return acts.batches(services, principal)


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
    summary="A batch with its payments",
    guards=[MAY_SEE],
)
def read_batch(services: Given, principal: Said, batch_id: FromPath[uuid.UUID]) -> acts.BatchFile:
    return acts.batch_file(services, principal, batch_id)


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


HANDLERS = [
    list_payments,
    list_batches,
    add_batch,
    read_batch,
    add_release,
    read_books,
    add_appropriation,
    add_reduction,
]
