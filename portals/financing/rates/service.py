"""Reference rates: proposed with the announcement they were read in, in force when another official has read it too.

A rate never changes what was reckoned for a quarter that is with the city already; which day's rate counts for a quarter
is the policy's word (``subsidies.rules``). Never commits.
"""

import uuid
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from portals.financing.rates import repository
from portals.financing.rates.models import ReferenceRate
from portals.financing.rates.schemas import KINDS, STATES, NewRate, Outcome, RateView

#: No LPR was ever near it: what is above is a slip of the pen.
HIGHEST_BP: Final = 1000
#: LPR as it is formed today begins here.
FIRST_DAY: Final = date(2019, 8, 20)


def propose(session: Session, wanted: NewRate, *, by: Principal, now: datetime) -> ReferenceRate:
    """Write down what was announced; it counts when another official has confirmed it. Raises ``InvalidInput``."""
    errors = list(_errors(wanted, business_date(now)))
    if errors:
        raise InvalidInput(_("利率登记有误，请按提示修改。"), errors=errors)
    known = repository.of_day(session, wanted.kind, wanted.since)
    if known is not None and known.rate_bp == wanted.rate_bp:
        raise Conflict(_("这一天的这个利率已经登记，数值相同。"))
    row = ReferenceRate(
        id=new_id(),
        kind=wanted.kind,
        since=wanted.since,
        rate_bp=wanted.rate_bp,
        source_title=wanted.source_title.strip(),
        source_url=wanted.source_url.strip(),
        state="proposed",
        proposed_by_id=by.subject_id,
        proposed_by_name=by.name,
        proposed_seat_id=None if by.seat is None else by.seat.id,
        proposed_at=now,
    )
    session.add(row)
    _note(session, row, "propose", by, now)
    return row


def decide(
    session: Session, rate_id: uuid.UUID, outcome: Outcome, *, by: Principal, now: datetime
) -> ReferenceRate:
    """The second hand. Raises ``Forbidden`` for the first one's, ``Conflict`` when it was decided already."""
    row = repository.lock(session, rate_id)
    if row is None:
        raise NotFound(_("没有找到这条利率。"))
    if row.state != "proposed":
        raise Conflict(_("这条利率已经复核过，请刷新页面查看。"))
    if not _is_other_hand(row, by):
        raise Forbidden(_("登记和复核须由不同的人、不同的席位办理。"))
    if outcome == "confirm":
        former = repository.of_day(session, row.kind, row.since)
        if former is not None:
            former.state = "replaced"
            session.flush()
    row.state = "in_force" if outcome == "confirm" else "refused"
    row.decided_by_id, row.decided_by_name, row.decided_at = by.subject_id, by.name, now
    _note(session, row, outcome, by, now)
    return row


def install_known(session: Session, *, now: datetime) -> None:
    """What is known when a store begins, where nobody has entered that day yet."""
    for one in known():
        if repository.of_day(session, one.kind, one.since) is None:
            row = ReferenceRate(
                id=new_id(),
                **msgspec.structs.asdict(one),
                state="in_force",
                proposed_by_name="known.yaml",
                proposed_at=now,
                decided_at=now,
            )
            session.add(row)
            session.flush()
            audit.record(
                session,
                actor="library",
                action="financing.rate.install",
                object_kind="financing_reference_rate",
                object_id=row.id,
                detail={"kind": one.kind, "since": one.since.isoformat(), "rate_bp": one.rate_bp},
                now=now,
            )


def views(session: Session, reader: Principal) -> list[RateView]:
    return [view(row, reader) for row in repository.every(session)]


def view(row: ReferenceRate, reader: Principal) -> RateView:
    kind = msgspec.convert(row.kind, NewRate.__annotations__["kind"])
    return RateView(
        id=row.id,
        kind=row.kind,
        kind_label=_(KINDS[kind]),
        since=row.since,
        rate_bp=row.rate_bp,
        source_title=row.source_title,
        source_url=row.source_url,
        state=row.state,
        state_label=_(STATES[row.state]),
        proposed_by=row.proposed_by_name,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by_name,
        decided_at=row.decided_at,
        may_decide=row.state == "proposed" and _is_other_hand(row, reader),
    )


@cache
def known() -> tuple[NewRate, ...]:
    text = Path(__file__).with_name("known.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=tuple[NewRate, ...])


def _errors(wanted: NewRate, today: date) -> Iterator[FieldError]:
    if not 0 < wanted.rate_bp <= HIGHEST_BP:
        yield FieldError("rate_bp", _("利率应当大于0，不超过10%。"), _("例如3.00%填写300。"))
    if not FIRST_DAY <= wanted.since <= today:
        yield FieldError("since", _("公布日期应在2019年8月20日之后，不晚于今天。"), _("请按公告核对。"))
    if not 4 <= len(wanted.source_title.strip()) <= 200:
        yield FieldError("source_title", _("请写明公告的名称，4到200字。"))
    url = wanted.source_url.strip()
    if not url.startswith("https://") or len(url) > 400 or not url.isprintable() or " " in url:
        yield FieldError("source_url", _("请填写公告的网址，以https://开头。"))


def _is_other_hand(row: ReferenceRate, by: Principal) -> bool:
    seat_id = None if by.seat is None else by.seat.id
    return by.subject_id != row.proposed_by_id and seat_id != row.proposed_seat_id


def _note(session: Session, row: ReferenceRate, act: str, by: Principal, now: datetime) -> None:
    session.flush()
    audit.record(
        session,
        actor=by,
        action=f"financing.rate.{act}",
        object_kind="financing_reference_rate",
        object_id=row.id,
        detail={"kind": row.kind, "since": row.since.isoformat(), "rate_bp": row.rate_bp},
        now=now,
    )
