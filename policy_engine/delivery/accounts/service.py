"""Registering, checking and choosing the account money goes to."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.notices import notify
from kernel.wording import worded
from policy_engine.delivery.access import Relation
from policy_engine.delivery.accounts import repository
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.ports import AccountCheck, Ports

#: 核验 holds this long; after it the bank is asked again before the next confirmation.
CHECK_HOLDS_FOR = timedelta(days=180)
COOLING_OFF = timedelta(days=3)
MOST_PEOPLE_PER_ACCOUNT = 3

Source = Literal["social_card", "register", "declared", "counter"]


def add_account(
    session: Session,
    vault: Vault,
    *,
    subject_id: int,
    bank: str,
    number: str,
    holder: str,
    source: Source,
    now: datetime,
) -> PayeeAccount:
    """Register an account; the same number again gives the row it has. A change rests for three days and is told."""
    digits = "".join(number.split())
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 30):
        raise InvalidInput(_("账号应为 8 到 30 位数字，请核对后重新填写。"))
    index = index_of(vault, digits)
    known = repository.find_by_index(session, subject_id, index)
    others = repository.accounts_of(session, [subject_id])
    rests_until = now + COOLING_OFF if others and source in ("declared", "counter") else now
    if known is not None:
        if known.retired_at is not None:
            known.retired_at, known.usable_from_at = None, rests_until
        return known
    account_id = new_id()
    account = PayeeAccount(
        id=account_id,
        subject_id=subject_id,
        bank=bank.strip(),
        masked=masked(digits),
        number_sealed=vault.seal(digits, context=f"payee_account/number_sealed/{account_id}"),
        number_index=index,
        holder_sealed=vault.seal(holder.strip(), context=f"payee_account/holder_sealed/{account_id}"),
        source=source,
        is_default=not others,
        usable_from_at=rests_until,
        created_at=now,
    )
    session.add(account)
    session.flush()
    if others:
        notify(
            session,
            subject_id=subject_id,
            kind="account.added",
            title=worded("新增了一个收款账户"),
            body=worded(
                "账户 %(account)s 将于三天后可用。如非本人办理，请立即拨打 12345。", account=account.masked
            ),
            link=None,
            now=now,
        )
    return account


def index_of(vault: Vault, digits: str) -> bytes:
    """By which one account is found however many people it receives for."""
    return vault.blind_index(digits, purpose="payee_account")


def masked(digits: str) -> str:
    """Enough to recognise one's own account."""
    return f"{digits[:4]} **** **** {digits[-4:]}" if len(digits) >= 12 else f"**** {digits[-4:]}"


def verify_account(
    database: Database,
    vault: Vault,
    bank: AccountCheck,
    account_id: uuid.UUID,
    *,
    clock_now: Callable[[], datetime],
) -> str:
    """Ask the bank whether the holder is right, unless it lately said so; gives match, mismatch or closed.

    Opens its own transactions around the call: never call it inside one. Raises ``OutsideFailure``.
    """
    with database.read() as session:
        account = repository.get_account(session, account_id)
        if account is None or account.retired_at is not None:
            raise NotFound(_("没有找到这个收款账户。"))
        if is_freshly_checked(account, clock_now()):
            return "match"
    number, holder = opened(vault, account)
    result = bank.check(bank=account.bank, number=number, holder=holder, holder_id=account.subject_id)
    with database.write() as session:
        account = repository.get_account(session, account_id)
        if account is not None:
            account.checked_at, account.check_result = clock_now(), result
    return result


def is_freshly_checked(account: PayeeAccount, now: datetime) -> bool:
    if account.checked_at is None or account.check_result != "match":
        return False
    return now - account.checked_at < CHECK_HOLDS_FOR


def opened(vault: Vault, account: PayeeAccount) -> tuple[str, str]:
    """The number and the holder in clear: for the bank and the treasury only."""
    return (
        vault.open(account.number_sealed, context=f"payee_account/number_sealed/{account.id}"),
        vault.open(account.holder_sealed, context=f"payee_account/holder_sealed/{account.id}"),
    )


def holders_for(session: Session, ports: Ports, subject_id: int, now: datetime) -> frozenset[int]:
    """Who may receive for a subject: itself, and a minor's guardians (parent's or child's account)."""
    return frozenset({subject_id}) | ports.people.guardians_of(session, subject_id, business_date(now))


def choices_for(
    session: Session, ports: Ports, subject_id: int, *, relation: Relation, reader_id: int, now: datetime
) -> list[PayeeAccount]:
    """The accounts a confirmation may name; a proxy is shown only the one already set, and never its own."""
    holders = holders_for(session, ports, subject_id, now)
    found = repository.accounts_of(session, holders)
    if relation == "guardian":
        return sorted(found, key=lambda account: account.subject_id != reader_id)
    if relation != "proxy":
        return [account for account in found if account.subject_id == subject_id] or found
    return [account for account in found if account.subject_id != reader_id][:1]


def choose(
    session: Session,
    ports: Ports,
    subject_id: int,
    account_id: uuid.UUID | None,
    *,
    relation: Relation,
    reader_id: int,
    now: datetime,
) -> PayeeAccount | None:
    """The account a person confirmed, fit to be paid into; none only where there is none to choose."""
    choices = choices_for(session, ports, subject_id, relation=relation, reader_id=reader_id, now=now)
    if account_id is None:
        if choices:
            raise InvalidInput(_("请先选择收款账户。"))
        return None
    account = next((choice for choice in choices if choice.id == account_id), None)
    if account is None:
        raise NotFound(_("没有找到这个收款账户。"))
    if account.usable_from_at > now:
        raise Conflict(_("这个收款账户是新增的，为保护您的资金，三天后才能使用。"))
    if account.check_result == "mismatch":
        raise Conflict(_("银行核对：户名与本人不一致，请更换收款账户。"))
    if not is_freshly_checked(account, now):
        raise Conflict(_("收款账户尚未经银行核对，请稍后再试。"))
    return account


def flag_if_crowded(session: Session, account: PayeeAccount, *, now: datetime) -> None:
    """More than three people paid into one number: a person looks at it, nobody is stopped."""
    if account.flagged_at is not None:
        return
    people = repository.people_paid_into(session, account.number_index)
    if len(people) <= MOST_PEOPLE_PER_ACCOUNT:
        return
    for row in repository.same_number(session, account.number_index):
        row.flagged_at = now
    audit.record(
        session,
        actor="delivery",
        action="account.flagged",
        object_kind="payee_account",
        object_id=account.id,
        detail={"people": len(people)},
        now=now,
    )


def usable_accounts(session: Session, holders: frozenset[int], now: datetime) -> list[PayeeAccount]:
    """Accounts that may be paid into without another question, the default first."""
    found = repository.accounts_of(session, holders)
    return [
        account for account in found if account.usable_from_at <= now and is_freshly_checked(account, now)
    ]


def unchecked_accounts(session: Session, holders: frozenset[int], now: datetime) -> list[PayeeAccount]:
    """Accounts of a register that the bank has not lately confirmed, and never denied, the default first."""
    found = repository.accounts_of(session, holders)
    return [
        account
        for account in found
        if account.usable_from_at <= now
        and not is_freshly_checked(account, now)
        and account.check_result not in ("mismatch", "closed")
    ]
