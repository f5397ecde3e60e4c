"""Who may act for the enterprise: administrators, agents, agencies; and for whom its own people act.

Only whoever represents the firm by law and its administrators see and change this.
"""

import uuid
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from sqlalchemy.orm import Session

from identity.delegation import enterprises, mandates
from identity.delegation import repository as delegations
from identity.delegation.enterprises import Authority
from identity.delegation.models import Assignment, Mandate, Membership
from identity.registry import firms
from identity.registry import service as registry
from identity.registry.identifiers import IdentifierKind
from identity.registry.names import is_same_name
from kernel.clock import business_date
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.principal import Principal

MONTHS = {"3": 91, "6": 182, "12": 365, "24": 730, "36": 1095}
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """``may_end`` by whoever is looking."""

    id: uuid.UUID
    name: str
    role: Literal["administrator", "agent"]
    may_show_licences: bool
    may_finance: bool
    since: datetime
    until: datetime
    appointed_by: str
    may_end: bool


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of this firm who works on a mandate."""

    id: uuid.UUID
    name: str


class Mandated(msgspec.Struct, frozen=True, kw_only=True):
    """An agency that may act for this firm, or somebody for whom this firm may act (then with its ``workers``)."""

    id: uuid.UUID
    name: str
    kind: Literal["agency", "institution"]
    may_show_licences: bool
    may_finance: bool
    since: datetime
    until: datetime
    workers: tuple[Worker, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about who acts for a firm. ``may_appoint_administrators`` only for its legal representative."""

    form: str
    head_title: str
    heads: tuple[str, ...]
    may_appoint_administrators: bool
    members: tuple[Member, ...]
    agencies: tuple[Mandated, ...]
    clients: tuple[Mandated, ...]


class Appointment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody by name and id number together; ``months`` 3, 6, 12, 24 or 36."""

    name: Short
    id_number: Short
    role: Literal["administrator", "agent"]
    months: Annotated[int, msgspec.Meta(ge=1, le=36)] = 12
    may_show_licences: bool = False
    may_finance: bool = False


class NewMandate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agency by name and unified social credit code together."""

    name: Short
    uscc: Short
    months: Annotated[int, msgspec.Meta(ge=1, le=36)] = 12
    may_show_licences: bool = False
    may_finance: bool = False


class NewWorker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``member`` is the number of one of this firm's members, or empty for its legal representative themselves."""

    member: uuid.UUID | None = None


