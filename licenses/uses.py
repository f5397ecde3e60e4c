"""The record of uses: written with the reading, committed to in the transparency log and chained into the audit trail, so
that no row can vanish unseen."""

import hashlib
import uuid
from collections.abc import Collection

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import AuditEvent, record
from kernel.house import House
from kernel.ids import new_id
from kernel.transparency import record as commit_to
from licenses import repository
from licenses.log.sources import USE, use_content
from licenses.models import Licence, LicenceUse
from licenses.schemas import Verifier

ACTION = "licence.use"


def record_use(
    session: Session,
    house: House,
    licence: Licence,
    *,
    kind: str,
    verifier: Verifier,
    purpose: str,
    fields: Collection[str],
    basis: str = "",
    grant_id: uuid.UUID | None = None,
) -> LicenceUse:
    """One use; call it in the transaction that reads the data, before anything is answered."""
    now = house.clock.now()
    use = LicenceUse(
        id=new_id(),
        licence_id=licence.id,
        kind=kind,
        verifier=verifier.name,
        is_verifier_known=verifier.is_known,
        purpose=purpose,
        basis=basis,
        fields=",".join(fields),
        grant_id=grant_id,
        used_at=now,
    )
    session.add(use)
    detail = {"licence": str(licence.id), "digest": digest_of(use)}
    record(
        session,
        actor=f"verifier:{kind}",
        action=ACTION,
        object_kind="licence_use",
        object_id=use.id,
        detail=detail,
        now=now,
    )
    session.flush()
    commit_to(session, USE, use.id, use_content(use), now=now)
    return use


def digest_of(use: LicenceUse) -> str:
    """Over everything the row says; its id, random by 74 bits, keeps the rest from being guessed."""
    said = (
        str(use.id),
        str(use.licence_id),
        use.kind,
        use.verifier,
        use.is_verifier_known,
        use.purpose,
        use.basis,
        use.fields,
        str(use.grant_id or ""),
        use.used_at.isoformat(),
    )
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def check_uses(session: Session) -> list[str]:
    """Every use that the audit trail knows and the record no longer shows as it was, by name; with ``verify_chain`` of
    the trail itself this is whole."""
    findings = []
    seen = 0
    events = sa.select(AuditEvent).where(AuditEvent.action == ACTION).order_by(AuditEvent.number)
    for event in session.scalars(events.execution_options(yield_per=1000)):
        use = session.get(LicenceUse, uuid.UUID(event.object_id))
        seen += 1
        if use is None:
            findings.append(f"use {event.object_id} of licence {event.detail['licence']} is missing")
        elif digest_of(use) != event.detail["digest"]:
            findings.append(f"use {event.object_id} of licence {event.detail['licence']} was changed")
    total = repository.count_uses(session)
    if total > seen - sum("missing" in one for one in findings):
        findings.append("there are uses that the audit trail does not know")
    return findings
