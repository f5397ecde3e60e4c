"""What the city knows about one: from whom, since when, used for what; saying that it is wrong; not being looked for."""

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy.orm import Session

from connectors.resilience import Watch
from connectors.resilience.states import states
from kernel import audit
from kernel.errors import NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from kernel.wording import worded
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.matching.footing import footing_of
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.disclosure import known_about, other_words, past_words
from policy_engine.profiles.objections import service as objections
from policy_engine.profiles.objections.service import ObjectionView
from policy_engine.profiles.schemas import KnownAbout, OtherWord, PastWord
from portals.services import Services
from portals.shared.ages import SOURCES_OF_SYSTEMS
from portals.shared.representing import (
    Represented,
    Speaker,
    must_be_allowed_to_choose,
    represented,
    speaker_for,
    tell_the_person,
)

Short = Annotated[str, msgspec.Meta(max_length=500)]


class Objecting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong with a fact, and what would be right (may be left empty)."""

    wrong: Short
    right: Short = ""


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether policies may look for one by themselves."""

    may_be_found: bool


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """The same with who chose it last, and as what: self, guardian, proxy, institution or enterprise."""

    may_be_found: bool
    chosen_by: str
    chosen_as: str
    chosen_at: datetime | None


class PolicyUse(msgspec.Struct, frozen=True):
    """A policy in force whose conditions read this fact."""

    policy_id: str
    title: str


class FactDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One fact with everything behind it. ``source_down_since`` says that its source cannot be asked just now."""

    fact: KnownAbout
    uses: tuple[str, ...]
    retention: str
    policies: tuple[PolicyUse, ...]
    other_words: tuple[OtherWord, ...]
    history: tuple[PastWord, ...]
    objections: tuple[ObjectionView, ...]
    is_source_down: bool


class Knowledge:
    """Of whoever the visitor speaks for: themselves, a child or ward, or who they act for as identity has granted it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._house = services.house

    def people(self, principal: Principal) -> list[Represented]:
        """Whose facts one may see here."""
        with self._house.database.read() as session:
            return represented(session, self._services, principal)

    def facts(self, principal: Principal, who: str = "") -> list[KnownAbout]:
        """Everything; nothing for whom nobody has told anything of."""
        with self._house.database.read() as session:
            speaker = speaker_for(session, self._services, principal, who)
            try:
                return known_about(session, speaker.subject_id)
            except NotFound:
                return []

    def detail(self, principal: Principal, attribute_id: str, who: str = "") -> FactDetail:
        """Raises ``NotFound`` when nothing of the kind is known."""
        house, today = self._house, self._house.clock.today()
        attribute = known_attribute(attribute_id)
        with house.database.read() as session:
            subject_id = speaker_for(session, self._services, principal, who).subject_id
            facts = {one.attribute: one for one in known_about(session, subject_id)}
            if attribute_id not in facts:
                raise NotFound(_("没有登记这项信息。"))
            known = profiles.load_subjects(session, [subject_id])[subject_id]
            fact = known.facts[attribute.key]
            raised = objections.of_subject(session, house.vault, subject_id, today)
            published = self._services.published.current(session)
            systems = states(session, Watch(house.ephemeral, house.clock), now=house.clock.now())
            return FactDetail(
                fact=facts[attribute_id],
                uses=attribute.permitted_uses,
                retention=attribute.retention,
                policies=tuple(
                    PolicyUse(one.document.id, one.document.named.said)
                    for one in published.effective_on(today)
                    if attribute in footing_of(one.document, published.statuses).reading.attributes
                ),
                other_words=other_words(session, subject_id, attribute, fact),
                history=past_words(session, subject_id, attribute),
                objections=tuple(one for one in raised if one.attribute == attribute_id),
                is_source_down=any(
                    one.condition == "down" and SOURCES_OF_SYSTEMS.get(one.system, one.system) == fact.source
                    for one in systems
                ),
            )

    def raise_objection(
        self, principal: Principal, attribute_id: str, words: Objecting, who: str = ""
    ) -> ObjectionView:
        """By oneself, or for somebody one represents, who is told."""
        house = self._house
        with house.database.write() as session:
            speaker = speaker_for(session, self._services, principal, who)
            raised = objections.raise_objection(
                session,
                house.vault,
                subject_id=speaker.subject_id,
                attribute_id=attribute_id,
                wrong=words.wrong,
                right=words.right,
                by=principal.subject_id,
                role=speaker.role,
                now=house.clock.now(),
            )
            self._on_record(session, principal, speaker, "objection.raise", raised.id)
            self._tell_of_objection(session, principal, speaker, attribute_id, raised.label, N_("提出了异议"))
            return raised

    def withdraw(self, principal: Principal, objection_id: uuid.UUID, who: str = "") -> None:
        with self._house.database.write() as session:
            speaker = speaker_for(session, self._services, principal, who)
            row = objections.withdraw(
                session,
                objection_id,
                subject_id=speaker.subject_id,
                by=principal.subject_id,
                now=self._house.clock.now(),
            )
            self._on_record(session, principal, speaker, "objection.withdraw", row.id)
            label = known_attribute(row.attribute).name
            self._tell_of_objection(session, principal, speaker, row.attribute, label, N_("撤回了异议"))

    def objections(self, principal: Principal, who: str = "") -> list[ObjectionView]:
        house = self._house
        with house.database.read() as session:
            subject_id = speaker_for(session, self._services, principal, who).subject_id
            return objections.of_subject(session, house.vault, subject_id, house.clock.today())

    def finding(self, principal: Principal, who: str = "") -> FindingView:
        with self._house.database.read() as session:
            return self._finding(session, speaker_for(session, self._services, principal, who).subject_id)

    def choose(self, principal: Principal, chosen: Finding, who: str = "") -> FindingView:
        """For oneself, or for somebody one represents where the law lets one; they are told."""
        now = self._house.clock.now()
        with self._house.database.write() as session:
            speaker = speaker_for(session, self._services, principal, who)
            must_be_allowed_to_choose(speaker, objections.last_choice(session, speaker.subject_id))
            objections.choose_quiet(
                session,
                speaker.subject_id,
                is_quiet=not chosen.may_be_found,
                by=principal.subject_id,
                role=speaker.role,
                now=now,
            )
            self._on_record(session, principal, speaker, "finding.choose", speaker.key or "own")
            tell_the_person(
                session,
                self._services,
                principal,
                speaker,
                "finding.chosen_for_you",
                worded("有人替您选择了政策找人"),
                worded("替您重新打开了政策找人。")
                if chosen.may_be_found
                else worded("替您关闭了政策找人，不再主动为您找政策。"),
                "/finding",
            )
            return self._finding(session, speaker.subject_id)

    def _finding(self, session: Session, subject_id: int) -> FindingView:
        last = objections.last_choice(session, subject_id)
        return FindingView(
            may_be_found=not objections.is_quiet(session, subject_id),
            chosen_by=self._services.ports.people.name_of(session, last.by) if last is not None else "",
            chosen_as=last.role if last is not None else "",
            chosen_at=last.at if last is not None else None,
        )

    def _tell_of_objection(
        self,
        session: Session,
        principal: Principal,
        speaker: Speaker,
        attribute_id: str,
        label: str,
        what: str,
    ) -> None:
        tell_the_person(
            session,
            self._services,
            principal,
            speaker,
            "objection.for_you",
            worded("有人替您对登记信息提出意见"),
            worded("替您对“%(label)s”%(what)s。", label=label, what=worded(what)),
            f"/facts/{attribute_id}",
        )

    def _on_record(
        self, session: Session, principal: Principal, speaker: Speaker, action: str, object_id: object
    ) -> None:
        audit.record(
            session,
            actor=principal,
            action=action,
            object_kind="subject_choice" if action.startswith("finding") else "fact_objection",
            object_id=str(object_id),
            detail={"role": speaker.role},
            now=self._house.clock.now(),
        )


def known_attribute(attribute_id: str) -> Attribute:
    """Raises ``NotFound`` for an id that the catalogue does not know."""
    try:
        return catalogue().attribute(attribute_id)
    except KeyError:
        raise NotFound(_("没有登记这项信息。")) from None