class Members:
    """What may be done about it; every act in one transaction."""

    def __init__(self, house: House) -> None:
        self._house = house

    def read(self, principal: Principal) -> Order:
        """Raises ``Forbidden`` for agents."""
        house, now, firm = self._house, self._house.clock.now(), principal.acting_for
        with house.database.read() as session:
            own = enterprises.require_governor(session, firm, principal.subject_id, now)
            members = enterprises.members_of(session, firm, now)
            given = delegations.live_mandates(session, now, principal_id=firm)
            held = delegations.live_mandates(session, now, holder_id=firm)
            work = delegations.live_assignments(session, [one.mandate_id for one in held], now)
            heads = registry.related_to(session, "legal_representative", firm, business_date(now))
            numbers = {firm, *heads}
            numbers |= {one.subject_id for one in (*members, *work)}
            numbers |= {number for one in (*given, *held) for number in (one.principal_id, one.holder_id)}
            people = registry.describe(session, numbers, vault=house.vault)
            names = {number: view.name for number, view in people.items()}
            form = people[firm].form or "enterprise"
            return Order(
                form=_(firms.NAMES[form]),
                head_title=_(firms.HEADS[form]),
                heads=tuple(names[head] for head in heads),
                may_appoint_administrators=own.standing == "representative",
                members=tuple(
                    self._member(session, one, members, names, principal.subject_id, now) for one in members
                ),
                agencies=tuple(_mandated(one, names[one.holder_id], (), names) for one in given),
                clients=tuple(_mandated(one, names[one.principal_id], work, names) for one in held),
            )

    def appoint(self, principal: Principal, wanted: Appointment) -> uuid.UUID:
        now = self._house.clock.now()
        with self._house.database.write() as session:
            self._governor(session, principal)
            return enterprises.register_member(
                session,
                firm_id=principal.acting_for,
                subject_id=self._found(session, "id_number", wanted.id_number, wanted.name),
                role=wanted.role,
                appointed_by=principal.subject_id,
                scopes=[*_scopes(wanted), *(["members"] if wanted.role == "administrator" else [])],
                until_at=now + _term(wanted.months),
                now=now,
            )

    def dismiss(self, principal: Principal, membership_id: uuid.UUID) -> None:
        """End a membership of this firm; another firm's reads as not found."""
        with self._house.database.write() as session:
            membership = delegations.get_membership(session, membership_id)
            if membership is None or membership.firm_id != principal.acting_for:
                raise NotFound(_("没有找到这项企业授权。"))
            enterprises.revoke_membership(
                session,
                membership_id=membership_id,
                by_subject=principal.subject_id,
                now=self._house.clock.now(),
            )

    def mandate(self, principal: Principal, wanted: NewMandate) -> uuid.UUID:
        now = self._house.clock.now()
        with self._house.database.write() as session:
            self._governor(session, principal)
            return mandates.grant_mandate(
                session,
                firm_id=principal.acting_for,
                agency_id=self._found(session, "uscc", wanted.uscc, wanted.name),
                granted_by=principal.subject_id,
                scopes=_scopes(wanted),
                until_at=now + _term(wanted.months),
                now=now,
            )

    def end_mandate(self, principal: Principal, mandate_id: uuid.UUID) -> None:
        """From either side, by whoever governs this firm."""
        with self._house.database.write() as session:
            self._concerned(session, principal, mandate_id)
            mandates.end_mandate_by(
                session,
                mandate_id=mandate_id,
                by_subject=principal.subject_id,
                now=self._house.clock.now(),
            )

    def assign(self, principal: Principal, mandate_id: uuid.UUID, wanted: NewWorker) -> uuid.UUID:
        """Give a mandate that this firm holds to one of its own people."""
        now = self._house.clock.now()
        with self._house.database.write() as session:
            mandate = self._concerned(session, principal, mandate_id)
            if mandate.holder_id != principal.acting_for:
                raise NotFound(_("没有找到这项委托。"))
            return mandates.assign(
                session,
                mandate_id=mandate_id,
                subject_id=self._own_person(session, principal, wanted.member, now),
                assigned_by=principal.subject_id,
                now=now,
            )

    def withdraw(self, principal: Principal, assignment_id: uuid.UUID) -> None:
        with self._house.database.write() as session:
            assignment = delegations.get_assignment(session, assignment_id)
            if assignment is None:
                raise NotFound(_("没有找到这项指派。"))
            self._concerned(session, principal, assignment.mandate_id)
            mandates.withdraw_assignment(
                session,
                assignment_id=assignment_id,
                by_subject=principal.subject_id,
                now=self._house.clock.now(),
            )

    def _governor(self, session: Session, principal: Principal) -> Authority:
        return enterprises.require_governor(
            session, principal.acting_for, principal.subject_id, self._house.clock.now()
        )

    def _concerned(self, session: Session, principal: Principal, mandate_id: uuid.UUID) -> Mandate:
        """A mandate of the firm one acts for now, on either side."""
        self._governor(session, principal)
        mandate = delegations.get_mandate(session, mandate_id)
        if mandate is None or principal.acting_for not in (mandate.principal_id, mandate.holder_id):
            raise NotFound(_("没有找到这项委托。"))
        return mandate

    def _own_person(
        self, session: Session, principal: Principal, member: uuid.UUID | None, now: datetime
    ) -> int:
        if member is None:
            heads = registry.related_to(
                session, "legal_representative", principal.acting_for, business_date(now)
            )
            if not heads:
                raise NotFound(_("没有找到这名成员。"))
            return heads[0]
        membership = delegations.get_membership(session, member)
        if membership is None or membership.firm_id != principal.acting_for:
            raise NotFound(_("没有找到这名成员。"))
        return membership.subject_id

    def _found(self, session: Session, kind: IdentifierKind, identifier: str, name: str) -> int:
        vault = self._house.vault
        number = registry.find_by_identifier(session, kind, identifier.strip(), vault=vault)
        view = registry.describe(session, [number], vault=vault).get(number) if number else None
        if number is None or view is None or not is_same_name(view.name, name):
            text = _("名称和号码对不上，或登记中没有，请核对后再填。")
            raise InvalidInput(text, errors=[FieldError("uscc" if kind == "uscc" else "id_number", text)])
        if kind == "id_number" and view.kind != "person":
            raise InvalidInput(_("成员只能是个人。"))
        return number

    def _member(
        self,
        session: Session,
        one: Membership,
        members: list[Membership],
        names: dict[int, str],
        reader_id: int,
        now: datetime,
    ) -> Member:
        above = next((two for two in members if two.membership_id == one.appointed_by), None)
        return Member(
            id=one.membership_id,
            name=names[one.subject_id],
            role="administrator" if one.role == "administrator" else "agent",
            may_show_licences="licences" in one.scopes,
            may_finance="financing" in one.scopes,
            since=one.from_at,
            until=one.until_at,
            appointed_by=names[above.subject_id] if above else "",
            may_end=enterprises.may_revoke(session, one, reader_id, now),
        )


def _mandated(
    one: Mandate, name: str, work: "list[Assignment] | tuple[()]", names: dict[int, str]
) -> Mandated:
    return Mandated(
        id=one.mandate_id,
        name=name,
        kind="agency" if one.kind == "agency" else "institution",
        may_show_licences="licences" in one.scopes,
        may_finance="financing" in one.scopes,
        since=one.from_at,
        until=one.until_at,
        workers=tuple(
            Worker(id=row.assignment_id, name=names[row.subject_id])
            for row in work
            if row.mandate_id == one.mandate_id
        ),
    )


def _scopes(wanted: Appointment | NewMandate) -> list[str]:
    given = {"rongtong": True, "licences": wanted.may_show_licences, "financing": wanted.may_finance}
    return [scope for scope, is_given in given.items() if is_given]


def _term(months: int) -> timedelta:
    return timedelta(days=MONTHS.get(str(months), months * 30))
