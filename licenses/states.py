"""National states and operations of an e-licence, and which operation leads from where to where."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from kernel.errors import IllegalTransition
from kernel.i18n import N_
from kernel.i18n import gettext as _


class LicenceState(StrEnum):
    VALID = "01"
    WITHHELD = "02"
    REVOKED = "03"
    CANCELLED = "04"
    EXPIRED = "05"
    TRANSFERRED_OUT = "06"
    LICENCE_REVOKED = "07"
    OTHER = "99"


class Operation(StrEnum):
    ISSUE = "issue"
    RENEW = "renew"
    CHANGE = "change"
    TRANSFER_IN = "transfer_in"
    WITHHOLD = "withhold"
    RETURN = "return"
    REVOKE = "revoke"
    CANCEL = "cancel"
    REVOKE_LICENCE = "revoke_licence"
    EXPIRE = "expire"
    TRANSFER_OUT = "transfer_out"
    CANCEL_TRANSFER = "cancel_transfer"


STATE_LABELS = {
    LicenceState.VALID: N_("有效"),
    LicenceState.WITHHELD: N_("暂扣"),
    LicenceState.REVOKED: N_("撤销"),
    LicenceState.CANCELLED: N_("注销"),
    LicenceState.EXPIRED: N_("失效"),
    LicenceState.TRANSFERRED_OUT: N_("办理转出"),
    LicenceState.LICENCE_REVOKED: N_("吊销"),
    LicenceState.OTHER: N_("其他"),
}

OPERATION_LABELS = {
    Operation.ISSUE: N_("新发"),
    Operation.RENEW: N_("延续"),
    Operation.CHANGE: N_("变更"),
    Operation.TRANSFER_IN: N_("转入"),
    Operation.WITHHOLD: N_("暂扣"),
    Operation.RETURN: N_("暂扣发还"),
    Operation.REVOKE: N_("撤销"),
    Operation.CANCEL: N_("注销"),
    Operation.REVOKE_LICENCE: N_("吊销"),
    Operation.EXPIRE: N_("过期失效"),
    Operation.TRANSFER_OUT: N_("转出"),
    Operation.CANCEL_TRANSFER: N_("取消转出"),
}

#: The national codes 证照业务类型; four of ours share one.
OPERATION_CODES = {
    Operation.ISSUE: "01",
    Operation.RENEW: "02",
    Operation.WITHHOLD: "03",
    Operation.EXPIRE: "04",
    Operation.CANCEL: "05",
    Operation.REVOKE: "05",
    Operation.REVOKE_LICENCE: "05",
    Operation.TRANSFER_OUT: "05",
    Operation.RETURN: "06",
    Operation.TRANSFER_IN: "08",
    Operation.CHANGE: "09",
    Operation.CANCEL_TRANSFER: "10",
}

_S = LicenceState
_MOVES: dict[Operation, tuple[frozenset[LicenceState], LicenceState]] = {
    Operation.WITHHOLD: (frozenset({_S.VALID}), _S.WITHHELD),
    Operation.RETURN: (frozenset({_S.WITHHELD}), _S.VALID),
    Operation.REVOKE: (frozenset({_S.VALID, _S.WITHHELD}), _S.REVOKED),
    Operation.CANCEL: (frozenset({_S.VALID, _S.WITHHELD}), _S.CANCELLED),
    Operation.REVOKE_LICENCE: (frozenset({_S.VALID, _S.WITHHELD}), _S.LICENCE_REVOKED),
    Operation.EXPIRE: (frozenset({_S.VALID}), _S.EXPIRED),
    Operation.TRANSFER_OUT: (frozenset({_S.VALID}), _S.TRANSFERRED_OUT),
    Operation.CANCEL_TRANSFER: (frozenset({_S.TRANSFERRED_OUT}), _S.VALID),
}

SUPERSEDED = 3
#: Token Status List (RFC draft-ietf-oauth-status-list §7): 0 valid, 1 invalid, 2 suspended, 3 application specific.
_STATUS = {
    _S.VALID: 0,
    _S.EXPIRED: 0,
    _S.WITHHELD: 2,
    _S.REVOKED: 1,
    _S.CANCELLED: 1,
    _S.TRANSFERRED_OUT: 1,
    _S.LICENCE_REVOKED: 1,
    _S.OTHER: 1,
}


def after(state: LicenceState, operation: Operation) -> LicenceState:
    """The state that ``operation`` leads to; raises ``IllegalTransition`` when it is not possible from ``state``."""
    allowed = _MOVES.get(operation)
    if allowed is None or state not in allowed[0]:
        raise IllegalTransition(
            _(
                "状态为“%(state)s”的证照不能办理“%(operation)s”。",
                state=_(STATE_LABELS[state]),
                operation=_(OPERATION_LABELS[operation]),
            )
        )
    return allowed[1]


def possible(state: LicenceState) -> list[Operation]:
    """What an official may do with a licence in ``state``."""
    return [operation for operation, (sources, _) in _MOVES.items() if state in sources]


def status_value(state: LicenceState, *, is_superseded: bool = False) -> int:
    """Two bits for the status list: 3 where a later version stands. Expiry by time stays in the credential."""
    return _STATUS[state] or (SUPERSEDED if is_superseded else 0)


def state_on(history: Sequence[tuple[date, LicenceState]], day: date) -> LicenceState | None:
    """The state on a day by what is known today: a later recorded operation that acts back counts from its own day.

    ``history`` holds (effective day, state) in the order of recording; ``None`` before the first.
    """
    found = None
    for effective_on, state in history:
        if effective_on <= day:
            found = state
    return found
