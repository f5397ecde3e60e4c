"""What pages and the API do to claims, each in one transaction."""

import uuid
from collections.abc import Collection
from typing import Literal, cast

from kernel.errors import InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.claims.schemas import ClaimFile, WorkItem
from policy_engine.delivery.means.schemas import MeansView
from policy_engine.delivery.views import WorkFilter, WorkPage, means
from portals.services import Services
from portals.zhengtong.words import CLAIM_ACTIONS

#: Lines of one table of a page, and of one answer or file to a program.
PAGE, MOST_LISTED, MOST_EXPORTED = 50, 500, 5_000


def to_do(
    services: Services, principal: Principal, wanted: WorkFilter, *, limit: int, offset: int = 0
) -> WorkPage:
    """What waits at this seat's stages and fits, and how much waits altogether."""
    house = services.house
    with house.database.read() as session:
        return views.work_page(
            session, services.ports, principal, wanted, now=house.clock.now(), limit=limit, offset=offset
        )


def chosen(services: Services, principal: Principal, claim_ids: Collection[uuid.UUID]) -> list[WorkItem]:
    """Those of these claims that wait at this seat's stages."""
    house = services.house
    with house.database.read() as session:
        return views.chosen_work(session, services.ports, principal, claim_ids, now=house.clock.now())


def file_of(services: Services, principal: Principal, claim_id: uuid.UUID) -> ClaimFile:
    """A claim's whole file. ``NotFound`` outside the seat's business."""
    house = services.house
    with house.database.read() as session:
        return views.claim_file(session, services.ports, claim_id, principal, now=house.clock.now())


def means_of(services: Services, principal: Principal, claim_id: uuid.UUID) -> list[MeansView]:
    """The means checks of a claim, the newest first."""
    house = services.house
    with house.database.read() as session:
        return means.checks_of_claim(session, services.ports, claim_id, principal, now=house.clock.now())


def review(
    services: Services,
    principal: Principal,
    claim_id: uuid.UUID,
    action: str,
    reason: str,
    amount_fen: int | None = None,
) -> None:
    """One act at the present stage: accept, return, recommend, grant, refuse."""
    house = services.house
    with house.database.write() as session:
        delivery.act_on_claim(
            session,
            services.ports,
            claim_id=claim_id,
            principal=principal,
            action=known_action(action),
            reason=reason,
            amount_fen=amount_fen,
            now=house.clock.now(),
        )


def hold(services: Services, principal: Principal, claim_id: uuid.UUID, reason: str) -> None:
    house = services.house
    with house.database.write() as session:
        delivery.hold_claim(
            session, claim_id=claim_id, principal=principal, reason=reason, now=house.clock.now()
        )


def resume(services: Services, principal: Principal, claim_id: uuid.UUID) -> None:
    house = services.house
    with house.database.write() as session:
        delivery.resume_claim(session, claim_id=claim_id, principal=principal, now=house.clock.now())


def decide_appeal(
    services: Services, principal: Principal, claim_id: uuid.UUID, outcome: str, reason: str
) -> None:
    """``uphold`` or ``overturn``, by somebody who did not refuse it."""
    house = services.house
    with house.database.write() as session:
        delivery.decide_appeal(
            session,
            services.ports,
            claim_id=claim_id,
            principal=principal,
            outcome=cast(Literal["uphold", "overturn"], _one_of(outcome, ("uphold", "overturn"))),
            reason=reason,
            now=house.clock.now(),
        )


def record_objection(services: Services, principal: Principal, claim_id: uuid.UUID, grounds: str) -> None:
    """Somebody objected while the public notice runs."""
    house = services.house
    with house.database.write() as session:
        delivery.record_objection(
            session, claim_id=claim_id, principal=principal, grounds=grounds, now=house.clock.now()
        )


def settle_objection(
    services: Services, principal: Principal, claim_id: uuid.UUID, outcome: str, reason: str
) -> None:
    """``dismiss`` or ``sustain``."""
    house = services.house
    with house.database.write() as session:
        delivery.settle_objection(
            session,
            ports=services.ports,
            claim_id=claim_id,
            principal=principal,
            outcome=cast(Literal["dismiss", "sustain"], _one_of(outcome, ("dismiss", "sustain"))),
            reason=reason,
            now=house.clock.now(),
        )


def known_action(action: str) -> delivery.Action:
    """The text of a form as an act. Raises ``InvalidInput``."""
    return cast(delivery.Action, _one_of(action, tuple(CLAIM_ACTIONS)))


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidInput(_("请选择一种办理方式。"))
    return value
