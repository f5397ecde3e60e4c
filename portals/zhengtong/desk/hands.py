"""A claim among several hands, as pages and as an API: send back, hand on, take back, ask for an opinion, give one."""

import uuid
from typing import Annotated, cast

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from portals.services import Services
from portals.zhengtong import forms
from portals.zhengtong.access import on_a_seat
from portals.zhengtong.desk.api import DeskFile, Reason, desk_file
from portals.zhengtong.desk.routes import do_and_return
from portals.zhengtong.forms import Form
from portals.zhengtong.visit import Given, Said, Visiting

DEFAULT_DAYS = 3


class SendingBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``to_stage``: the key of an earlier stage, as ``hands.earlier`` of the file names them."""

    to_stage: Annotated[str, msgspec.Meta(max_length=80)]
    reason: Reason


class Delegation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``seat_id``: one of ``hands.colleagues`` of the file."""

    seat_id: int
    reason: Reason


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``seat_id``: one of ``hands.advisers`` of the file."""

    seat_id: int
    question: Reason
    working_days: int = DEFAULT_DAYS


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``stance``: agrees, objects or neutral."""

    stance: str
    answer: Reason


class HandsOn:
    """Each act in one transaction."""

    def __init__(self, services: Services, principal: Principal) -> None:
        self._house, self._ports, self._principal = services.house, services.ports, principal

    def send_back(self, claim_id: uuid.UUID, to_stage: str, reason: str) -> None:
        with self._house.database.write() as session:
            delivery.send_back(
                session,
                self._ports,
                claim_id=claim_id,
                principal=self._principal,
                to_stage=to_stage,
                reason=reason,
                now=self._house.clock.now(),
            )

    def delegate(self, claim_id: uuid.UUID, seat_id: int, reason: str) -> None:
        with self._house.database.write() as session:
            delivery.delegate(
                session,
                self._ports,
                claim_id=claim_id,
                principal=self._principal,
                seat_id=seat_id,
                reason=reason,
                now=self._house.clock.now(),
            )

    def take_back(self, claim_id: uuid.UUID) -> None:
        with self._house.database.write() as session:
            delivery.take_back(
                session,
                self._ports,
                claim_id=claim_id,
                principal=self._principal,
                now=self._house.clock.now(),
            )

    def ask(self, claim_id: uuid.UUID, seat_id: int, question: str, working_days: int) -> None:
        with self._house.database.write() as session:
            delivery.ask_opinion(
                session,
                self._ports,
                claim_id=claim_id,
                principal=self._principal,
                seat_id=seat_id,
                question=question,
                working_days=working_days,
                now=self._house.clock.now(),
            )

    def answer(self, opinion_id: uuid.UUID, stance: str, answer: str) -> None:
        with self._house.database.write() as session:
            delivery.give_opinion(
                session,
                self._ports,
                opinion_id=opinion_id,
                principal=self._principal,
                stance=cast(delivery.Stance, stance),
                answer=answer,
                now=self._house.clock.now(),
            )

    def take_back_question(self, opinion_id: uuid.UUID) -> None:
        with self._house.database.write() as session:
            delivery.take_back_question(
                session,
                self._ports,
                opinion_id=opinion_id,
                principal=self._principal,
                now=self._house.clock.now(),
            )


