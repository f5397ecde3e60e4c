"""好差评 as a person gives it: on the claim's own page, and as an API."""

import uuid

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.principal import Principal
from policy_engine.delivery.ratings import service as delivery
from portals.services import Services
from portals.shared.benefits import Form

Me = NamedDependency[Principal]


class NewRating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``grade`` 1 (very bad) to 5 (very good). ``may_be_called``: whoever looks into a bad one learns the name."""

    grade: int
    words: str = ""
    may_be_called: bool = False


def handlers(services: Services, portal: str) -> list[ControllerRouterHandler]:
    """``/claims/…/rating`` as a form and as an API."""
    house = services.house

    def rate(principal: Principal, claim_id: uuid.UUID, given: NewRating) -> None:
        with house.database.write() as session:
            delivery.rate(
                session,
                services.ports,
                claim_id=claim_id,
                principal=principal,
                grade=given.grade,
                words=given.words,
                may_be_called=given.may_be_called,
                now=house.clock.now(),
            )

    @post("/claims/{claim_id:uuid}/rating", status_code=303, sync_to_thread=True, include_in_schema=False)
    def rating_form(claim_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        grade = data.get("grade", "")
        if grade not in ("1", "2", "3", "4", "5"):
            what = _("请选择一到五星中的一项。")
            raise InvalidInput(what, errors=[FieldError("grade", what)])
        given = NewRating(
            grade=int(grade), words=data.get("rating_words", ""), may_be_called="may_be_called" in data
        )
        rate(principal, claim_id, given)
        return Redirect(f"/{portal}/claims/{claim_id}", status_code=303)

    @post(
        "/api/v1/claims/{claim_id:uuid}/rating",
        guards=[require(scope=portal)],
        status_code=204,
        sync_to_thread=True,
        summary="Say how one was served, once a claim is finished",
    )
    def rating_api(claim_id: FromPath[uuid.UUID], data: JSONBody[NewRating], principal: Me) -> None:
        rate(principal, claim_id, data)

    return [rating_form, rating_api]
