"""The life of a policy version, as one table: what the table does not name cannot happen.

draft → in_review (legality, fair competition, funds) → decomposed → verified (its own cases pass) → approved (shadow run
seen, two persons, finance) → published → effective ⇄ suspended → expired | revoked | recalled | superseded → evaluated →
archived. Until it is published a review may send it back to draft.

Two states are never stored, because no clock must strike for them: a published version is *effective* from its first day
and *expired* after its last.
"""

from datetime import date
from enum import StrEnum
from typing import Literal

from kernel.errors import IllegalTransition
from kernel.i18n import N_
from kernel.i18n import gettext as _

Action = Literal[
    "submit",
    "send_back",
    "review",
    "verify",
    "shadow",
    "fund",
    "approve",
    "publish",
    "widen",
    "suspend",
    "resume",
    "recall",
    "revoke",
    "supersede",
    "evaluate",
    "archive",
]

#: In thousandths of those whom a version reaches.
CANARY_PERMILLE = 10
FULL_PERMILLE = 1000


class PolicyState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    DECOMPOSED = "decomposed"
    VERIFIED = "verified"
    APPROVED = "approved"
    PUBLISHED = "published"
    EFFECTIVE = "effective"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    RECALLED = "recalled"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    EVALUATED = "evaluated"
    ARCHIVED = "archived"


S = PolicyState

STATE_LABELS: dict[PolicyState, str] = {
    S.DRAFT: N_("草稿"),
    S.IN_REVIEW: N_("审查中"),
    S.DECOMPOSED: N_("已分解"),
    S.VERIFIED: N_("用例已通过"),
    S.APPROVED: N_("已批准"),
    S.PUBLISHED: N_("已发布，未到施行日"),
    S.EFFECTIVE: N_("施行中"),
    S.SUSPENDED: N_("已暂停"),
    S.EXPIRED: N_("已到期"),
    S.RECALLED: N_("已撤回"),
    S.REVOKED: N_("已废止"),
    S.SUPERSEDED: N_("已被新版本取代"),
    S.EVALUATED: N_("已评估"),
    S.ARCHIVED: N_("已归档"),
}

#: Where somebody looks at it before it is published, and may send it back.
BEFORE_PUBLICATION = (S.IN_REVIEW, S.DECOMPOSED, S.VERIFIED, S.APPROVED)
_PUBLISHED = (S.PUBLISHED, S.EFFECTIVE)
_ENDED = (S.EXPIRED, S.RECALLED, S.REVOKED, S.SUPERSEDED)

#: From a state of the day, by an act, to the state that is stored.
_STEPS: tuple[tuple[tuple[PolicyState, ...], Action, PolicyState], ...] = (
    ((S.DRAFT,), "submit", S.IN_REVIEW),
    ((S.IN_REVIEW,), "review", S.DECOMPOSED),
    ((S.DECOMPOSED,), "verify", S.VERIFIED),
    ((S.VERIFIED,), "shadow", S.VERIFIED),
    ((S.VERIFIED,), "fund", S.VERIFIED),
    ((S.VERIFIED,), "approve", S.APPROVED),
    ((S.APPROVED,), "publish", S.PUBLISHED),
    (BEFORE_PUBLICATION, "send_back", S.DRAFT),
    (_PUBLISHED, "widen", S.PUBLISHED),
    (_PUBLISHED, "suspend", S.SUSPENDED),
    ((S.SUSPENDED,), "resume", S.PUBLISHED),
    ((*_PUBLISHED, S.SUSPENDED, S.EXPIRED), "recall", S.RECALLED),
    ((*_PUBLISHED, S.SUSPENDED), "revoke", S.REVOKED),
    ((*_PUBLISHED, S.SUSPENDED, S.EXPIRED), "supersede", S.SUPERSEDED),
    (_ENDED, "evaluate", S.EVALUATED),
    ((S.EVALUATED,), "archive", S.ARCHIVED),
)
_MOVES = {(start, action): end for starts, action, end in _STEPS for start in starts}


def state_on(stored: str, effective_from: date, effective_to: date | None, day: date) -> PolicyState:
    """The state of a version on a day: what is published is effective between its first day and its last."""
    state = PolicyState(stored)
    if state not in (S.PUBLISHED, S.SUSPENDED):
        return state
    if effective_to is not None and effective_to < day:
        return S.EXPIRED
    return S.EFFECTIVE if state == S.PUBLISHED and effective_from <= day else state


def stored_as(state: PolicyState) -> tuple[PolicyState, ...]:
    """The stored states that a state of the day may come from."""
    if state in _PUBLISHED:
        return (S.PUBLISHED,)
    return (S.PUBLISHED, S.SUSPENDED) if state == S.EXPIRED else (state,)


def after(state: PolicyState, action: Action) -> PolicyState:
    """The state to store when ``action`` is done in the ``state`` of the day. Raises ``IllegalTransition``."""
    if (state, action) not in _MOVES:
        raise IllegalTransition(
            _("政策版本%(state)s，不能进行这项操作。请刷新页面查看最新状态。", state=_(STATE_LABELS[state]))
        )
    return _MOVES[state, action]


def actions_from(state: PolicyState) -> tuple[Action, ...]:
    """What may be done in the ``state`` of the day; superseding happens by itself."""
    return tuple(action for start, action in _MOVES if start == state and action != "supersede")
