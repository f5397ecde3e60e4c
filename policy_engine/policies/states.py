"""The life of a policy version, as one table: what the table does not name cannot happen.from kernel.i18n import N_, gettext as _


draft → in_review → approved → published ⇄ suspended → superseded | recalled; a review may send it back to draft.
Expiry is no state: it follows from ``effective_to``.
"""

from enum import StrEnum
from typing import Literal

from kernel.errors import IllegalTransition
from kernel.i18n import N_
from kernel.i18n import gettext as _

Action = Literal[
    "submit", "send_back", "approve", "publish", "widen", "suspend", "resume", "recall", "supersede"
]

#: In thousandths of those whom a version reaches.
CANARY_PERMILLE = 10
FULL_PERMILLE = 1000


class PolicyState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    RECALLED = "recalled"
    SUPERSEDED = "superseded"


STATE_LABELS: dict[PolicyState, str] = {
    PolicyState.DRAFT: N_("草稿"),
    PolicyState.IN_REVIEW: N_("审查中"),
    PolicyState.APPROVED: N_("已批准"),
    PolicyState.PUBLISHED: N_("已发布"),
    PolicyState.SUSPENDED: N_("已暂停"),
    PolicyState.RECALLED: N_("已撤回"),
    PolicyState.SUPERSEDED: N_("已被新版本取代"),
}

_MOVES: dict[tuple[PolicyState, Action], PolicyState] = {
    (PolicyState.DRAFT, "submit"): PolicyState.IN_REVIEW,
    (PolicyState.IN_REVIEW, "send_back"): PolicyState.DRAFT,
    (PolicyState.IN_REVIEW, "approve"): PolicyState.APPROVED,
    (PolicyState.APPROVED, "send_back"): PolicyState.DRAFT,
    (PolicyState.APPROVED, "publish"): PolicyState.PUBLISHED,
    (PolicyState.PUBLISHED, "widen"): PolicyState.PUBLISHED,
    (PolicyState.PUBLISHED, "suspend"): PolicyState.SUSPENDED,
    (PolicyState.PUBLISHED, "recall"): PolicyState.RECALLED,
    (PolicyState.PUBLISHED, "supersede"): PolicyState.SUPERSEDED,
    (PolicyState.SUSPENDED, "resume"): PolicyState.PUBLISHED,
    (PolicyState.SUSPENDED, "recall"): PolicyState.RECALLED,
    (PolicyState.SUSPENDED, "supersede"): PolicyState.SUPERSEDED,
}


def after(state: PolicyState, action: Action) -> PolicyState:
    """The state that ``action`` leads to. Raises ``IllegalTransition``."""
    if (state, action) not in _MOVES:
        raise IllegalTransition(
            _("政策版本%(state)s，不能进行这项操作。请刷新页面查看最新状态。", state=_(STATE_LABELS[state]))
        )
    return _MOVES[state, action]


def actions_from(state: PolicyState) -> tuple[Action, ...]:
    """What may be done from ``state``; superseding happens by itself."""
    return tuple(action for start, action in _MOVES if start == state and action != "supersede")
