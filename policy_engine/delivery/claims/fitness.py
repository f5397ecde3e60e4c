"""Who may have a hand in a claim where it stands: nobody in their own affair, nobody in two parts of one affair.

Read once for a claim, asked of as many people as there are: everybody to whom it might be handed on.
"""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.i18n import gettext as _
from kernel.web.principal import SeatView
from policy_engine.delivery.access import acted_elsewhere, is_concerned
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.models import Claim, StageDecision
from policy_engine.delivery.claims.signing import open_places, part_of, place_for, signatures_at
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.terms import Stage


class Fitness(msgspec.Struct, frozen=True):
    """What of a claim decides about persons: whom it concerns, and who did what so far."""

    stage: Stage
    round: int
    visit: int
    concerned: frozenset[int | None]
    acts: tuple[StageDecision, ...]

    def problem(self, official_id: int, department: str) -> str | None:
        """Why this person may not act at the present stage, on whichever seat of its duty; none when they may."""
        shared = self._problem_anywhere(official_id)
        if shared is not None:
            return shared
        if not self.stage.may_repeat_person and self._acted_besides(official_id, self.stage.key):
            return _("您已办理过这件申请的前一环节，同一人不能办理两个环节。")
        if self.stage.joint:
            signed = signatures_at(self.stage, self.visit, self.acts)
            if any(act.official_id == official_id for act in signed):
                return _("您已会签，同一人不能签两次。")
            if place_for(department, open_places(self.stage, signed)) is None:
                return _("您所在部门已经会签，正在等其他席位。")
        return None

    def problem_as_adviser(self, official_id: int, as_stage: str) -> str | None:
        """Why this person may not give an opinion; none when they may."""
        shared = self._problem_anywhere(official_id)
        if shared is None and self._acted_besides(official_id, as_stage):
            return _("您已办理过这件申请的前一环节，同一人不能办理两个环节。")
        return shared

    def _problem_anywhere(self, official_id: int) -> str | None:
        if is_concerned(official_id, self.concerned):
            return _("您与这件申请有利害关系，应当回避。")
        if any(act.action == "refuse" and act.official_id == official_id for act in self.acts):
            return _("您曾作出不予批准的决定，应由其他人员重新审定。")
        return None

    def _acted_besides(self, official_id: int, stage_key: str) -> bool:
        acts = [
            (act.stage, act.official_id)
            for act in self.acts
            if act.round == self.round and act.action != "return_for_supplement"
        ]
        return acted_elsewhere(official_id, stage_key, acts)


def fitness_for(session: Session, ports: Ports, claim: Claim, *, now: datetime) -> Fitness:
    guardians = ports.people.guardians_of(session, claim.subject_id, business_date(now))
    return _fitness(claim, guardians, repository.standing_acts(session, claim.id))


def fitness_of_each(
    session: Session, ports: Ports, claims: Collection[Claim], *, now: datetime
) -> dict[uuid.UUID, Fitness]:
    """The same of many, in as few questions as of one."""
    acting = ports.people.recipients_of(session, {claim.subject_id for claim in claims}, business_date(now))
    acts = repository.standing_acts_of_each(session, [claim.id for claim in claims])
    return {
        claim.id: _fitness(claim, acting.get(claim.subject_id, frozenset()), acts.get(claim.id, []))
        for claim in claims
    }


def everyone_concerned(
    session: Session, ports: Ports, claim: Claim, *, now: datetime
) -> frozenset[int | None]:
    """Whom the claim is about, and who acts for them: none of them has a say in it (公务员法 Art. 76 回避)."""
    return _concerned(claim, ports.people.guardians_of(session, claim.subject_id, business_date(now)))


def _fitness(claim: Claim, acting: Collection[int], acts: Iterable[StageDecision]) -> Fitness:
    return Fitness(
        stage=present_stage(claim),
        round=claim.round,
        visit=claim.visit,
        concerned=_concerned(claim, acting),
        acts=tuple(acts),
    )


def _concerned(claim: Claim, acting: Collection[int]) -> frozenset[int | None]:
    concerned = (claim.subject_id, claim.applicant_id, claim.payee_id, claim.unit_id, claim.entered_by_id)
    return frozenset(concerned).union(acting)


def part_of_seat(claim: Claim, seat: SeatView) -> str:
    """Which share of the present stage a seat stands for; see ``signing.part_of``."""
    return part_of(present_stage(claim), seat.department)
