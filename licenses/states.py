"""National states and operations of an e-licence, and which operation leads from where to where."""

from enum import StrEnum

from kernel.errors import IllegalTransition


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
    WITHHOLD = "withhold"
    RETURN = "return"
    REVOKE = "revoke"
    CANCEL = "cancel"
    REVOKE_LICENCE = "revoke_licence"
    EXPIRE = "expire"
    TRANSFER_OUT = "transfer_out"
    CANCEL_TRANSFER = "cancel_transfer"


STATE_LABELS = {
    LicenceState.VALID: "有效",
    LicenceState.WITHHELD: "暂扣",
    LicenceState.REVOKED: "撤销",
    LicenceState.CANCELLED: "注销",
    LicenceState.EXPIRED: "失效",
    LicenceState.TRANSFERRED_OUT: "办理转出",
    LicenceState.LICENCE_REVOKED: "吊销",
    LicenceState.OTHER: "其他",
}

OPERATION_LABELS = {
    Operation.ISSUE: "新发",
    Operation.WITHHOLD: "暂扣",
    Operation.RETURN: "暂扣发还",
    Operation.REVOKE: "撤销",
    Operation.CANCEL: "注销",
    Operation.REVOKE_LICENCE: "吊销",
    Operation.EXPIRE: "过期失效",
    Operation.TRANSFER_OUT: "转出",
    Operation.CANCEL_TRANSFER: "取消转出",
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
            f"状态为“{STATE_LABELS[state]}”的证照不能办理“{OPERATION_LABELS[operation]}”。"
        )
    return allowed[1]


def possible(state: LicenceState) -> list[Operation]:
    """What an official may do with a licence in ``state``."""
    return [operation for operation, (sources, _) in _MOVES.items() if state in sources]


def status_value(state: LicenceState) -> int:
    """Two bits for the status list. Expiry by time stays in the credential's ``exp``."""
    return _STATUS[state]
