"""A bank at work on an application: accept, contact, look into it, decline with a reason, or approve by a second person."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from portals.financing.banks import repository
from portals.financing.banks.actors import APPROVE, WORK, BankActor
from portals.financing.banks.models import Note
from portals.financing.banks.schemas import Decline, NewNote, NoteKind
from portals.financing.demands import repository as demand_rows
from portals.financing.demands import service as demands
from portals.financing.demands.models import Application
from portals.financing.demands.states import BEFORE_OFFER, ApplicationState

#: The steps of a client manager, one after the other.
STEPS = ("accept", "contact", "begin_due_diligence")


def own(session: Session, actor: BankActor, application_id: uuid.UUID) -> Application:
    """An application at the actor's own bank. Raises ``NotFound`` for any other."""
    found = demand_rows.application_at(session, application_id, actor.code)
    if found is None:
        raise NotFound(_("没有找到这笔融资申请。"))
    return found


def take_step(
    session: Session,
    actor: BankActor,
    application_id: uuid.UUID,
    command: str,
    *,
    note: str = "",
    vault: Vault,
    now: datetime,
) -> Application:
    """``accept``, ``contact`` or ``begin_due_diligence``. The words of a contact become a note of the file."""
    actor.require(WORK)
    if command not in STEPS:
        raise NotFound(_("没有这个办理步骤。"))
    own(session, actor, application_id)
    moved = move(session, actor, application_id, command, now=now)
    if note.strip():
        kind: NoteKind = "contact" if command == "contact" else "opinion"
        add_note(session, actor, application_id, NewNote(kind=kind, text=note), vault=vault, now=now)
    return moved


def write_note(
    session: Session,
    actor: BankActor,
    application_id: uuid.UUID,
    note: NewNote,
    *,
    vault: Vault,
    now: datetime,
) -> Note:
    """An entry of due diligence, while the bank still works on the application."""
    actor.require(WORK)
    if ApplicationState(own(session, actor, application_id).state) not in BEFORE_OFFER:
        raise Conflict(_("审查阶段已经结束，不能再补写尽调记录。"))
    if note.kind == "approval":
        raise InvalidInput(
            _("审批意见随审批一起提交。"), errors=[FieldError("kind", _("请选择其他记录类别"))]
        )
    return add_note(session, actor, application_id, note, vault=vault, now=now)


def decline(
    session: Session, actor: BankActor, application_id: uuid.UUID, why: Decline, *, now: datetime
) -> Application:
    """A refusal with its coded reason; somebody else is asked."""
    actor.require(WORK, APPROVE)
    own(session, actor, application_id)
    return move(
        session, actor, application_id, "decline", now=now, reason_code=why.reason_code, note=why.note
    )


def approve(
    session: Session, actor: BankActor, application_id: uuid.UUID, note: str, *, vault: Vault, now: datetime
) -> Application:
    """By a second person: nobody approves what they worked on. Raises ``Forbidden``."""
    actor.require(APPROVE)
    application = own(session, actor, application_id)
    if actor.officer in officers_of(session, application.id):
        raise Forbidden(_("您办理过这笔申请，不能由您审批。请由另一名审批人员办理。"))
    moved = move(session, actor, application_id, "approve", now=now)
    if note.strip():
        add_note(session, actor, application_id, NewNote(kind="approval", text=note), vault=vault, now=now)
    return moved


def officers_of(session: Session, application_id: uuid.UUID) -> frozenset[str]:
    """Whose hands were on an application of the bank so far."""
    steps = {one.detail.get("officer", "") for one in repository.steps_of(session, application_id)}
    notes = {one.officer for one in repository.notes_of(session, application_id)}
    return frozenset(steps | notes) - {""}


def move(
    session: Session,
    actor: BankActor,
    application_id: uuid.UUID,
    command: str,
    *,
    now: datetime,
    reason_code: str = "",
    note: str = "",
) -> Application:
    """One step of the table, with whose hand it was in the history."""
    return demands.move(
        session,
        application_id,
        command,
        by=actor.step,
        now=now,
        reason_code=reason_code,
        note=note,
        detail={"officer": actor.officer},
    )


def add_note(
    session: Session,
    actor: BankActor,
    application_id: uuid.UUID,
    note: NewNote,
    *,
    vault: Vault,
    now: datetime,
) -> Note:
    text = note.text.strip()
    if not text:
        raise InvalidInput(_("请写明内容。"), errors=[FieldError("text", _("请写明内容。"))])
    number = new_id()
    row = Note(
        id=number,
        application_id=application_id,
        bank_code=actor.code,
        kind=note.kind,
        text_sealed=vault.seal(text, context=f"financing_note/text_sealed/{number}"),
        officer=actor.officer,
        officer_name=actor.name,
        at=now,
    )
    session.add(row)
    session.flush()
    return row


def text_of(note: Note, vault: Vault) -> str:
    return vault.open(note.text_sealed, context=f"financing_note/text_sealed/{note.id}")
