"""The life of a product version: drafted by an officer of the institution, published by another one, ended or superseded.

draft → published → superseded | ended. A published version never changes; a change is a new version. Whoever publishes is
another person on another seat than the author, and the version's own cases have passed again that moment.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.audit import record
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.policies.cases import CaseOutcome
from policy_engine.policies.hashing import content_hash
from policy_engine.policies.problems import DocumentRefused, Problem
from policy_engine.policies.published import PublishedSet
from portals.financing.access import institution_of
from portals.financing.products import repository
from portals.financing.products.document import ProductDocument
from portals.financing.products.library import ProductEntry
from portals.financing.products.loading import (
    cases_of,
    check_product,
    load_product,
    outcomes_of,
    standing_of,
)
from portals.financing.products.models import Product


def save_draft(
    session: Session, *, text: str, cases_text: str, actor: Principal, published: PublishedSet, now: datetime
) -> Product:
    """Take in an upload as the next version, or over the draft that it already is.

    Raises ``DocumentRefused`` with every problem and its line, ``Conflict`` for a version that is no draft,
    ``Forbidden`` for another institution's product.
    """
    office = institution_of(actor, "financing.work", "financing.approve")
    loaded = load_product(text)
    document = loaded.document
    if document.institution != office.code:
        raise Forbidden(_("只能维护本机构的产品，文件里写的是“%(code)s”。", code=document.institution))
    problems = check_product(loaded, published)
    if problems:
        raise DocumentRefused(problems)
    _require_passed(outcomes_of(document, cases_of(cases_text, document, published), published))
    row = _draft_row(session, document, now)
    _fill(row, document, text, cases_text)
    row.author_id = actor.subject_id
    row.author_seat_id = None if actor.seat is None else actor.seat.id
    session.flush()
    _note(session, row, "product.draft", actor, now)
    return row


def publish(
    session: Session, row_id: uuid.UUID, *, actor: Principal, published: PublishedSet, now: datetime
) -> Product:
    """Put a draft on offer; the version before it is superseded. Raises ``Forbidden`` for the author's own hand."""
    row = _own(session, row_id, actor, approving=True)
    if row.state != "draft":
        raise Conflict(_("这一版已经上架或下架，请刷新查看。"))
    seat_id = None if actor.seat is None else actor.seat.id
    if actor.subject_id == row.author_id or seat_id == row.author_seat_id:
        raise Forbidden(_("起草与上架须由不同的人、不同的席位办理。请交由另一位同事审批。"))
    document = repository.document_of(row)
    problems = check_product(load_product(row.source_text), published)
    if problems:
        raise DocumentRefused(problems)
    _require_passed(outcomes_of(document, cases_of(row.cases_text, document, published), published))
    for other in repository.versions_of(session, row.product_id):
        if other.state == "published":
            other.state, other.ended_at = "superseded", now
    row.state, row.published_at = "published", now
    row.publisher_id, row.publisher_seat_id = actor.subject_id, seat_id
    _note(session, row, "product.publish", actor, now)
    return row


def end(session: Session, row_id: uuid.UUID, *, actor: Principal, now: datetime) -> Product:
    """Take a product off offer; applications under way go on."""
    row = _own(session, row_id, actor, approving=True)
    if row.state != "published":
        raise Conflict(_("只有已上架的产品可以下架。"))
    row.state, row.ended_at = "ended", now
    _note(session, row, "product.end", actor, now)
    return row


def install(
    session: Session, entries: Iterable[ProductEntry], *, published: PublishedSet, now: datetime
) -> None:
    """Put the products that come with the system on offer, checked as any: where no officer is there to do it yet.

    One that the store knows in any version is its institution's affair and left alone.
    """
    for entry in entries:
        document = entry.document
        if repository.versions_of(session, document.id):
            continue
        problems = check_product(load_product(entry.text), published)
        if problems:
            raise DocumentRefused(problems)
        _require_passed(outcomes_of(document, cases_of(entry.cases_text, document, published), published))
        row = _draft_row(session, document, now)
        _fill(row, document, entry.text, entry.cases_text)
        row.state, row.published_at = "published", now
        session.flush()
        _note(session, row, "product.install", "library", now)


def _fill(row: Product, document: ProductDocument, text: str, cases_text: str) -> None:
    row.bank_code, row.kind, row.title = document.institution, document.kind, document.title
    row.is_demonstration = standing_of(document) != "official"
    row.valid_from, row.valid_until = document.valid_from, document.valid_until
    row.source_text, row.cases_text = text, cases_text
    row.document = repository.content_of(document)
    row.content_hash = content_hash(row.document)


def _own(session: Session, row_id: uuid.UUID, actor: Principal, *, approving: bool) -> Product:
    office = institution_of(actor, "financing.approve") if approving else institution_of(actor)
    row = repository.find(session, row_id, for_update=True)
    if row is None or row.bank_code != office.code:
        raise NotFound(_("没有找到这项产品。"))
    return row


def _draft_row(session: Session, document: ProductDocument, now: datetime) -> Product:
    versions = repository.versions_of(session, document.id)
    if any(one.bank_code != document.institution for one in versions):
        raise Conflict(_("产品编号“%(id)s”已被其他机构使用，请另取编号。", id=document.id))
    existing = next((one for one in versions if one.version == document.version), None)
    if existing is not None:
        if existing.state != "draft":
            raise Conflict(
                _("第 %(version)d 版已上架，不能再改。请把 version 加一后上传。", version=document.version)
            )
        return existing
    latest = versions[0].version if versions else 0
    if document.version != latest + 1:
        raise Conflict(
            _(
                "下一个版本号应为 %(next)d，文件里写的是 %(version)d。",
                next=latest + 1,
                version=document.version,
            )
        )
    row = Product(product_id=document.id, version=document.version, state="draft", created_at=now)
    session.add(row)
    return row


def _require_passed(outcomes: list[CaseOutcome]) -> None:
    failed = [one for one in outcomes if not one.is_passed]
    if failed:
        raise DocumentRefused(
            Problem("case", one.name, 0, one.difference, _("请更正用例或条款。")) for one in failed
        )


def _note(session: Session, row: Product, action: str, actor: Principal | str, now: datetime) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="financing_product",
        object_id=row.id,
        detail={"product": row.product_id, "version": row.version},
        now=now,
    )