@post("/claims/{claim_id:uuid}/send-back", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def send_back_form(visit: Visiting, claim_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """退回."""
    to_stage, reason = forms.one(data, "to_stage"), forms.one(data, "back_reason")

    def do() -> None:
        HandsOn(visit.services, visit.principal).send_back(claim_id, to_stage, reason)

    return do_and_return(visit, claim_id, "sent_back", do, data, "back_reason")


@post("/claims/{claim_id:uuid}/delegate", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def delegate_form(visit: Visiting, claim_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """委派."""
    seat, reason = forms.one(data, "to_seat"), forms.one(data, "delegate_reason")

    def do() -> None:
        HandsOn(visit.services, visit.principal).delegate(claim_id, _number(seat, "to_seat"), reason)

    return do_and_return(visit, claim_id, "delegated", do, data, "delegate_reason")


@post("/claims/{claim_id:uuid}/take-back", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def take_back_form(visit: Visiting, claim_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """撤回."""

    def do() -> None:
        HandsOn(visit.services, visit.principal).take_back(claim_id)

    return do_and_return(visit, claim_id, "taken_back", do, data)


@post("/claims/{claim_id:uuid}/opinions", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def ask_form(visit: Visiting, claim_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """加签: ask."""
    seat, question = forms.one(data, "adviser"), forms.one(data, "question")
    days = forms.one(data, "days") or str(DEFAULT_DAYS)

    def do() -> None:
        HandsOn(visit.services, visit.principal).ask(
            claim_id, _number(seat, "adviser"), question, _number(days, "days")
        )

    return do_and_return(visit, claim_id, "asked", do, data, "question")


@post(
    "/claims/{claim_id:uuid}/opinions/{opinion_id:uuid}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[on_a_seat],
)
def answer_form(
    visit: Visiting, claim_id: FromPath[uuid.UUID], opinion_id: FromPath[uuid.UUID], data: Form
) -> Response[str] | Redirect:
    """加签: answer, or take the question back."""
    stance, words = forms.one(data, "stance"), forms.one(data, "opinion")

    def do() -> None:
        hands = HandsOn(visit.services, visit.principal)
        if stance == "drop":
            hands.take_back_question(opinion_id)
        else:
            hands.answer(opinion_id, stance, words)

    return do_and_return(visit, claim_id, "opinion", do, data, "opinion")


@post(
    "/claims/{claim_id:uuid}/returns",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Send a claim back to an earlier stage",
)
def send_back_api(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], data: JSONBody[SendingBack]
) -> DeskFile:
    HandsOn(services, principal).send_back(claim_id, data.to_stage, data.reason)
    return desk_file(services, principal, claim_id)


@post(
    "/claims/{claim_id:uuid}/delegation",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Hand a claim to a colleague's seat of the same duty",
)
def delegate_api(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], data: JSONBody[Delegation]
) -> DeskFile:
    HandsOn(services, principal).delegate(claim_id, data.seat_id, data.reason)
    return desk_file(services, principal, claim_id)


@post(
    "/claims/{claim_id:uuid}/taking-back",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Take one's own last act back before anybody acts upon it",
)
def take_back_api(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> DeskFile:
    HandsOn(services, principal).take_back(claim_id)
    return desk_file(services, principal, claim_id)


@post(
    "/claims/{claim_id:uuid}/opinions",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Ask another seat for its opinion; the claim waits for it",
)
def ask_api(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], data: JSONBody[Question]
) -> DeskFile:
    HandsOn(services, principal).ask(claim_id, data.seat_id, data.question, data.working_days)
    return desk_file(services, principal, claim_id)


@post(
    "/opinions/{opinion_id:uuid}",
    status_code=204,
    sync_to_thread=True,
    tags=["claims"],
    summary="Give the opinion that was asked for",
)
def answer_api(
    services: Given, principal: Said, opinion_id: FromPath[uuid.UUID], data: JSONBody[Answer]
) -> None:
    HandsOn(services, principal).answer(opinion_id, data.stance, data.answer)


@post(
    "/opinions/{opinion_id:uuid}/taking-back",
    status_code=204,
    sync_to_thread=True,
    tags=["claims"],
    summary="Go on without the opinion that was asked for",
)
def take_back_question_api(services: Given, principal: Said, opinion_id: FromPath[uuid.UUID]) -> None:
    HandsOn(services, principal).take_back_question(opinion_id)


def _number(text: str, field: str) -> int:
    if not text.isdigit() or len(text) > 18:
        what = _("请从列表中选择。") if field != "days" else _("请填 1 到 10 的整数。")
        raise InvalidInput(what, errors=[FieldError(field, what)])
    return int(text)


PAGES = [send_back_form, delegate_form, take_back_form, ask_form, answer_form]
API = [send_back_api, delegate_api, take_back_api, ask_api, answer_api, take_back_question_api]
