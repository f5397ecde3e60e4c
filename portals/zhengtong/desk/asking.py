"""The same question as of another day: what the rule of that day says on the facts of that day."""

import uuid
from datetime import date

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import views
from policy_engine.delivery.claims import repository as claims
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import Explanation, explain
from policy_engine.policies.past import published_on
from policy_engine.profiles.past import family_on
from portals.services import Services

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)


def answer_on(services: Services, principal: Principal, claim_id: uuid.UUID, day: date) -> Explanation:
    """A claim's policy explained as of any day, past or future.

    Raises ``NotFound`` outside the seat's business, where the policy was not in force or the subject not known.
    """
    if not EARLIEST <= day <= LATEST:
        raise InvalidInput(
            _("日期超出范围。"),
            errors=[FieldError("on", _("日期超出范围"), _("请填 2000 年到 2100 年之间的日期。"))],
        )
    house, today = services.house, services.house.clock.today()
    with house.database.read() as session:
        views.claim_file(session, services.ports, claim_id, principal, now=house.clock.now())
        claim = claims.get_claim(session, claim_id)
        if claim is None:
            raise NotFound(_("没有找到您要的内容。"))
        published = published_on(session, day) if day < today else services.published.current(session)
        case = FamilyCase(family_on(session, claim.subject_id, day, today=today), published, day)
        subject, policy_id = Subject(claim.subject_id, claim.unit_id), claim.policy_id
    for policy, one in case.policies_on():
        if policy.document.id == policy_id and one == subject:
            return explain(case, policy, subject)
        if policy.document.is_computed_status:
            case.judge(policy, one)
    raise NotFound(_("那一天这项政策没有实施，或不涉及这位对象。"))


def asked_on(
    services: Services, principal: Principal, claim_id: uuid.UUID, text: str
) -> tuple[Explanation | None, str]:
    """The answer for a day as typed into the page, or what is wrong with the question; nothing for no question."""
    if not text:
        return None, ""
    try:
        return answer_on(services, principal, claim_id, date.fromisoformat(text)), ""
    except ValueError:
        return None, _("请按 2026-11-23 的样子填写日期。")
    except (InvalidInput, NotFound) as problem:
        return None, problem.detail
