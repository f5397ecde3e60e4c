"""The banks' API of loans: from the money paid out to a closed account."""

import uuid
from collections.abc import Callable
from typing import Concatenate, TypeVar

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from portals.financing.banks.actors import BankActor
from portals.financing.banks.calls import Call
from portals.financing.loans import service as loans
from portals.financing.loans import views
from portals.financing.loans.models import Loan
from portals.financing.loans.schemas import (
    Disbursement,
    Extension,
    LoanRow,
    LoanView,
    NewRepayment,
    Overdue,
    Renewal,
)

Id = FromPath[uuid.UUID]
Given = NamedDependency[Call]
Came = TypeVar("Came")


@get("/loans", sync_to_thread=True, summary="The bank's loans, what falls due next first")
def list_loans(call: Given) -> list[LoanRow]:
    with call.house.database.read() as session:
        return views.of_bank(session, call.actor, vault=call.vault)


@get("/loans/{loan_id:uuid}", sync_to_thread=True, summary="One loan of the bank, with its schedule")
def read_loan(call: Given, loan_id: Id) -> LoanView:
    with call.house.database.read() as session:
        return views.at_bank(session, call.actor, loan_id, vault=call.vault, now=call.now)


@post(
    "/applications/{application_id:uuid}/disbursement",
    status_code=200,
    sync_to_thread=True,
    summary="The money is paid out",
)
def disburse(call: Given, application_id: Id, data: JSONBody[Disbursement]) -> Response[bytes]:
    return _changed(call, loans.disburse, application_id, data)


@post("/loans/{loan_id:uuid}/repayments", status_code=200, sync_to_thread=True, summary="A sum came back")
def repay(call: Given, loan_id: Id, data: JSONBody[NewRepayment]) -> Response[bytes]:
    def act(session: Session) -> uuid.UUID:
        loans.repay(session, call.actor, loan_id, data, vault=call.vault, now=call.now)
        return loan_id

    return call.on_loan(act)


@post(
    "/loans/{loan_id:uuid}/overdue",
    status_code=200,
    sync_to_thread=True,
    summary="Something due did not come",
)
def report_overdue(call: Given, loan_id: Id, data: JSONBody[Overdue]) -> Response[bytes]:
    return _changed(call, loans.report_overdue, loan_id, data)


@post("/loans/{loan_id:uuid}/extension", status_code=200, sync_to_thread=True, summary="Extend the term")
def extend(call: Given, loan_id: Id, data: JSONBody[Extension]) -> Response[bytes]:
    return _changed(call, loans.extend, loan_id, data)


@post(
    "/loans/{loan_id:uuid}/renewal",
    status_code=200,
    sync_to_thread=True,
    summary="Renew: a new loan over what is owed",
)
def renew(call: Given, loan_id: Id, data: JSONBody[Renewal]) -> Response[bytes]:
    return _changed(call, loans.renew, loan_id, data)


@post("/loans/{loan_id:uuid}/close", status_code=200, sync_to_thread=True, summary="The account is closed")
def close(call: Given, loan_id: Id) -> Response[bytes]:
    return call.on_loan(lambda session: loans.close(session, call.actor, loan_id, now=call.now).id)


def _changed(
    call: Call,
    act: Callable[Concatenate[Session, BankActor, uuid.UUID, Came, ...], Loan],
    of: uuid.UUID,
    came: Came,
) -> Response[bytes]:
    """What the bank says happened, done once; the answer is the loan that it leads to."""
    return call.on_loan(lambda session: act(session, call.actor, of, came, vault=call.vault, now=call.now).id)


HANDLERS: tuple[ControllerRouterHandler, ...] = (
    list_loans,
    read_loan,
    disburse,
    repay,
    report_overdue,
    extend,
    renew,
    close,
)
