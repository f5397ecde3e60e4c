"""What can be shared is asked for, not collected again: requested with purpose and basis, granted for a time, recorded."""

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import sqlalchemy as sa
import yaml
from sqlalchemy.orm import Session

from connectors.exchange.messages import ExchangeAnswer, ExchangeQuestion
from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound, OutsideFailure
from kernel.i18n import gettext as _
from kernel.ids import new_id
from policy_engine.catalogue import catalogue
from policy_engine.profiles.exchange.models import ExchangeAccess, ExchangeGrant

Sharing = Literal["unconditional", "conditional", "withheld"]
LONGEST = timedelta(days=366)
MOST = 200
_IDENTIFIER = re.compile(r"[0-9A-Z]{15,20}")


class Dataset(msgspec.Struct, frozen=True):
    """One data set of the exchange; ``fields`` by its own names, with what people call them."""

    id: str
    name: str
    label_en: str
    owner: str
    sharing: Sharing
    fields: Mapping[str, str]

    @property
    def owner_name(self) -> str:
        return catalogue().departments[self.owner].name


class Requester(msgspec.Struct, frozen=True, kw_only=True):
    """The seat that asks: its office, and who sits there."""

    subject_id: int
    seat: str
    department: str
    division: str


class GrantView(msgspec.Struct, frozen=True, kw_only=True):
    """``accesses`` is how often it has been used."""

    id: uuid.UUID
    dataset: str
    dataset_name: str
    owner: str
    department: str
    fields: tuple[str, ...]
    purpose: str
    basis: str
    until_on: date
    state: str
    reason: str
    requested_at: datetime
    accesses: int


class AccessView(msgspec.Struct, frozen=True, kw_only=True):
    """One access: who, when, which fields, how it ended; of whom only the owner's receipt tells."""

    id: uuid.UUID
    dataset: str
    dataset_name: str
    purpose: str
    seat: str
    fields: tuple[str, ...]
    asked_at: datetime
    outcome: str
    receipt: str


class Exchange(Protocol):
    """The exchange as a connector plays it."""

    def ask(self, question: ExchangeQuestion) -> ExchangeAnswer: ...


@cache
def datasets() -> Mapping[str, Dataset]:
    """The catalogue of shared data sets; one whose owner is no department stops the start."""
    raw = yaml.safe_load((Path(__file__).parent / "datasets.yaml").read_text(encoding="utf-8"))
    found = {one.id: one for one in msgspec.convert(raw["datasets"], list[Dataset])}
    strangers = {one.owner for one in found.values()} - catalogue().departments.keys()
    if strangers:
        raise ValueError(f"data sets of unknown owners: {', '.join(sorted(strangers))}")
    return found


def request(
    session: Session,
    dataset_id: str,
    fields: Collection[str],
    *,
    purpose: str,
    basis: str,
    until_on: date,
    by: Requester,
    now: datetime,
) -> GrantView:
    """Ask for a grant. What is shared unconditionally is granted at once, what is withheld refused at once."""
    dataset = datasets().get(dataset_id)
    if dataset is None:
        raise NotFound(_("没有这个数据集。"))
    today = business_date(now)
    errors = []
    strangers = set(fields) - dataset.fields.keys()
    if not fields or strangers:
        errors.append(FieldError("fields", _("请从这个数据集的字段中选择，够用即可")))
    for where, text in (("purpose", purpose), ("basis", basis)):
        if not 4 <= len(text.strip()) <= 200 or not text.strip().isprintable():
            errors.append(FieldError(where, _("请写4到200个字")))
    if not today <= until_on <= today + LONGEST:
        errors.append(FieldError("until_on", _("期限从今天起，最长一年")))
    if errors:
        raise InvalidInput(_("申请还缺一些内容。"), errors=errors)
    state = {"unconditional": "granted", "conditional": "requested", "withheld": "refused"}[dataset.sharing]
    row = ExchangeGrant(
        id=new_id(),
        dataset=dataset.id,
        owner=dataset.owner,
        department=by.department,
        division=by.division,
        fields=sorted(fields),
        purpose=purpose.strip(),
        basis=basis.strip(),
        until_on=until_on,
        state=state,
        reason=_("这个数据集依法不予共享") if state == "refused" else None,
        requested_by=by.subject_id,
        requested_at=now,
        decided_at=None if state == "requested" else now,
    )
    session.add(row)
    session.flush()
    return _view(row, 0)


def decide(
    session: Session,
    grant_id: uuid.UUID,
    owners: Collection[str],
    *,
    is_granted: bool,
    reason: str,
    by: int,
    now: datetime,
) -> None:
    """By the owner of the data, never by who asked. Raises ``NotFound``, ``Forbidden``, ``Conflict``, ``InvalidInput``."""
    row = _locked(session, grant_id)
    if row.owner not in owners:
        raise NotFound(_("没有找到这份申请。"))
    if row.requested_by == by:
        raise Forbidden(_("不能审批自己提出的申请。"))
    if row.state != "requested":
        raise Conflict(_("这份申请已经办结。"))
    if not is_granted and not 2 <= len(reason.strip()) <= 300:
        what = _("不同意须写明理由")
        raise InvalidInput(what, errors=[FieldError("reason", what)])
    row.state = "granted" if is_granted else "refused"
    row.reason, row.decided_by, row.decided_at = reason.strip() or None, by, now


