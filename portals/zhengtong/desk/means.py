"""核对 as the seat meets it: open one from a claim's file, record who agreed, see what came in.

Taking an agreement back at the counter is in ``means_withdrawal``.
"""

import uuid
from typing import Annotated, Any, cast

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, JSONBody, MultipartBody
from litestar.response import Redirect
from sqlalchemy.orm import Session

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.means import recordings, repository, service
from policy_engine.delivery.means.schemas import MeansView
from policy_engine.delivery.means.witnessing import WAYS, Way, Witnessed
from policy_engine.delivery.views import means as views
from portals.services import Services
from portals.shared.places import division_name
from portals.shared.recordings import recording_answer
from portals.zhengtong.access import needs
from portals.zhengtong.visit import Given, Said, Visit, Visiting

#: Of a recording, with room for the fields around it.
LARGEST_UPLOAD = recordings.LARGEST + 2**20
Multipart = MultipartBody[dict[str, Any]]
MAY_WORK = needs("claim.accept", "claim.joint_review", "claim.decide")


class Paper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``place`` is the member's in ``members``; ``paper`` where the signed authorisation, or the recording, is filed.

    ``way`` is thumb or voice for who cannot sign: then ``witnessed`` says before whom, why, and the recording's digest.
    """

    place: Annotated[int, msgspec.Meta(ge=0, le=100)]
    paper: Annotated[str, msgspec.Meta(max_length=200)]
    way: Way = "paper"
    witnessed: Witnessed | None = None


def open_for(services: Services, principal: Principal, claim_id: uuid.UUID) -> uuid.UUID:
    house = services.house
    with house.database.write() as session:
        return service.open_check(
            session, services.ports, claim_id=claim_id, principal=principal, now=house.clock.now()
        ).id


def record(
    services: Services,
    principal: Principal,
    check_id: uuid.UUID,
    said: Paper,
    recording: recordings.SealedRecording | None = None,
) -> None:
    """Members are named by their place: numbers of people stand in no form."""
    house = services.house
    with house.database.write() as session:
        service.record_paper(
            session,
            services.ports,
            check_id=check_id,
            principal=principal,
            subject_id=member_at(session, check_id, said.place),
            paper=said.paper,
            way=said.way,
            witnessed=said.witnessed,
            recording=recording,
            now=house.clock.now(),
        )


def member_at(session: Session, check_id: uuid.UUID, place: int) -> int:
    """Raises ``NotFound``."""
    members = repository.consents(session, check_id)
    if not 0 <= place < len(members):
        raise NotFound(_("没有找到您要的内容。"))
    return members[place].subject_id


def sealed_file(services: Services, data: Multipart) -> recordings.SealedRecording | None:
    """The recording that was chosen, hashed and sealed before any transaction begins. Raises ``InvalidInput``."""
    file = data.get("recording")
    if not isinstance(file, UploadFile) or not file.filename:
        return None
    content = file.file.read(recordings.LARGEST + 1)
    return recordings.seal_recording(file.filename, content, services.house.vault)


def listen(
    services: Services, principal: Principal, check_id: uuid.UUID, recording_id: uuid.UUID
) -> Response[bytes]:
    house = services.house
    with house.database.write() as session:
        views.check_at(session, services.ports, check_id, principal, now=house.clock.now())
        return recording_answer(
            *recordings.listen(
                session, check_id, recording_id, principal, vault=house.vault, now=house.clock.now()
            )
        )


def one(services: Services, principal: Principal, check_id: uuid.UUID) -> MeansView:
    house = services.house
    with house.database.read() as session:
        return views.check_at(session, services.ports, check_id, principal, now=house.clock.now())


def listed(services: Services, principal: Principal) -> list[MeansView]:
    house = services.house
    with house.database.read() as session:
        return views.checks_at(session, services.ports, principal, now=house.clock.now())


@get("/means", sync_to_thread=True, include_in_schema=False, guards=[MAY_WORK])
def means_page(visit: Visiting) -> Response[str]:
    return visit.page(
        "zhengtong/desk/means_list.html",
        found=listed(visit.services, visit.principal),
        division_name=division_name,
    )


@get("/means/{check_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_WORK])
def check_page(visit: Visiting, check_id: FromPath[uuid.UUID]) -> Response[str]:
    return _page(visit, check_id)


@post(
    "/claims/{claim_id:uuid}/means",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_WORK],
)
def open_form(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> Redirect:
    check_id = open_for(services, principal, claim_id)
    return Redirect(f"/zhengtong/means/{check_id}?done=means", status_code=303)


@post(
    "/means/{check_id:uuid}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_WORK],
    request_max_body_size=LARGEST_UPLOAD,
)
def paper_form(visit: Visiting, check_id: FromPath[uuid.UUID], data: Multipart) -> Response[str] | Redirect:
    try:
        one(
            visit.services, visit.principal, check_id
        )  # whose file it is, before twenty megabytes are looked at
        record(visit.services, visit.principal, check_id, said_in(data), sealed_file(visit.services, data))
    except InvalidInput as problem:
        return _page(visit, check_id, data, problem=problem)
    return Redirect(f"/zhengtong/means/{check_id}?done=paper", status_code=303)


@get(
    "/means/{check_id:uuid}/recordings/{recording_id:uuid}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_WORK],
)
def recording_page(
    services: Given, principal: Said, check_id: FromPath[uuid.UUID], recording_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    return listen(services, principal, check_id, recording_id)


@get(
    "/means",
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="Means checks of the seat's claims",
)
def list_means(services: Given, principal: Said) -> list[MeansView]:
    return listed(services, principal)


@get(
    "/means/{check_id:uuid}",
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="One means check",
)
def read_means(services: Given, principal: Said, check_id: FromPath[uuid.UUID]) -> MeansView:
    return one(services, principal, check_id)


@post(
    "/claims/{claim_id:uuid}/means",
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="Ask a household to agree to a means check",
)
def add_means(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> MeansView:
    return one(services, principal, open_for(services, principal, claim_id))


@post(
    "/means/{check_id:uuid}/papers",
    status_code=200,
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="Record a member's authorisation: signed, by thumbprint or spoken, before a witness",
)
def add_paper(
    services: Given, principal: Said, check_id: FromPath[uuid.UUID], data: JSONBody[Paper]
) -> MeansView:
    record(services, principal, check_id, data)
    return one(services, principal, check_id)


@post(
    "/means/{check_id:uuid}/recordings",
    status_code=200,
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="Record a spoken authorisation with its file: fields place, paper, witness, standing, why, recording",
    request_max_body_size=LARGEST_UPLOAD,
)
def add_recording(
    services: Given, principal: Said, check_id: FromPath[uuid.UUID], data: Multipart
) -> MeansView:
    one(services, principal, check_id)
    file = sealed_file(services, data)
    if file is None:
        what = _("请选择录音录像文件。")
        raise InvalidInput(what, errors=[FieldError("recording", what)])
    record(services, principal, check_id, said_in({**data, "way": "voice"}), file)
    return one(services, principal, check_id)


@get(
    "/means/{check_id:uuid}/recordings/{recording_id:uuid}",
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="A recording; every hearing is on record",
)
def read_recording(
    services: Given, principal: Said, check_id: FromPath[uuid.UUID], recording_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    return listen(services, principal, check_id, recording_id)


def text_of(data: Multipart, name: str) -> str:
    value = data.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def said_in(data: Multipart) -> Paper:
    """What a form says of a member's word; its file is read apart. Raises ``InvalidInput``."""
    place, way = text_of(data, "place"), text_of(data, "way") or "paper"
    if way not in WAYS:
        what = _("请选择本人怎么表示的。")
        raise InvalidInput(what, errors=[FieldError("way", what)])
    witnessed = Witnessed(
        witness=text_of(data, "witness"),
        standing=text_of(data, "standing"),
        why=text_of(data, "why"),
        digest=text_of(data, "digest"),
    )
    return Paper(
        place=int(place) if place.isascii() and place.isdigit() and len(place) < 4 else -1,
        paper=text_of(data, "paper"),
        way=cast(Way, way),
        witnessed=witnessed if way != "paper" else None,
    )


def _page(
    visit: Visit,
    check_id: uuid.UUID,
    sent: Multipart | None = None,
    *,
    problem: InvalidInput | None = None,
) -> Response[str]:
    names = ("place", "way", "paper", "witness", "standing", "why", "digest")
    return visit.page(
        "zhengtong/desk/means.html",
        status=problem.status if problem is not None else 200,
        check=one(visit.services, visit.principal, check_id),
        errors=() if problem is None else problem.errors or (FieldError("", problem.detail),),
        typed={name: text_of(sent or {}, name) for name in names},
        ways=[(key, _(label)) for key, label in WAYS.items()],
        division_name=division_name,
    )


PAGES = [means_page, check_page, open_form, paper_form, recording_page]
API = [list_means, read_means, add_means, add_paper, add_recording, read_recording]
