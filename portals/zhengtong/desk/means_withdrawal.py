"""Taking an agreement to a means check back at the counter: what it does is read out first, then the word is recorded."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.means import recordings, withdrawing
from policy_engine.delivery.means.schemas import MeansView
from policy_engine.delivery.means.withdrawing import Bearer
from policy_engine.delivery.means.witnessing import WAYS, Way, Witnessed
from portals.services import Services
from portals.zhengtong.desk.means import (
    LARGEST_UPLOAD,
    MAY_WORK,
    Multipart,
    member_at,
    one,
    said_in,
    sealed_file,
    text_of,
)
from portals.zhengtong.visit import Given, Said, Visit, Visiting

_NAMES = ("place", "way", "paper", "bearer", "mandate", "witness", "standing", "why", "digest")


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``place`` is the member's in ``members``; ``bearer`` who came in their stead, with which written mandate."""

    place: Annotated[int, msgspec.Meta(ge=0, le=100)]
    paper: Annotated[str, msgspec.Meta(max_length=200)]
    way: Way = "paper"
    witnessed: Witnessed | None = None
    bearer: Bearer | None = None


def record(
    services: Services,
    principal: Principal,
    check_id: uuid.UUID,
    said: Withdrawal,
    recording: recordings.SealedRecording | None = None,
) -> None:
    house = services.house
    with house.database.write() as session:
        withdrawing.withdraw_at_counter(
            session,
            services.ports,
            check_id=check_id,
            principal=principal,
            subject_id=member_at(session, check_id, said.place),
            paper=said.paper,
            way=said.way,
            witnessed=said.witnessed,
            bearer=said.bearer,
            recording=recording,
            now=house.clock.now(),
        )


@get("/means/{check_id:uuid}/withdrawal", sync_to_thread=True, include_in_schema=False, guards=[MAY_WORK])
def withdrawal_page(
    visit: Visiting, check_id: FromPath[uuid.UUID], place: FromQuery[str] = ""
) -> Response[str]:
    return _page(visit, check_id, {"place": place})


@post(
    "/means/{check_id:uuid}/withdrawal",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_WORK],
    request_max_body_size=LARGEST_UPLOAD,
)
def withdrawal_form(
    visit: Visiting, check_id: FromPath[uuid.UUID], data: Multipart
) -> Response[str] | Redirect:
    try:
        one(visit.services, visit.principal, check_id)
        said = said_in(data)
        bearer = Bearer(name=text_of(data, "bearer"), mandate=text_of(data, "mandate"))
        wanted = Withdrawal(
            place=max(said.place, 0), paper=said.paper, way=said.way, witnessed=said.witnessed, bearer=bearer
        )
        record(visit.services, visit.principal, check_id, wanted, sealed_file(visit.services, data))
    except InvalidInput as problem:
        return _page(visit, check_id, data, problem=problem)
    return Redirect(f"/zhengtong/means/{check_id}?done=means_withdrawn", status_code=303)


@post(
    "/means/{check_id:uuid}/withdrawals",
    status_code=200,
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="Record that a member takes the agreement back: signed, by thumbprint, spoken, or by a mandated bearer",
)
def add_withdrawal(
    services: Given, principal: Said, check_id: FromPath[uuid.UUID], data: JSONBody[Withdrawal]
) -> MeansView:
    record(services, principal, check_id, data)
    return one(services, principal, check_id)


def _page(
    visit: Visit, check_id: uuid.UUID, sent: Multipart, *, problem: InvalidInput | None = None
) -> Response[str]:
    check = one(visit.services, visit.principal, check_id)
    given = [(str(member.place), member.name) for member in check.members if member.state == "given"]
    if not given:
        raise NotFound(_("没有可以撤回的同意。"))
    return visit.page(
        "zhengtong/desk/means_withdrawal.html",
        status=problem.status if problem is not None else 200,
        check=check,
        given=given,
        errors=() if problem is None else problem.errors or (FieldError("", problem.detail),),
        typed={name: text_of(sent, name) for name in _NAMES},
        ways=[(key, _(label)) for key, label in WAYS.items()],
    )


PAGES = [withdrawal_page, withdrawal_form]
API = [add_withdrawal]
