"""All SQL of payee accounts."""

import uuid
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.prepared import Prepared, PreparedObjects
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.states import OPEN_CLAIM, AwardState

_AMONG = PreparedObjects(
    sa.select(PayeeAccount).where(PayeeAccount.id.in_(sa.bindparam("account_ids", expanding=True))),
)
# Built once: every confirmation asks both.
_IN_USE = PreparedObjects(
    sa.select(PayeeAccount)
    .where(
        PayeeAccount.subject_id.in_(sa.bindparam("subject_ids", expanding=True)),
        PayeeAccount.retired_at.is_(None),
    )
    .order_by(PayeeAccount.is_default.desc(), PayeeAccount.created_at, PayeeAccount.id),
)
_IS_OF_NUMBER = PayeeAccount.number_index == sa.bindparam("number_index")
#: From the accounts, which are few, to what is paid into each: of what is under way there is always much.
_PAID_INTO = Prepared(
    sa.select(Claim.subject_id)
    .join(PayeeAccount, PayeeAccount.id == Claim.account_id)
    .where(_IS_OF_NUMBER, Claim.state.in_(OPEN_CLAIM))
    .union(
        sa.select(Award.subject_id)
        .join(PayeeAccount, PayeeAccount.id == Award.account_id)
        .where(_IS_OF_NUMBER, Award.state != AwardState.ENDED)
    )
)


def get_account(session: Session, account_id: uuid.UUID) -> PayeeAccount | None:
    return session.get(PayeeAccount, account_id)


def accounts_among(session: Session, account_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, PayeeAccount]:
    return {one.id: one for one in _AMONG.all(session, {"account_ids": list(account_ids)})}


def accounts_of(session: Session, subject_ids: Iterable[int]) -> list[PayeeAccount]:
    """Accounts still in use, the default of each holder first."""
    return _IN_USE.all(session, {"subject_ids": list(subject_ids)})


def find_by_index(session: Session, subject_id: int, number_index: bytes) -> PayeeAccount | None:
    return session.scalar(
        sa.select(PayeeAccount).where(
            PayeeAccount.subject_id == subject_id, PayeeAccount.number_index == number_index
        )
    )


def same_number(session: Session, number_index: bytes) -> list[PayeeAccount]:
    return list(session.scalars(sa.select(PayeeAccount).where(PayeeAccount.number_index == number_index)))


def people_paid_into(session: Session, number_index: bytes) -> set[int]:
    """The subjects of all open claims and live awards whose money goes to this number, whoever registered it."""
    return set(_PAID_INTO.scalars(session, {"number_index": number_index}))
