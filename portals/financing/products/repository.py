"""All SQL of products."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import Conflict
from kernel.i18n import gettext as _
from policy_engine.policies.hashing import content_hash
from portals.financing.products.document import ProductDocument
from portals.financing.products.models import Product

LIVE = "published"


def content_of(document: ProductDocument) -> dict[str, Any]:
    """The document as plain JSON values."""
    content: dict[str, Any] = msgspec.to_builtins(document)
    return content


def document_of(row: Product) -> ProductDocument:
    """The typed document of a stored version. Raises ``Conflict`` when the row was changed behind our back."""
    if content_hash(row.document) != row.content_hash:
        raise Conflict(_("产品文件与登记的摘要不一致，已停止使用。请联系系统管理员核查。"))
    return msgspec.convert(row.document, ProductDocument)


def find(session: Session, row_id: uuid.UUID, *, for_update: bool = False) -> Product | None:
    return session.get(Product, row_id, with_for_update=for_update or None, populate_existing=for_update)


def version(session: Session, product_id: str, number: int) -> Product | None:
    """One version of a product by its number."""
    return session.scalar(
        sa.select(Product).where(Product.product_id == product_id, Product.version == number)
    )


def versions_of(session: Session, product_id: str) -> Sequence[Product]:
    """The newest first."""
    return session.scalars(
        sa.select(Product).where(Product.product_id == product_id).order_by(Product.version.desc())
    ).all()


def live(session: Session) -> Sequence[Product]:
    """Every published version: one of each product."""
    return session.scalars(
        sa.select(Product).where(Product.state == LIVE).order_by(Product.bank_code, Product.product_id)
    ).all()


def of_institution(session: Session, code: str) -> Sequence[Product]:
    """All versions of one institution, the newest change first."""
    return session.scalars(
        sa.select(Product).where(Product.bank_code == code).order_by(Product.created_at.desc(), Product.id)
    ).all()


def mark_of_change(session: Session) -> tuple[Any, ...]:
    """Something that differs after every publication and every end."""
    row = session.execute(
        sa.select(sa.func.count(), sa.func.max(Product.published_at), sa.func.max(Product.ended_at)).where(
            Product.published_at.is_not(None)
        )
    ).one()
    return tuple(row)
