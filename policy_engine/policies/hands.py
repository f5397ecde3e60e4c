"""Putting a hand to a version: from one state to the next, signed by a person on a seat, and in the audit trail."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Duty, Principal, SeatView
from policy_engine.policies import repository
from policy_engine.policies.access import require_seat
from policy_engine.policies.models import PolicyApproval, PolicyVersion
from policy_engine.policies.states import Action, after

#: Characters of a note.
MOST_SAID = 500


def move(
    session: Session,
    version_id: uuid.UUID,
    action: Action,
    actor: Principal,
    *duties: Duty,
    now: datetime,
) -> tuple[PolicyVersion, SeatView]:
    """The version, held and in its next state, for an actor whose seat has one of the ``duties``."""
    version = repository.find_version(session, version_id, for_update=True)
    if version is None:
        raise NotFound(_("没有找到这个政策版本。"))
    duty = next((one for one in duties if actor.has_duty(one)), duties[0])
    seat = require_seat(actor, duty, str(version.document["jurisdiction"]))
    version.state = after(version.state_on(business_date(now)), action)
    return version, seat


def sign(
    session: Session,
    version: PolicyVersion,
    seat: SeatView,
    actor: Principal,
    action: Action,
    *,
    note: str = "",
    detail: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    """Keep who did what, on which seat, with which words and findings."""
    version.updated_at = now
    session.add(
        PolicyApproval(
            version_id=version.id,
            subject_id=actor.subject_id,
            seat_id=seat.id,
            seat_title=seat.title,
            action=action,
            note=note,
            detail=detail,
            at=now,
        )
    )
    session.flush()
    record(session, version, f"policy.{action}", actor, now)


def record(session: Session, version: PolicyVersion, action: str, actor: Principal, now: datetime) -> None:
    """The act in the audit trail of the policy."""
    detail = {
        "version": version.version,
        "state": version.state,
        "rollout_permille": version.rollout_permille,
    }
    audit.record(
        session,
        actor=actor,
        action=action,
        object_kind="policy",
        object_id=version.policy_id,
        detail=detail,
        now=now,
    )


def since_submission(session: Session, version: PolicyVersion) -> Sequence[PolicyApproval]:
    """The hands put to a version since it was last submitted: what was found of an earlier text counts no more."""
    hands = repository.approvals_of(session, version.id)
    last = max((place for place, one in enumerate(hands) if one.action == "submit"), default=-1)
    return hands[last + 1 :]


def require_note(note: str) -> None:
    """Raises ``InvalidInput`` for an act without its reason."""
    if not note.strip():
        raise InvalidInput(
            _("请写明原因。"), errors=[FieldError("note", _("原因不能为空"), _("请用一两句话说明。"))]
        )
    if len(note) > MOST_SAID:
        mend = _("请写在 %(most)d 字以内。", most=MOST_SAID)
        raise InvalidInput(_("写得太长。"), errors=[FieldError("note", _("写得太长"), mend)])
