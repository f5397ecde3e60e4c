"""The banks' workspace in Rongtong under ``/bank``: queue, application, authorised file. Each form does what the API does."""

import uuid
from collections.abc import Callable
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, MultipartBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import entries
from portals.financing.access import on_an_institution_seat
from portals.financing.banks import contracts, offers, views, work
from portals.financing.banks.actors import APPROVE, WORK, officer_of
from portals.financing.banks.documents import LARGEST_UPLOAD, pdf_answer
from portals.financing.banks.forms import contract_from, offer_from
from portals.financing.banks.schemas import METHOD_LABELS, NOTE_KINDS, Decline, NewNote, NoteKind
from portals.financing.costs.statement import PARTIES
from portals.financing.demands import disclosure
from portals.financing.demands.reasons import reasons
from portals.financing.entries import Form
from portals.financing.institutions import institution
from portals.financing.loans import service as loans
from portals.financing.loans.schemas import Disbursement
from portals.services import Services

DESK = "/rongtong/bank"
Me = NamedDependency[Principal]
Id = FromPath[uuid.UUID]
GUARDS = [require(scope="rongtong", capacity="seat"), on_an_institution_seat(WORK, APPROVE)]
_REFUSED = (InvalidInput, Conflict, Forbidden)


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """Pages of the queue and of applications; loans are in ``loans.pages``."""
    return [*_reading(services), *_forms(services)]


def application_page(
    services: Services,
    request: WebRequest,
    pages: Pages,
    principal: Principal,
    application_id: uuid.UUID,
    *,
    typed: dict[str, str] | None = None,
    problem: DongchuError | None = None,
) -> Response[str]:
    """An application with what may be done now; after a refusal with what was typed, and why."""
    house, actor = services.house, officer_of(principal)
    with house.database.read() as session:
        shown = views.application_view(
            session, actor, application_id, vault=house.vault, now=house.clock.now()
        )
        known = disclosure.prequalified(session, application_id, actor.code, now=house.clock.now())
    errors = [] if problem is None else list(problem.errors) or [FieldError("", problem.detail)]
    return pages.page(
        request,
        "financing/bank/application.html",
        status=200 if problem is None else problem.status,
        one=shown,
        known=known,
        typed=typed or {},
        errors=errors,
        today=house.clock.today().isoformat(),
        reasons=[(one.code, one.text) for one in reasons().values()],
        note_kinds=[(key, _(label)) for key, label in NOTE_KINDS.items() if key != "approval"],
        methods=[(key, _(label)) for key, label in METHOD_LABELS.items()],
        parties=[(key, _(label)) for key, label in PARTIES.items()],
    )


