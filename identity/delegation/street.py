"""代办、帮办 by a street or village: the right to act for a resident rests with a seat and a paper on file.

Whoever sits there may use it; whoever has left the seat may not. It says for whom the counter may act, never more
than the counter's own duty and division allow.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from identity.delegation import repository
from identity.delegation.ending import end_seat_authorisation
from identity.delegation.models import SeatAuthorisation
from identity.trail import note
from kernel.clock import business_date
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.web.principal import Principal
from kernel.wording import worded

LONGEST = timedelta(days=366)


def file_authorisation(
    session: Session,
    *,
    principal_id: int,
    official: Principal,
    document_kind: str,
    document: str,
    until_at: datetime,
    now: datetime,
) -> uuid.UUID:
    """Keep a signed paper on file for the official's seat; the resident is told."""
    if official.seat is None or not official.has_duty("counter.assist"):
        raise NotFound("没有这个席位。")
    if not document or len(document) > 80:
        raise _refusal("reference", N_("请填写授权书的归档编号（80字以内）"))
    if not now < until_at <= now + LONGEST:
        raise _refusal("until", N_("授权期限应在今后一年以内"))
    authorisation_id = new_id()
    repository.add(
        session,
        SeatAuthorisation(
            authorisation_id=authorisation_id,
            principal_id=principal_id,
            seat_id=official.seat.id,
            document_kind=document_kind,
            document=document,
            recorded_by=official.subject_id,
            from_at=now,
            until_at=until_at,
        ),
    )
    note(
        session,
        "seat_authorisation.file",
        "seat_authorisation",
        authorisation_id,
        now=now,
        by=official,
        principal=principal_id,
        document=document,
    )
    notify(
        session,
        subject_id=principal_id,
        kind="seat_authorisation.filed",
        title=worded("街道窗口可以为您代办了"),
        body=worded(
            "%(seat)s可以凭您的授权书为您办事，到期日%(until)s。窗口不能更改收款账户。您可随时取消。",
            seat=official.seat.named,
            until=business_date(until_at),
        ),
        link="/tong/me/kin",
        now=now,
    )
    return authorisation_id


def withdraw_authorisation(
    session: Session, *, authorisation_id: uuid.UUID, by: int | Principal, now: datetime
) -> None:
    """The resident takes it back, or the seat that holds it gives it back."""
    found = repository.get_seat_authorisation(session, authorisation_id)
    if found is None or not _may_withdraw(found, by):
        raise NotFound("没有找到这项授权。")
    if found.revoked_at is None:
        end_seat_authorisation(session, found, now=now)
        note(session, "seat_authorisation.withdraw", "seat_authorisation", authorisation_id, now=now, by=by)


def authorisations_on_file(
    session: Session, *, principal_id: int, now: datetime, seat_id: int | None = None
) -> list[SeatAuthorisation]:
    """The papers in force by which a seat (or any seat) may act for somebody."""
    return list(repository.live_seat_authorisations(session, now, principal_id=principal_id, seat_id=seat_id))


def _may_withdraw(found: SeatAuthorisation, by: int | Principal) -> bool:
    if isinstance(by, int):
        return found.principal_id == by
    if by.capacity == "seat":
        return by.seat is not None and by.seat.id == found.seat_id
    return by.capacity == "self" and found.principal_id == by.subject_id


def _refusal(where: str, what: str) -> InvalidInput:
    return InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError(where, what)])