def end(
    session: Session, grant_id: uuid.UUID, owners: Collection[str], department: str, now: datetime
) -> None:
    """Ended early, by the owner or by the office that holds it; the next access is refused."""
    row = _locked(session, grant_id)
    if row.owner not in owners and row.department != department:
        raise NotFound(_("没有找到这份申请。"))
    if row.state != "granted":
        raise Conflict(_("这份申请不在有效期内。"))
    row.state, row.decided_at = "ended", now


def access(
    database: Database,
    vault: Vault,
    exchange: Exchange,
    grant_id: uuid.UUID,
    identifier: str,
    fields: Sequence[str],
    *,
    by: Requester,
    now: datetime,
) -> ExchangeAnswer:
    """Ask once. The access is on record before the question leaves, and stays there however it ends.

    Raises ``NotFound`` (not this office's grant), ``Forbidden`` (not in force, or more than was granted),
    ``InvalidInput`` or ``OutsideFailure``.
    """
    number = identifier.strip().upper()
    if not _IDENTIFIER.fullmatch(number):
        what = _("请填写身份证号或统一社会信用代码")
        raise InvalidInput(what, errors=[FieldError("identifier", what)])
    with database.write() as session:
        row = _locked(session, grant_id)
        if row.department != by.department or row.division != by.division:
            raise NotFound(_("没有找到这份申请。"))
        if row.state != "granted" or row.until_on < business_date(now):
            raise Forbidden(_("这份授权不在有效期内，请重新申请。"))
        if not fields or not set(fields) <= set(row.fields):
            raise Forbidden(_("只能查询批准的字段。"))
        noted = ExchangeAccess(
            id=new_id(),
            grant_id=grant_id,
            subject_index=vault.blind_index(number, purpose="exchange_access"),
            fields=sorted(fields),
            asked_by=by.subject_id,
            seat=by.seat[:60],
            asked_at=now,
            outcome="asked",
        )
        session.add(noted)
        question = ExchangeQuestion(
            query_id=f"q-{noted.id.hex}",
            grant=str(grant_id),
            dataset=row.dataset,
            identifier=number,
            fields=tuple(sorted(fields)),
            purpose=row.purpose,
            basis=row.basis,
        )
    try:
        answer = exchange.ask(question)
    except OutsideFailure as failure:
        _close(database, noted.id, failure.slug, None)
        raise
    _close(database, noted.id, "answered" if answer.record else "empty", answer)
    return msgspec.structs.replace(
        answer, record={name: answer.record[name] for name in fields if name in answer.record}
    )


def grants(session: Session, owners: Collection[str], department: str, today: date) -> list[GrantView]:
    """This office's own, and those that ask for what it owns; the newest first."""
    uses = sa.select(sa.func.count()).where(ExchangeAccess.grant_id == ExchangeGrant.id).scalar_subquery()
    statement = sa.select(ExchangeGrant, uses).where(
        sa.or_(ExchangeGrant.department == department, ExchangeGrant.owner.in_(owners))
    )
    rows = session.execute(statement.order_by(ExchangeGrant.requested_at.desc()).limit(MOST)).all()
    return [_view(row, count, today) for row, count in rows]


def ledger(session: Session, owners: Collection[str], department: str) -> list[AccessView]:
    """Every access under those grants, the newest first."""
    statement = (
        sa.select(ExchangeAccess, ExchangeGrant)
        .join(ExchangeGrant, ExchangeGrant.id == ExchangeAccess.grant_id)
        .where(sa.or_(ExchangeGrant.department == department, ExchangeGrant.owner.in_(owners)))
        .order_by(ExchangeAccess.asked_at.desc())
        .limit(MOST)
    )
    return [
        AccessView(
            id=one.id,
            dataset=grant.dataset,
            dataset_name=datasets()[grant.dataset].name,
            purpose=grant.purpose,
            seat=one.seat,
            fields=tuple(one.fields),
            asked_at=one.asked_at,
            outcome=one.outcome,
            receipt=one.receipt or "",
        )
        for one, grant in session.execute(statement).all()
    ]


def _close(database: Database, access_id: uuid.UUID, outcome: str, answer: ExchangeAnswer | None) -> None:
    with database.write() as session:
        row = session.get(ExchangeAccess, access_id)
        if row is not None:
            row.outcome = outcome[:20]
            if answer is not None:
                row.receipt, row.data_as_of = answer.receipt[:80], answer.as_of


def _locked(session: Session, grant_id: uuid.UUID) -> ExchangeGrant:
    row = session.get(ExchangeGrant, grant_id, with_for_update=True)
    if row is None:
        raise NotFound(_("没有找到这份申请。"))
    return row


def _view(row: ExchangeGrant, accesses: int, today: date | None = None) -> GrantView:
    is_over = today is not None and row.state == "granted" and row.until_on < today
    return GrantView(
        id=row.id,
        dataset=row.dataset,
        dataset_name=datasets()[row.dataset].name,
        owner=row.owner,
        department=row.department,
        fields=tuple(row.fields),
        purpose=row.purpose,
        basis=row.basis,
        until_on=row.until_on,
        state="ended" if is_over else row.state,
        reason=row.reason or "",
        requested_at=row.requested_at,
        accesses=accesses,
    )