def _reading(services: Services) -> list[ControllerRouterHandler]:
    house = services.house

    @get("/bank", guards=GUARDS, sync_to_thread=True, include_in_schema=False)
    def queue_page(
        request: WebRequest, principal: Me, pages: NamedDependency[Pages], show: FromQuery[str] = ""
    ) -> Response[str]:
        actor, is_all = officer_of(principal), show == "all"
        with house.database.read() as session:
            rows = views.queue(session, actor, is_all=is_all)
        return pages.page(
            request,
            "financing/bank/queue.html",
            bank=institution(actor.code),
            rows=rows,
            is_all=is_all,
            now=house.clock.now(),
        )

    @get(
        "/bank/applications/{application_id:uuid}",
        guards=GUARDS,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def one_page(
        request: WebRequest, application_id: Id, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return application_page(services, request, pages, principal, application_id)

    @post(
        "/bank/applications/{application_id:uuid}/file",
        guards=GUARDS,
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def file_page(
        request: WebRequest, application_id: Id, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        """Reading is an act: it stands on the firm's record before anything is shown."""
        try:
            found = disclosure.open_file(house, application_id, by=officer_of(principal).step)
        except Forbidden as problem:
            return application_page(services, request, pages, principal, application_id, problem=problem)
        return pages.page(request, "financing/bank/file.html", file=found, application_id=application_id)

    @get(
        "/bank/applications/{application_id:uuid}/documents/{document_id:uuid}",
        guards=GUARDS,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def document(application_id: Id, document_id: Id, principal: Me) -> Response[bytes]:
        with house.database.read() as session:
            application = work.own(session, officer_of(principal), application_id)
            content = contracts.content_of(session, application, document_id, vault=house.vault)
        return pdf_answer(content)

    return [queue_page, one_page, file_page, document]


def _forms(services: Services) -> list[ControllerRouterHandler]:
    house = services.house

    def done(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        application_id: uuid.UUID,
        typed: dict[str, str],
        act: Callable[[Session], object],
    ) -> Response[str] | Redirect:
        """Do it in one transaction, or show the page again with what was wrong and what was typed."""
        try:
            with house.database.write() as session:
                act(session)
        except _REFUSED as problem:
            return application_page(
                services, request, pages, principal, application_id, typed=typed, problem=problem
            )
        return Redirect(f"{DESK}/applications/{application_id}", status_code=303)

    @post(
        "/bank/applications/{application_id:uuid}/{act:str}",
        guards=GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def act_form(
        request: WebRequest,
        application_id: Id,
        act: FromPath[str],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        if act not in _ACTS:
            raise NotFound(_("没有这个办理步骤。"))
        return done(
            request,
            pages,
            principal,
            application_id,
            data,
            lambda session: _ACTS[act](services, session, principal, application_id, data),
        )

    @post(
        "/bank/applications/{application_id:uuid}/contract",
        guards=GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
        request_max_body_size=LARGEST_UPLOAD,
    )
    def contract_form(
        request: WebRequest,
        application_id: Id,
        data: MultipartBody[dict[str, Any]],
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        actor, now = officer_of(principal), house.clock.now()
        typed = {name: value for name, value in data.items() if isinstance(value, str)}
        try:
            with house.database.read() as session:
                contracts.require_waiting(session, actor, application_id)
            wanted = contract_from(typed)
            file = data.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                what = _("请选择合同的PDF文件。")
                raise InvalidInput(what, errors=[FieldError("file", what)])
            sealed = contracts.seal_pdf(file.filename, file.file.read(), house.vault)
        except _REFUSED as problem:
            return application_page(
                services, request, pages, principal, application_id, typed=typed, problem=problem
            )

        def act(session: Session) -> object:
            kept = contracts.keep(session, actor, application_id, sealed, now=now)
            return contracts.sign(session, actor, application_id, wanted(kept.id), now=now)

        return done(request, pages, principal, application_id, typed, act)

    return [act_form, contract_form]


Act = Callable[[Services, Session, Principal, uuid.UUID, dict[str, str]], object]


def _step(command: str) -> Act:
    def act(
        services: Services, session: Session, principal: Principal, number: uuid.UUID, data: dict[str, str]
    ) -> object:
        house = services.house
        return work.take_step(
            session,
            officer_of(principal),
            number,
            command,
            note=entries.text(data, "note")[:2000],
            vault=house.vault,
            now=house.clock.now(),
        )

    return act


def _note(
    services: Services, session: Session, principal: Principal, number: uuid.UUID, data: dict[str, str]
) -> object:
    kind: NoteKind | None = next((one for one in NOTE_KINDS if one == entries.text(data, "kind")), None)
    if kind is None:
        what = _("请选择记录类别。")
        raise InvalidInput(what, errors=[FieldError("kind", what)])
    note = NewNote(kind=kind, text=entries.text(data, "text")[:2000])
    house = services.house
    return work.write_note(
        session, officer_of(principal), number, note, vault=house.vault, now=house.clock.now()
    )


def _decline(
    services: Services, session: Session, principal: Principal, number: uuid.UUID, data: dict[str, str]
) -> object:
    why = Decline(reason_code=entries.text(data, "reason_code"), note=entries.text(data, "why")[:500])
    return work.decline(session, officer_of(principal), number, why, now=services.house.clock.now())


def _approve(
    services: Services, session: Session, principal: Principal, number: uuid.UUID, data: dict[str, str]
) -> object:
    house, note = services.house, entries.text(data, "opinion")[:2000]
    return work.approve(
        session, officer_of(principal), number, note, vault=house.vault, now=house.clock.now()
    )


def _offer(
    services: Services, session: Session, principal: Principal, number: uuid.UUID, data: dict[str, str]
) -> object:
    return offers.make(
        session, officer_of(principal), number, offer_from(data), now=services.house.clock.now()
    )


def _disburse(
    services: Services, session: Session, principal: Principal, number: uuid.UUID, data: dict[str, str]
) -> object:
    house = services.house
    wanted = Disbursement(
        paid_on=entries.day(data, "paid_on"), reference=entries.reference(data, "reference")
    )
    return loans.disburse(
        session, officer_of(principal), number, wanted, vault=house.vault, now=house.clock.now()
    )


_ACTS: dict[str, Act] = {
    "accept": _step("accept"),
    "contact": _step("contact"),
    "begin": _step("begin_due_diligence"),
    "notes": _note,
    "decline": _decline,
    "approve": _approve,
    "offer": _offer,
    "disbursement": _disburse,
}
