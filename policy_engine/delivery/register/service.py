"""The register as one value, made afresh by the worker every ten minutes: what is in force, and what was paid."""

from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.database import Database
from kernel.errors import Unavailable
from kernel.i18n import gettext as _
from kernel.transparency.heads import claimed
from kernel.transparency.repository import latest_head
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.register import repository
from policy_engine.delivery.register.repository import Cell
from policy_engine.delivery.register.suppression import PeoplePaid, shown
from policy_engine.delivery.reports import repository as reports
from policy_engine.policies import repository as policies
from policy_engine.policies.hashing import document_of
from policy_engine.policies.states import PolicyState

NAME = "public-register"
MOST_FIRMS = 20_000


class PolicyInForce(msgspec.Struct, frozen=True, kw_only=True):
    """``content_hash`` is the SM3 of the document, by which anybody can hold it against its published text."""

    policy_id: str
    version: int
    title: str
    title_en: str
    department: str
    jurisdiction: str
    audience: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    is_demonstration: bool
    content_hash: str


class FirmPaid(msgspec.Struct, frozen=True, kw_only=True):
    firm: str
    policy_id: str
    year: str
    fen: int


class LogHead(msgspec.Struct, frozen=True, kw_only=True):
    """The newest signed head of the transparency log, in which every decision and payment stands."""

    size: int
    root: str
    at: datetime


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """``titles`` names every policy that paid, also one no longer in force. ``people_as_of``: the last step of any group."""

    made_at: datetime
    policies: tuple[PolicyInForce, ...]
    titles: dict[str, str]
    firms: tuple[FirmPaid, ...]
    people: tuple[PeoplePaid, ...]
    people_as_of: datetime | None
    log: LogHead | None


class PublicRegister:
    """Gives the register as it was made last, read and decoded once for all who ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Register | None = None

    def current(self) -> Register:
        """Raises ``Unavailable`` in the first seconds of a house, before any was made."""
        with self._database.read_once() as session:
            made_at = reports.made_at(session, NAME)
        known = self._known
        if known is not None and known.made_at == made_at:
            return known
        with self._database.read_once() as session:
            content = reports.content_of(session, NAME)
        if content is None:
            raise Unavailable(_("公开目录正在汇总，请过几分钟再来。"))
        self._known = fresh = msgspec.json.decode(content, type=Register)
        return fresh


def keep(database: Database, ports: Ports, *, now: datetime) -> Register:
    """Make it afresh for everybody; the reading and the writing are apart, so that nobody waits for the sums."""
    with database.read() as session:
        made = make(session, ports, now=now)
    with database.write() as session:
        reports.keep(session, NAME, msgspec.json.encode(made), now=now)
    return made


def make(session: Session, ports: Ports, *, now: datetime) -> Register:
    paying = {one: ports.terms(session, one, version) for one, version in repository.policies_paid(session)}
    firm_policies = sorted(one for one, terms in paying.items() if terms.is_audience_firm)
    sums = repository.paid_by_subject(session, firm_policies, MOST_FIRMS)
    names = ports.people.names_of(session, {line.subject_id for line in sums})
    standing = [one for one in repository.standing(session) if one.policy_id not in firm_policies]
    cells = [Cell(one.policy_id, one.year, one.county, one.people, one.fen) for one in standing]
    head = latest_head(session)
    found = claimed(head.jws) if head is not None else None
    return Register(
        made_at=now,
        policies=tuple(_in_force(session, business_date(now))),
        titles={one: terms.title for one, terms in paying.items()},
        firms=tuple(
            FirmPaid(firm=names.get(one.subject_id, ""), policy_id=one.policy_id, year=one.year, fen=one.fen)
            for one in sums
        ),
        people=tuple(shown(cells)),
        people_as_of=max((one.settled_at for one in standing), default=None),
        log=LogHead(size=found.size, root=found.root, at=found.at) if found is not None else None,
    )


def _in_force(session: Session, today: date) -> list[PolicyInForce]:
    rows = [row for row in policies.live_versions(session) if row.state_on(today) is PolicyState.EFFECTIVE]
    found = []
    for row in rows:
        document = document_of(row)
        found.append(
            PolicyInForce(
                policy_id=row.policy_id,
                version=row.version,
                title=document.title,
                title_en=document.title_en,
                department=document.department,
                jurisdiction=document.jurisdiction,
                audience=document.audience,
                legal_basis="；".join(f"《{one.title}》" for one in document.legal_basis),
                effective_from=document.effective_from,
                effective_to=document.effective_to,
                is_demonstration=row.is_demonstration,
                content_hash=row.content_hash.hex(),
            )
        )
    return sorted(found, key=lambda one: (one.jurisdiction, one.policy_id))
