"""All SQL of links to identities elsewhere."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.upstream.models import UpstreamLink
from kernel.database import changed_rows


def by_external(session: Session, provider: str, external_index: bytes) -> UpstreamLink | None:
    return session.scalar(
        sa.select(UpstreamLink).where(
            UpstreamLink.provider == provider, UpstreamLink.external_index == external_index
        )
    )


def of_subject(session: Session, subject_id: int) -> Sequence[UpstreamLink]:
    statement = sa.select(UpstreamLink).where(UpstreamLink.subject_id == subject_id)
    return session.scalars(statement.order_by(UpstreamLink.linked_at)).all()


def add(session: Session, row: UpstreamLink) -> None:
    session.add(row)
    session.flush()


def delete_own(session: Session, subject_id: int, link_id: uuid.UUID) -> bool:
    statement = sa.delete(UpstreamLink).where(
        UpstreamLink.link_id == link_id, UpstreamLink.subject_id == subject_id
    )
    return changed_rows(session, statement) == 1
