"""What a bank sees: its own queue and applications, and of the firm nothing but what the demand itself says.

The firm's name and data come only with its authorisation (``demands.disclosure``), each reading on the firm's record.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.crypto import Vault
from kernel.errors import NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from portals.financing.banks import contracts, offers, repository, work
from portals.financing.banks.actors import APPROVE, WORK, BankActor
from portals.financing.banks.models import Note
from portals.financing.banks.schemas import (
    NOTE_KINDS,
    ApplicationRow,
    ApplicationView,
    ClockView,
    NoteKind,
    NoteView,
    Step,
)
from portals.financing.demands import repository as demand_rows
from portals.financing.demands.clocks import LABELS, running
from portals.financing.demands.models import Application, Demand, FinancingEvent
from portals.financing.demands.reasons import reasons
from portals.financing.demands.schemas import COLLATERALS, PURPOSES, WISHED
from portals.financing.demands.states import APPLICATION_LABELS, BEFORE_OFFER, ApplicationState, commands_from
from portals.financing.products import repository as products

#: Steps whose words the firm wrote or may read; what a bank's people say among themselves is in the notes.
_SHOWN = frozenset({"decline", "refuse_offer", "withdraw", "refuse_guarantee"})


#: What reads "you" to a firm, as its bank says it.
_LABELS = {
    ApplicationState.OFFERED: N_("已出方案，待企业选择"),
    ApplicationState.OFFER_ACCEPTED: N_("企业已接受"),
    ApplicationState.OFFER_REFUSED: N_("企业未接受"),
    ApplicationState.WITHDRAWN: N_("企业撤回了融资申请"),
    ApplicationState.NOT_CHOSEN: N_("企业选择了其他银行"),
}


def label_of(state: ApplicationState) -> str:
    return _(_LABELS.get(state, APPLICATION_LABELS[state]))


def queue(session: Session, actor: BankActor, *, is_all: bool = False) -> list[ApplicationRow]:
    """What lies before the bank, the nearest clock first; with ``is_all`` also what is over."""
    states = [one.value for one in ApplicationState] if is_all else None
    return [row_of(one, demand) for one, demand in demand_rows.queue_of(session, actor.code, states)]


def row_of(application: Application, demand: Demand) -> ApplicationRow:
    state = ApplicationState(application.state)
    breached = {one["clock"] for one in application.breaches}
    return ApplicationRow(
        id=application.id,
        number=demand.number,
        amount_fen=demand.amount_fen,
        term_months=demand.term_months,
        purpose_label=_(PURPOSES[demand.purpose]),
        product_id=application.product_id,
        limit_fen=application.limit_fen,
        state=state,
        state_label=label_of(state),
        routed_at=application.routed_at,
        clocks=tuple(
            ClockView(
                name=one.name,
                label=_(LABELS[one.name]),
                due_at=one.due_at,
                is_breached=one.name in breached,
            )
            for one in running(state, application.routed_at, application.contracted_at)
        ),
        breaches=len(application.breaches),
    )


def application_view(
    session: Session, actor: BankActor, application_id: uuid.UUID, *, vault: Vault, now: datetime
) -> ApplicationView:
    """An application at the actor's bank. Raises ``NotFound`` for any other."""
    application = work.own(session, actor, application_id)
    demand = session.get(Demand, application.demand_id)
    if demand is None:
        raise NotFound(_("没有找到这笔融资申请。"))
    notes = repository.notes_of(session, application_id)
    return ApplicationView(
        row=row_of(application, demand),
        product_title=_product_title(session, application),
        purpose_note=demand.purpose_note,
        repayment_label=_(WISHED[demand.repayment]),
        collateral_labels=tuple(_(COLLATERALS[one]) for one in demand.collateral),
        reason_text=_reason_text(application),
        commands=_commands(session, actor, application),
        may_approve=_may_approve(session, actor, application),
        may_write_notes=WORK in actor.duties and ApplicationState(application.state) in BEFORE_OFFER,
        notes=tuple(_note_view(one, vault) for one in notes),
        offers=tuple(
            offers.view(one, application, now) for one in repository.offers_of(session, application_id)
        ),
        contract=contracts.contract_view(session, application_id),
        documents=tuple(
            contracts.document_view(one) for one in repository.documents_of(session, application_id)
        ),
        history=_history(repository.steps_of(session, application_id)),
    )


def _product_title(session: Session, application: Application) -> str:
    """What the product was called when the firm's demand matched it; its id where its bank's file is gone."""
    product = products.version(session, application.product_id, application.product_version)
    return application.product_id if product is None else product.title


def _commands(session: Session, actor: BankActor, application: Application) -> tuple[str, ...]:
    """What this actor may do now; ``approve`` only by whom nothing of it was worked on."""
    known = commands_from(ApplicationState(application.state), "bank")
    may_approve = _may_approve(session, actor, application)
    return tuple(
        one
        for one in known
        if (one == "approve" and may_approve)
        or (one == "decline")
        or (one not in ("approve", "decline") and WORK in actor.duties)
    )


def _may_approve(session: Session, actor: BankActor, application: Application) -> bool:
    return APPROVE in actor.duties and (
        actor.is_system or actor.officer not in work.officers_of(session, application.id)
    )


def _reason_text(application: Application) -> str:
    reason = reasons().get(application.reason_code or "")
    if reason is None:
        return ""
    return f"{reason.text} {application.reason_note or ''}".strip()


def _note_view(note: Note, vault: Vault) -> NoteView:
    kind: NoteKind = next(one for one in NOTE_KINDS if one == note.kind)
    return NoteView(
        kind=kind,
        kind_label=_(NOTE_KINDS[kind]),
        text=work.text_of(note, vault),
        officer_name=note.officer_name,
        at=note.at,
    )


def _history(steps: Sequence[FinancingEvent]) -> tuple[Step, ...]:
    return tuple(
        Step(
            at=one.at,
            command=one.command,
            state_label=label_of(ApplicationState(one.to_state)) if one.to_state else "",
            note=one.note if one.command in _SHOWN else "",
        )
        for one in steps
    )
