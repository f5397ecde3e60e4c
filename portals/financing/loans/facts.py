"""A loan is a fact: what the bank booked reaches the firm's profile in the same transaction, as the bank's own word.

The same road as any bank's event takes (``policy_engine.profiles``), so that policies for loans find the firm whether the
loan came about here or elsewhere.
"""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy.orm import Session

from connectors.events.forms import AttributeChange, DepartmentEvent, Identifier, Relation, SubjectRef, firm
from identity.registry import service as registry
from kernel.crypto import Vault
from kernel.ids import new_id
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.taking import take
from portals.financing.loans.models import Loan

SOURCE = "bank"
SCHEME = "loan_contract"


def tell_booked(session: Session, loan: Loan, *, vault: Vault, now: datetime) -> None:
    """The firm has a loan. ``loan.unit_id`` becomes its number, where the city knows the firm at all."""
    on = loan.disbursed_on
    _tell(
        session,
        loan,
        "loan_booked",
        [
            ("principal", loan.principal_fen),
            ("rate_bp", loan.rate_bp),
            ("drawn_on", on.isoformat()),
            ("is_startup_guaranteed", loan.is_startup_guaranteed),
            ("interest_settled_this_quarter", 0),
            ("is_overdue", False),
            ("is_extended", False),
        ],
        since=on,
        vault=vault,
        now=now,
    )
    loan.unit_id = profiles.find_contract(session, SCHEME, _number(loan))


def tell_interest(
    session: Session, loan: Loan, settled_fen: int, on: date, *, vault: Vault, now: datetime
) -> None:
    """What the firm has paid of this quarter's interest so far."""
    _tell(
        session,
        loan,
        "loan_interest_settled",
        [("interest_settled_this_quarter", settled_fen)],
        since=on,
        vault=vault,
        now=now,
    )


def tell_standing(session: Session, loan: Loan, on: date, *, vault: Vault, now: datetime) -> None:
    """Overdue or not, extended or not: a subsidy stops or goes on from that day."""
    _tell(
        session,
        loan,
        "loan_standing",
        [("is_overdue", loan.overdue_since is not None), ("is_extended", loan.extended_on is not None)],
        since=on,
        vault=vault,
        now=now,
    )


def _tell(
    session: Session,
    loan: Loan,
    kind: str,
    values: Iterable[tuple[str, bool | int | str]],
    *,
    since: date,
    vault: Vault,
    now: datetime,
) -> None:
    borrower = firm("borrower", registry.identifier_of(session, loan.firm_id, vault=vault))
    event = DepartmentEvent(
        source=SOURCE,
        event_id=f"financing-{new_id().hex}",
        occurred_at=now,
        kind=kind,
        subjects=(borrower, SubjectRef("loan", "loan", (Identifier(SCHEME, _number(loan)),))),
        changes=tuple(AttributeChange("loan", f"loan.{name}", value, since) for name, value in values),
        relations=(Relation("loan", "belongs_to", "borrower"),),
    )
    take(session, vault, event, now=now)


def _number(loan: Loan) -> str:
    """As the banks' own events name a contract: the bank, and its number for it."""
    return f"{loan.bank_code}-{loan.contract_number}"
