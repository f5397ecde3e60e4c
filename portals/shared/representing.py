"""For whom somebody speaks: oneself, a child or ward, or who gave a mandate; what the law lets each of them say.

A parent or guardian speaks for whom they represent (民法典 Art. 23, 27), without changing into another capacity; a proxy or an
institution comes in the capacity that identity granted. That a fact is wrong may be said by any of them. Whether policies
look for somebody is chosen by the person, a guardian or a relative with a mandate; never by an institution, which may gain
by what its residents do not get (民法典 Art. 168), and never against what the person has chosen themselves.
"""

from typing import Literal, NamedTuple

import msgspec
from sqlalchemy.orm import Session

from identity.delegation import repository as delegations
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from kernel.wording import Wording, worded
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.claims.standing import subjects_of
from policy_engine.profiles.objections.service import Chosen
from portals.services import Services
from portals.shared.families import key_of

Role = Literal["self", "guardian", "proxy", "institution", "enterprise"]


class Represented(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose facts one may see: ``key`` is theirs in ``?who=``, empty for whom one is signed in as."""

    key: str
    name: str
    role: Role


class Speaker(NamedTuple):
    """Who is spoken for, and as what; ``key`` as it came."""

    subject_id: int
    role: Role
    key: str

    @property
    def is_for_another(self) -> bool:
        return self.role in ("guardian", "proxy", "institution")


def speaker_for(session: Session, services: Services, principal: Principal, key: str = "") -> Speaker:
    """Raises ``NotFound`` for somebody one does not represent, ``Forbidden`` for an official's seat."""
    if principal.capacity == "seat":
        raise Forbidden(_("请以本人、代办人或企业的身份办理。"))
    now, vault = services.house.clock.now(), services.house.vault
    if not key:
        return Speaker(principal.acting_for, _own_role(session, services, principal), "")
    for subject_id in subjects_of(session, services.ports, principal, now):
        if key_of(vault, subject_id) == key:
            is_own = subject_id == principal.acting_for
            role: Role = _own_role(session, services, principal) if is_own else "guardian"
            return Speaker(subject_id, role, key)
    raise NotFound(_("没有找到您要的内容。"))


def represented(session: Session, services: Services, principal: Principal) -> list[Represented]:
    """Whom one is signed in as first, then children and wards by name."""
    now, vault = services.house.clock.now(), services.house.vault
    others = subjects_of(session, services.ports, principal, now) - {principal.acting_for}
    names = services.ports.people.names_of(session, others)
    wards = sorted((names.get(one, ""), key_of(vault, one)) for one in others)
    own = Represented(key="", name=principal.acting_for_name, role=_own_role(session, services, principal))
    return [own, *(Represented(key=key, name=name, role="guardian") for name, key in wards)]


def must_be_allowed_to_choose(speaker: Speaker, last: Chosen | None) -> None:
    """Whether they may choose that policies look for the person, or do not."""
    if speaker.role == "institution":
        raise Forbidden(_("机构不能替本人选择，请由本人、监护人或受委托的亲属办理。"))
    if speaker.role == "proxy" and last is not None and last.role == "self":
        raise Conflict(_("本人已经自己选择过，代办人不能更改；请由本人办理。"))


def tell_the_person(
    session: Session,
    services: Services,
    principal: Principal,
    speaker: Speaker,
    kind: str,
    title: Wording,
    body: Wording,
    link: str,
) -> None:
    """Whoever was spoken for hears it, by whom and how to undo it; a child's other guardians for the child."""
    if not speaker.is_for_another:
        return
    tell(
        session,
        services.ports,
        speaker.subject_id,
        kind,
        title,
        worded(
            "%(person)s（%(role)s）%(what)s如果不是您的意思，可以随时改回来，或拨打 12345。",
            person=principal.name,
            role=worded(_WORDS[speaker.role]),
            what=body,
        ),
        link=link,
        now=services.house.clock.now(),
        except_for=principal.subject_id,
    )


_WORDS: dict[Role, str] = {
    "guardian": N_("监护人"),
    "proxy": N_("代办人"),
    "institution": N_("代办机构"),
}


def _own_role(session: Session, services: Services, principal: Principal) -> Role:
    if principal.capacity == "self":
        return "self"
    if principal.capacity == "enterprise":
        return "enterprise"
    now = services.house.clock.now()
    given = delegations.live_proxies_from(session, principal.acting_for, now)
    kinds = {one.kind for one in given if one.agent_id == principal.subject_id}
    if "guardian" in kinds:
        return "guardian"
    return "proxy" if kinds else "institution"
