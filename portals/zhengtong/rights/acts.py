"""What pages and the API do to rights in force and to overpayments, each in one transaction."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Literal, TypeVar, cast, get_args

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.awards.adjusting import Adjusted
from policy_engine.delivery.awards.schemas import AwardInQuestion, LossesHeld
from policy_engine.delivery.recovery.deciding import Outcome
from policy_engine.delivery.recovery.schemas import OverpaymentView
from policy_engine.delivery.recovery.undoing import Ground
from portals.services import Services

T = TypeVar("T")
LOSSES = "losses"


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """One list of the page: rights in question, or days on which too many were put in doubt."""

    question: str
    rights: tuple[AwardInQuestion, ...] = ()
    losses: tuple[LossesHeld, ...] = ()


def questions(services: Services, principal: Principal, question: str) -> Questions:
    house = services.house
    with house.database.read() as session:
        if question == LOSSES:
            held = views.losses_held(session, services.ports, principal)
            return Questions(question=question, losses=tuple(held))
        found = views.rights_in_question(session, services.ports, principal, question, now=house.clock.now())
    return Questions(question=question, rights=tuple(found))


def act_on_right(
    services: Services,
    principal: Principal,
    award_id: uuid.UUID,
    act: str,
    reason: str,
    from_month: date | None = None,
) -> None:
    """Restore, end, undo a death, adjust, or decide on who inherits, by its name. ``NotFound`` for no such act."""
    now = services.house.clock.now()

    def apply(session: Session) -> object:
        common = {"award_id": award_id, "principal": principal, "reason": reason, "now": now}
        if act == "restore":
            return delivery.restore_award(session, services.ports, **common)
        if act == "undo_death":
            return delivery.undo_death(session, services.ports, **common)
        if act in ("agree_heir", "refuse_heir"):
            outcome: Literal["agree", "refuse"] = "agree" if act == "agree_heir" else "refuse"
            return delivery.decide_heir(session, services.ports, outcome=outcome, **common)
        if act == "adjust":
            return delivery.adjust_award(session, services.ports, **common)
        if act == "end":
            if from_month is None:
                raise InvalidInput(_("请填写从哪个月起终止。"))
            return delivery.end_award(session, services.ports, from_month=from_month, **common)
        raise NotFound(_("没有找到您要的内容。"))

    _write(services, apply)


def adjust_raised(services: Services, principal: Principal, policy_id: str, reason: str) -> list[Adjusted]:
    """All awards of a policy that today's standards raise, 200 at a time."""
    if not reason.strip():
        raise InvalidInput(_("请写明理由，当事人会看到它。"))
    now = services.house.clock.now()
    return _write(
        services,
        lambda session: delivery.adjust_raised(
            session, services.ports, principal=principal, policy_id=policy_id, reason=reason, now=now
        ),
    )


def decide_losses(
    services: Services, principal: Principal, policy_id: str, day: date, outcome: str, reason: str
) -> None:
    if outcome not in ("carried_out", "dismissed"):
        raise InvalidInput(_("请选择核查结果。"))
    now = services.house.clock.now()
    _write(
        services,
        lambda session: delivery.decide_losses(
            session,
            policy_id=policy_id,
            day=day,
            principal=principal,
            outcome="carried_out" if outcome == "carried_out" else "dismissed",
            reason=reason,
            now=now,
        ),
    )


def overpayments(services: Services, principal: Principal, *, is_open: bool) -> list[OverpaymentView]:
    with services.house.database.read() as session:
        return views.overpayments_at(session, services.ports, principal, is_open=is_open)


def overpayment(services: Services, principal: Principal, overpayment_id: uuid.UUID) -> OverpaymentView:
    with services.house.database.read() as session:
        return views.overpayment_for_seat(session, services.ports, overpayment_id, principal)


def decide(
    services: Services,
    principal: Principal,
    overpayment_id: uuid.UUID,
    outcome: str,
    reason: str,
    *,
    is_known_to_payee: bool = False,
) -> None:
    """Demand, drop or write off after the hearing."""
    if outcome not in get_args(Outcome):
        raise InvalidInput(_("请选择处理结果。"))
    now = services.house.clock.now()
    _write(
        services,
        lambda session: delivery.decide_overpayment(
            session,
            services.ports,
            overpayment_id=overpayment_id,
            principal=principal,
            outcome=cast(Outcome, outcome),
            reason=reason,
            is_known_to_payee=is_known_to_payee,
            now=now,
        ),
    )


def write_off(services: Services, principal: Principal, overpayment_id: uuid.UUID, reason: str) -> None:
    now = services.house.clock.now()
    _write(
        services,
        lambda session: delivery.write_off(
            session,
            services.ports,
            overpayment_id=overpayment_id,
            principal=principal,
            reason=reason,
            now=now,
        ),
    )


def undo(
    services: Services,
    principal: Principal,
    overpayment_id: uuid.UUID,
    ground: str,
    reference: str,
    reason: str,
) -> None:
    """A decision to recover does not stand; what was repaid is paid out again."""
    if ground not in get_args(Ground):
        what = _("请选择撤销的依据。")
        raise InvalidInput(what, errors=[FieldError("ground", what)])
    now = services.house.clock.now()
    _write(
        services,
        lambda session: delivery.undo_overpayment(
            session,
            services.ports,
            overpayment_id=overpayment_id,
            principal=principal,
            ground=cast(Ground, ground),
            reference=reference,
            reason=reason,
            now=now,
        ),
    )


def agree_instalments(
    services: Services, principal: Principal, overpayment_id: uuid.UUID, count: int, first_due_on: date
) -> None:
    now = services.house.clock.now()
    _write(
        services,
        lambda session: delivery.agree_instalments(
            session,
            services.ports,
            overpayment_id=overpayment_id,
            principal=principal,
            count=count,
            first_due_on=first_due_on,
            now=now,
        ),
    )


def record_repayment(
    services: Services,
    principal: Principal,
    overpayment_id: uuid.UUID,
    amount_fen: int,
    receipt: str,
    received_on: date,
) -> None:
    now = services.house.clock.now()
    _write(
        services,
        lambda session: delivery.record_repayment(
            session,
            overpayment_id=overpayment_id,
            principal=principal,
            amount_fen=amount_fen,
            receipt=receipt,
            received_on=received_on,
            now=now,
        ),
    )


def _write(services: Services, step: Callable[[Session], T]) -> T:
    with services.house.database.write() as session:
        return step(session)
