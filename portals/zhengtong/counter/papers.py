"""Papers taken in at the counter by which somebody may act for the person there: kin, guardian, street, institution.

What may be done by them stands with identity; here they are entered, by a seat that may assist, and ended by paper.
"""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from sqlalchemy.orm import Session

from identity.accounts.service import normalise_phone
from identity.delegation import mandates, proxies, street
from identity.delegation import repository as delegations
from identity.registry import service as registry
from identity.registry.identifiers import IdentifierKind
from identity.registry.names import is_same_name
from kernel.clock import SHANGHAI
from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from portals.services import Services
from portals.zhengtong import forms
from portals.zhengtong.access import needs, seat_of
from portals.zhengtong.counter import acts
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_ASSIST = needs("counter.assist")
Kind = Literal["kin", "guardian", "street", "institution"]
KINDS: dict[str, str] = {
    "kin": N_("亲情代办（本人书面委托家人）"),
    "guardian": N_("指定监护人（凭法院、居委会或民政文书）"),
    "street": N_("本席位帮办代办（本人授权书存档）"),
    "institution": N_("所在机构代办（福利院、养老院等）"),
}


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One that is in force. ``number`` and ``kind`` together name it; a street's own seat ends only its own."""

    kind: Kind
    number: uuid.UUID
    holder: str
    document: str
    until: datetime


class NewPaper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``name`` with ``identifier`` of whoever shall act (not for ``street``); ``phone`` reaches a person without account."""

    kind: Kind
    document: str
    until: date
    name: str = ""
    identifier: str = ""
    relation: str = ""
    phone: str = ""
    may_show_licences: bool = False


def papers_of(services: Services, principal: Principal, key: str) -> list[Paper]:
    """Everything by which others may act for the person found."""
    subject_id = acts.found(services, principal, key)
    house, now = services.house, services.house.clock.now()
    with house.database.read() as session:
        given = delegations.live_proxies_from(session, subject_id, now)
        held = delegations.live_mandates(session, now, principal_id=subject_id)
        filed = street.authorisations_on_file(session, principal_id=subject_id, now=now)
        numbers = {one.agent_id for one in given} | {one.holder_id for one in held}
        names = {
            number: view.name
            for number, view in registry.describe(session, numbers, vault=house.vault).items()
        }
        own = seat_of(principal)
        return [
            *(
                Paper(
                    kind="guardian" if one.kind == "guardian" else "kin",
                    number=one.proxy_id,
                    holder=names[one.agent_id],
                    document=one.document or "",
                    until=one.until_at,
                )
                for one in given
            ),
            *(
                Paper(
                    kind="institution",
                    number=one.mandate_id,
                    holder=names[one.holder_id],
                    document=one.document or "",
                    until=one.until_at,
                )
                for one in held
            ),
            *(
                Paper(
                    kind="street",
                    number=one.authorisation_id,
                    holder=own.title,
                    document=one.document,
                    until=one.until_at,
                )
                for one in filed
                if one.seat_id == own.id
            ),
        ]


def take_in(services: Services, principal: Principal, key: str, paper: NewPaper) -> None:
    """Enter a paper; the person is told, by text message to ``phone`` where they have no account."""
    subject_id = acts.found(services, principal, key)
    house, now = services.house, services.house.clock.now()
    until = datetime.combine(paper.until + timedelta(days=1), time.min, SHANGHAI)
    scopes = ("tong", "licences") if paper.may_show_licences else ("tong",)
    with house.database.write() as session:
        if paper.phone.strip():
            number = normalise_phone(paper.phone)
            registry.set_contact(session, subject_id, number, vault=house.vault, now=now)
        if paper.kind == "street":
            street.file_authorisation(
                session,
                principal_id=subject_id,
                official=principal,
                document_kind="signed_form",
                document=paper.document.strip(),
                until_at=until,
                now=now,
            )
        elif paper.kind == "institution":
            mandates.record_institution(
                session,
                person_id=subject_id,
                institution_id=_named(session, services, "uscc", paper),
                scopes=scopes,
                document=_document(paper),
                until_at=until,
                recorded_by=principal.subject_id,
                now=now,
            )
        elif paper.kind == "guardian":
            proxies.appoint_guardian(
                session,
                ward_id=subject_id,
                guardian_id=_named(session, services, "id_number", paper),
                document=_document(paper),
                scopes=scopes,
                until_at=until,
                recorded_by=principal.subject_id,
                vault=house.vault,
                now=now,
            )
        else:
            proxies.grant_proxy(
                session,
                principal_id=subject_id,
                agent_id=_named(session, services, "id_number", paper),
                relation=paper.relation.strip()[:20] or _("亲属"),
                scopes=scopes,
                until_at=until,
                given_by="paper",
                document=_document(paper),
                recorded_by=principal.subject_id,
                vault=house.vault,
                now=now,
            )


def end(
    services: Services, principal: Principal, key: str, kind: str, number: uuid.UUID, document: str
) -> None:
    """End one, by a paper too. Raises ``NotFound`` for one that is not the person's."""
    known = {(one.kind, one.number) for one in papers_of(services, principal, key)}
    if (kind, number) not in known:
        raise NotFound(_("没有找到这项授权。"))
    subject_id = acts.found(services, principal, key)
    now = services.house.clock.now()
    with services.house.database.write() as session:
        if kind == "street":
            street.withdraw_authorisation(session, authorisation_id=number, by=principal, now=now)
        elif kind == "institution":
            mandates.end_mandate_by(session, mandate_id=number, by_subject=subject_id, now=now)
        else:
            proxies.revoke_at_counter(
                session,
                proxy_id=number,
                document=document.strip(),
                recorded_by=principal.subject_id,
                now=now,
            )


