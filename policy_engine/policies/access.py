"""Who may write, approve and publish policies: seats, never persons; and never one person for both hands."""

from kernel.errors import Forbidden
from kernel.web.principal import Duty, Principal, SeatView
from policy_engine.catalogue import encloses
from policy_engine.policies.models import PolicyVersion


def require_seat(actor: Principal, duty: Duty, jurisdiction: str) -> SeatView:
    """The actor's seat, when it has ``duty`` and its division and the policy's lie on one line. Raises ``Forbidden``.

    A city seat may handle its counties' policies and carry out those of the province and the nation.
    """
    seat = actor.seat
    if seat is None or not actor.has_duty(duty):
        raise Forbidden("您当前的席位没有这项政策管理职责。请切换席位，或联系系统管理员。")
    if not (encloses(seat.division, jurisdiction) or encloses(jurisdiction, seat.division)):
        raise Forbidden("这项政策不在您席位所属的行政区域内。")
    return seat


def require_second_hand(version: PolicyVersion, seat: SeatView, actor: Principal) -> None:
    """Approval and publication need another person on another seat than the author's. Raises ``Forbidden``."""
    if actor.subject_id == version.author_id or seat.id == version.author_seat_id:
        raise Forbidden("起草与审批须由不同的人、不同的席位办理。请交由另一席位的同事审批。")
