"""An account is locked, or opened again, by two officials of security: one proposes with a reason, another carries it out.

What it is for: a stolen phone whose owner stands at the counter, an account that somebody else has taken over, a court's
or the police's order. It bars signing in and ends every sign-in at once; rights, claims and payments go on, because a lock
is about the way in and not about what anybody is due. The owner is told, with the number to call.
"""

import uuid
from datetime import datetime
from typing import Final, Literal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from identity.accounts import service as accounts
from identity.locking import repository
from identity.locking.models import AccountLock
from identity.trail import note
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.web.principal import Duty, Principal
from kernel.wording import worded

DUTY: Final[Duty] = "admin.security"
LONGEST_REASON: Final = 500
Action = Literal["lock", "unlock"]
Ground = Literal["owner_asks", "taken_over", "order", "ended"]
#: Why an account may be locked (the first three) or opened again.
GROUNDS: Final[dict[Ground, str]] = {
    "owner_asks": N_("本人要求（如手机被盗）"),
    "taken_over": N_("有迹象表明账户被他人使用"),
    "order": N_("司法、公安机关的书面要求"),
    "ended": N_("锁定的原因已经消除"),
}
_OF: Final[dict[Action, frozenset[str]]] = {
    "lock": frozenset({"owner_asks", "taken_over", "order"}),
    "unlock": frozenset({"owner_asks", "order", "ended"}),
}


def propose(
    session: Session,
    *,
    subject_id: int,
    action: Action,
    ground: str,
    reason: str,
    principal: Principal,
    vault: Vault,
    now: datetime,
) -> AccountLock:
    """Nothing about the account changes yet. Raises ``NotFound`` for somebody without one, ``Conflict`` for the same again."""
    _require_official(principal, subject_id)
    errors = []
    if action not in _OF or ground not in _OF[action]:
        errors.append(FieldError("ground", N_("请选择原因")))
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        errors.append(FieldError("reason", N_("请写明情况和凭据，500字以内")))
    if errors:
        raise InvalidInput("有几处填得不对，请按提示修改。", errors=errors)
    _require_sense(accounts.required(session, subject_id).state, action)
    number = new_id()
    row = AccountLock(
        lock_id=number,
        subject_id=subject_id,
        action=action,
        ground=ground,
        reason_sealed=vault.seal(reason, context=_place(number)),
        state="proposed",
        proposed_by_id=principal.subject_id,
        proposed_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as clash:
        raise Conflict("这个账户已有一项等待另一人办理的处理，请先办理它。") from clash
    note(session, f"account.{action}.propose", "subject", subject_id, now=now, by=principal, lock=str(number))
    return row


def decide(
    session: Session,
    lock_id: uuid.UUID,
    *,
    outcome: Literal["carry_out", "refuse", "withdraw"],
    principal: Principal,
    now: datetime,
) -> AccountLock:
    """A second person carries it out or refuses; whoever proposed it may only take it back."""
    row = repository.lock_row(session, lock_id)
    if row is None:
        raise NotFound("没有这项账户处理。")
    _require_official(principal, row.subject_id)
    if row.state != "proposed":
        raise IllegalTransition("这项处理已经办理，请刷新页面查看。")
    is_own = row.proposed_by_id == principal.subject_id
    if is_own != (outcome == "withdraw"):
        raise Forbidden("自己提出的要由另一位安全管理人员办理。" if is_own else "只有提出的人可以撤回。")
    if outcome == "carry_out":
        _carry_out(session, row, principal, now=now)
    else:
        note(
            session,
            f"account.{row.action}.{outcome}",
            "subject",
            row.subject_id,
            now=now,
            by=principal,
            lock=str(lock_id),
        )
    row.state = {"carry_out": "done", "refuse": "refused", "withdraw": "withdrawn"}[outcome]
    row.decided_by_id, row.decided_at = principal.subject_id, now
    return row


def reason_of(row: AccountLock, vault: Vault) -> str:
    return vault.open(row.reason_sealed, context=_place(row.lock_id))


def _carry_out(session: Session, row: AccountLock, principal: Principal, *, now: datetime) -> None:
    _require_sense(accounts.required(session, row.subject_id).state, row.action)
    if row.action == "lock":
        accounts.lock_account(session, row.subject_id, now=now, by=principal)
        title = worded("您的账户已锁定")
        body = worded(
            "所有设备都已退出，暂时不能登录；您的待遇和办理中的事项不受影响。要恢复登录，请带身份证到窗口，或拨打12345。"
        )
    else:
        accounts.unlock_account(session, row.subject_id, now=now, by=principal)
        title = worded("您的账户已恢复")
        body = worded("现在可以重新登录。不是您本人要求恢复的，请立即拨打12345。")
    notify(
        session,
        subject_id=row.subject_id,
        kind="account.changed",
        title=title,
        body=body,
        link="/identity/security",
        now=now,
    )


def _require_official(principal: Principal, subject_id: int) -> None:
    if not principal.has_duty(DUTY):
        raise Forbidden("锁定和恢复账户不属于您所在席位的职责。")
    if principal.subject_id == subject_id:
        raise Forbidden("自己的账户要由别人办理。")


def _require_sense(state: str, action: str) -> None:
    if (state == "locked") == (action == "lock"):
        raise Conflict("这个账户已经锁定。" if action == "lock" else "这个账户没有锁定。")


def _place(lock_id: uuid.UUID) -> str:
    return f"account_lock/reason_sealed/{lock_id}"
