"""Somebody moves while a right is alive: what has begun is paid where it began, what follows where they live now.

The authority that decided stays named in the decision; from the next period on the new place's budget pays and its seats
see the right. A place that the policy does not reach pays nothing: the right stays where it is until somebody has looked
(``losses``), and what was paid too much is claimed back by whoever paid it.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.wording import worded
from policy_engine.catalogue import encloses
from policy_engine.delivery.awards import repository
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.service import pay_due
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.claims.moving import has_moved, place_named
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import AwardState


def move_awards(session: Session, ports: Ports, places: Mapping[int, str], *, now: datetime) -> int:
    """The live rights of these subjects, who are now dealt with at ``places``; how many moved. Twice is once."""
    moved = 0
    for award in repository.lock_live_of_subjects(session, places):
        to = places[award.subject_id]
        terms = ports.terms(session, award.policy_id, award.policy_version)
        if not has_moved(award.division, to) or not encloses(terms.division, to):
            continue
        if award.state == AwardState.ACTIVE:
            pay_due(session, ports, award, terms, until=business_date(now), now=now)
        before, award.division = award.division, to
        detail = {"from": before, "to": to, "place": place_named(to).zh}
        log(session, award, "award.moved", SYSTEM, award.state, now=now, detail=detail)
        moved += 1
        if award.next_due_on is not None:
            tell(
                session,
                ports,
                award.subject_id,
                "award.moved",
                worded("%(policy)s：以后由%(place)s发放", policy=terms.named, place=place_named(to)),
                worded(
                    "您的地址变更后，已经开始的一期仍由原来的地方发放，以后的由现在的所在地发放，无需重新申请。"
                ),
                link=f"/claims/{award.claim_id}",
                now=now,
            )
    return moved
