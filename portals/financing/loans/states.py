"""The life of a loan as one table: what it does not name cannot happen.

disbursed → active ⇄ overdue (cured) → repaid → closed
active → extended (展期) ⇄ overdue · active, extended → renewed (无还本续贷: another loan takes its place)
overdue → compensated (代偿: the guarantor paid in the firm's place) → closed

A loan that was extended stays extended when arrears are cured: an extension is never undone.
"""

from collections.abc import Mapping
from enum import StrEnum

from kernel.errors import IllegalTransition
from kernel.i18n import N_
from kernel.i18n import gettext as _


class LoanState(StrEnum):
    DISBURSED = "disbursed"  # the bank says so; the firm has not confirmed yet
    ACTIVE = "active"
    EXTENDED = "extended"
    OVERDUE = "overdue"
    COMPENSATED = "compensated"
    REPAID = "repaid"
    RENEWED = "renewed"
    CLOSED = "closed"


L = LoanState

#: Money is owed to the bank.
RUNNING = frozenset({L.DISBURSED, L.ACTIVE, L.EXTENDED, L.OVERDUE})
_MOVES: tuple[tuple[str, tuple[LoanState, ...], tuple[LoanState, ...]], ...] = (
    ("confirm_receipt", (L.DISBURSED,), (L.ACTIVE,)),
    ("repay", (L.DISBURSED, L.ACTIVE), (L.ACTIVE, L.REPAID)),
    ("repay", (L.EXTENDED,), (L.EXTENDED, L.REPAID)),
    ("repay", (L.OVERDUE,), (L.OVERDUE, L.REPAID)),
    ("fall_overdue", (L.DISBURSED, L.ACTIVE, L.EXTENDED), (L.OVERDUE,)),
    ("cure", (L.OVERDUE,), (L.ACTIVE, L.EXTENDED)),
    ("extend", (L.DISBURSED, L.ACTIVE, L.EXTENDED), (L.EXTENDED,)),
    ("renew", (L.DISBURSED, L.ACTIVE, L.EXTENDED), (L.RENEWED,)),
    ("compensate", (L.OVERDUE,), (L.COMPENSATED,)),
    ("close", (L.REPAID, L.RENEWED, L.COMPENSATED), (L.CLOSED,)),
)
TABLE: Mapping[tuple[LoanState, str], frozenset[LoanState]] = {
    (start, command): frozenset(ends) for command, starts, ends in _MOVES for start in starts
}
LABELS: Mapping[LoanState, str] = {
    L.DISBURSED: N_("已放款，待企业确认到账"),
    L.ACTIVE: N_("还款中"),
    L.EXTENDED: N_("已展期"),
    L.OVERDUE: N_("已逾期"),
    L.COMPENSATED: N_("已代偿"),
    L.REPAID: N_("已还清"),
    L.RENEWED: N_("已续贷"),
    L.CLOSED: N_("已结清销户"),
}


def after(state: LoanState, command: str, to: LoanState | None = None) -> LoanState:
    """The state after ``command``; ``to`` chooses where the table allows several. Raises ``IllegalTransition``."""
    ends = TABLE.get((state, command), frozenset())
    if to is None and len(ends) == 1:
        return next(iter(ends))
    if to is not None and to in ends:
        return to
    raise IllegalTransition(
        _("“%(state)s”状态下不能这样办理，请刷新页面查看最新进展。", state=_(LABELS[state]))
    )


def may(state: str, command: str) -> bool:
    return (LoanState(state), command) in TABLE
