"""Contracts: the signed PDF, checked, hashed and sealed, and the contract that stands on an accepted offer."""

import base64
import hashlib
import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.crypto import Vault, sm3
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from portals.financing.banks import repository
from portals.financing.banks.actors import WORK, BankActor
from portals.financing.banks.models import Contract, Document
from portals.financing.banks.pdf import check_pdf
from portals.financing.banks.schemas import ContractView, DocumentView, NewContract
from portals.financing.banks.work import move, own
from portals.financing.demands.models import Application
from portals.financing.demands.states import ApplicationState as A

MEDIA_TYPE = "application/pdf"
MOST_DOCUMENTS = 5
LONGEST_NAME = 120


class SealedFile(msgspec.Struct, frozen=True):
    """A PDF that was checked, hashed and sealed for the place it will have; made outside any transaction."""

    id: uuid.UUID
    name: str
    size: int
    pages: int
    sha256: bytes
    sm3: bytes
    sealed: bytes


def seal_pdf(name: str, content: bytes, vault: Vault) -> SealedFile:
    """Raises ``TooLarge`` or ``InvalidInput``."""
    number, pages = new_id(), check_pdf(content)
    return SealedFile(
        id=number,
        name=file_name(name),
        size=len(content),
        pages=pages,
        sha256=hashlib.sha256(content).digest(),
        sm3=sm3(content),
        sealed=vault.seal(base64.b64encode(content).decode(), context=_place(number)),
    )


def require_waiting(session: Session, actor: BankActor, application_id: uuid.UUID) -> None:
    """Whether a contract's file is wanted at all: asked before twenty megabytes are looked at. Raises ``Conflict``."""
    actor.require(WORK)
    if A(own(session, actor, application_id).state) not in (A.OFFER_ACCEPTED, A.GUARANTEE_ISSUED):
        raise Conflict(_("企业接受方案之后才能上传合同。"))


def keep(
    session: Session, actor: BankActor, application_id: uuid.UUID, file: SealedFile, *, now: datetime
) -> Document:
    """Keep a contract's PDF, once the firm has accepted. The same file again is the same document."""
    require_waiting(session, actor, application_id)
    known = repository.documents_of(session, application_id)
    if same := [one for one in known if one.sha256 == file.sha256]:
        return same[0]
    if len(known) >= MOST_DOCUMENTS:
        raise Conflict(_("一笔申请最多上传5份文件。"))
    row = Document(
        id=file.id,
        application_id=application_id,
        bank_code=actor.code,
        name=file.name,
        media_type=MEDIA_TYPE,
        size=file.size,
        pages=file.pages,
        sha256=file.sha256,
        sm3=file.sm3,
        content_sealed=file.sealed,
        uploaded_by=actor.officer,
        uploaded_at=now,
    )
    session.add(row)
    session.flush()
    return row


def sign(
    session: Session, actor: BankActor, application_id: uuid.UUID, wanted: NewContract, *, now: datetime
) -> Contract:
    """The contract of the accepted offer. Raises ``Conflict`` where a guarantee is still to come, ``InvalidInput``."""
    actor.require(WORK)
    application = own(session, actor, application_id)
    offer = repository.accepted_offer(session, application_id)
    if offer is None or offer.answered_at is None:
        raise Conflict(_("企业接受方案之后才能签约。"))
    if offer.needs_guarantee and A(application.state) != A.GUARANTEE_ISSUED:
        raise Conflict(_("这份方案要先办好担保，担保出具后才能签约。"))
    document = repository.document_at(session, wanted.document_id, application_id)
    errors = []
    if document is None:
        errors.append(FieldError("document_id", _("请先上传合同文件。")))
    if not business_date(offer.answered_at) <= wanted.signed_on <= business_date(now):
        errors.append(
            FieldError(
                "signed_on", _("签约日期应在企业接受方案之后，不晚于今天。"), _("请核对合同上的日期。")
            )
        )
    if repository.contract_numbered(session, actor.code, wanted.number) is not None:
        errors.append(FieldError("number", _("这个合同编号已经用过。"), _("请核对合同编号。")))
    if errors or document is None:
        raise InvalidInput(_("合同信息有误，请按提示修改。"), errors=errors)
    move(session, actor, application_id, "contract", now=now)
    contract = Contract(
        id=new_id(),
        application_id=application_id,
        offer_id=offer.id,
        document_id=document.id,
        firm_id=application.firm_id,
        bank_code=actor.code,
        number=wanted.number,
        signed_on=wanted.signed_on,
        made_by=actor.officer,
        made_at=now,
    )
    session.add(contract)
    session.flush()
    return contract


def content_of(session: Session, application: Application, document_id: uuid.UUID, *, vault: Vault) -> bytes:
    """The document itself, as it came. Raises ``NotFound``."""
    document = repository.document_at(session, document_id, application.id, with_content=True)
    if document is None:
        raise NotFound(_("没有找到这份文件。"))
    return base64.b64decode(vault.open(document.content_sealed, context=_place(document.id)))


def contract_view(session: Session, application_id: uuid.UUID) -> ContractView | None:
    contract = repository.contract_of(session, application_id)
    if contract is None:
        return None
    document = repository.document_at(session, contract.document_id, application_id)
    if document is None:
        raise LookupError(f"contract {contract.id} has no document")
    return ContractView(
        id=contract.id, number=contract.number, signed_on=contract.signed_on, document=document_view(document)
    )


def document_view(document: Document) -> DocumentView:
    return DocumentView(
        id=document.id,
        name=document.name,
        size=document.size,
        pages=document.pages,
        sha256=document.sha256.hex(),
        sm3=document.sm3.hex(),
        uploaded_at=document.uploaded_at,
    )


def file_name(text: str) -> str:
    """What a file may be called here: no way to a folder, nothing unprintable, not too long."""
    plain = "".join(one for one in text.replace("\\", "/").rsplit("/", 1)[-1] if one.isprintable()).strip()
    return plain[-LONGEST_NAME:] or "contract.pdf"


def _place(number: uuid.UUID) -> str:
    return f"financing_document/content_sealed/{number}"