@get("/counter/people/{key:str}/papers", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def papers_page(visit: Visiting, key: FromPath[str]) -> Response[str]:
    """Who may act for them by paper, and a form for one more."""
    return _page(visit, key, {})


@post(
    "/counter/people/{key:str}/papers",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_ASSIST],
)
def take_in_form(visit: Visiting, key: FromPath[str], data: Form) -> Response[str] | Redirect:
    try:
        take_in(visit.services, visit.principal, key, _sent(data))
    except (InvalidInput, Conflict) as problem:
        return _page(visit, key, data, problem)
    return Redirect(f"/zhengtong/counter/people/{key}/papers?done=paper", status_code=303)


@post(
    "/counter/people/{key:str}/papers/{kind:str}/{number:uuid}/end",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_ASSIST],
)
def end_form(
    visit: Visiting, key: FromPath[str], kind: FromPath[str], number: FromPath[uuid.UUID], data: Form
) -> Response[str] | Redirect:
    try:
        end(visit.services, visit.principal, key, kind, number, forms.one(data, "document"))
    except InvalidInput as problem:
        told = InvalidInput(problem.detail)
        return _page(visit, key, {}, told if not problem.errors else problem)
    return Redirect(f"/zhengtong/counter/people/{key}/papers?done=paper", status_code=303)


@post(
    "/counter/people/{key:str}/papers",
    sync_to_thread=True,
    tags=["counter"],
    summary="Enter a paper by which somebody may act",
    guards=[MAY_ASSIST],
)
def add_paper(services: Given, principal: Said, key: FromPath[str], data: JSONBody[NewPaper]) -> list[Paper]:
    take_in(services, principal, key, data)
    return papers_of(services, principal, key)


@get(
    "/counter/people/{key:str}/papers",
    sync_to_thread=True,
    tags=["counter"],
    summary="The papers in force",
    guards=[MAY_ASSIST],
)
def list_papers(services: Given, principal: Said, key: FromPath[str]) -> list[Paper]:
    return papers_of(services, principal, key)


def _page(visit: Visit, key: str, typed: Sent, problem: DongchuError | None = None) -> Response[str]:
    errors = () if problem is None else problem.at()
    return visit.page(
        "zhengtong/counter/papers.html",
        status=200 if problem is None else problem.status,
        person=acts.person(visit.services, visit.principal, key),
        papers=papers_of(visit.services, visit.principal, key),
        kinds=[(kind, _(label)) for kind, label in KINDS.items()],
        short={kind: _(label).partition("（")[0].partition(" (")[0] for kind, label in KINDS.items()},
        typed={name: forms.one(typed, name) for name in typed if name != "csrf_token"},
        errors=[FieldError("name", one.what) if one.where == "agent" else one for one in errors],
    )


def _sent(data: Sent) -> NewPaper:
    errors = []
    kind, until = forms.one(data, "kind"), date.min
    if kind not in KINDS:
        errors.append(FieldError("kind", _("请选择授权的种类")))
    try:
        until = date.fromisoformat(forms.one(data, "until"))
    except ValueError:
        errors.append(FieldError("until", _("请选择日期")))
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return NewPaper(
        kind=kind,  # type: ignore[bad-argument-type]
        document=forms.one(data, "document"),
        until=until,
        name=forms.one(data, "name"),
        identifier=forms.one(data, "identifier"),
        relation=forms.one(data, "relation"),
        phone=forms.one(data, "phone"),
        may_show_licences=forms.one(data, "may_show_licences") == "1",
    )


def _named(session: Session, services: Services, kind: IdentifierKind, paper: NewPaper) -> int:
    vault = services.house.vault
    number = registry.find_by_identifier(session, kind, paper.identifier.strip(), vault=vault)
    view = registry.describe(session, [number], vault=vault).get(number) if number else None
    if number is None or view is None or not is_same_name(view.name, paper.name):
        text = _("名称和号码对不上，或登记中没有，请核对后再填。")
        raise InvalidInput(text, errors=[FieldError("identifier", text)])
    return number


def _document(paper: NewPaper) -> str:
    text = paper.document.strip()
    if not text or len(text) > proxies.DOCUMENT_LONGEST:
        what = _("请填写文书或授权书的编号（80字以内）")
        raise InvalidInput(what, errors=[FieldError("document", what)])
    return text


PAGES = [papers_page, take_in_form, end_form]
API = [add_paper, list_papers]
