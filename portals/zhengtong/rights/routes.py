"""Pages of rights in question and of overpayments."""

import uuid
from datetime import date

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.recovery.undoing import GROUNDS
from policy_engine.delivery.views import QUESTIONS
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong import forms, words
from portals.zhengtong.access import needs
from portals.zhengtong.forms import Form
from portals.zhengtong.rights import acts
from portals.zhengtong.visit import Visit, Visiting

MAY_DECIDE = needs("claim.decide")
MAY_PAY = needs("payment.approve")
MAY_SEE = needs("claim.decide", "payment.approve", "audit.read")

TABS = {
    "suspected": N_("资格待核实"),
    "death": N_("死亡待核实"),
    "died": N_("因死亡终止"),
    "heirs": N_("家属领取"),
    "amount": N_("金额待调整"),
    acts.LOSSES: N_("批量变动"),
}
CAUSES = {
    "death": N_("去世后仍发放"),
    "lost_right": N_("资格终止后仍发放"),
    "adjusted": N_("金额调低"),
    "other": N_("其他"),
}


@get("/rights", sync_to_thread=True, include_in_schema=False, guards=[MAY_DECIDE])
def rights(visit: Visiting, question: FromQuery[str] = "suspected") -> Response[str]:
    """What feeds and standards put in question, one list at a time."""
    return _rights_page(visit, question)


@post("/rights/{award_id:uuid}/act", sync_to_thread=True, include_in_schema=False, guards=[MAY_DECIDE])
def act_on_right(visit: Visiting, award_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    question = forms.one(data, "question")
    try:
        acts.act_on_right(
            visit.services,
            visit.principal,
            award_id,
            forms.one(data, "act"),
            forms.one(data, "reason"),
            _month(forms.one(data, "from_month")),
        )
    except InvalidInput as problem:
        return _rights_page(visit, question, problem=problem)
    return Redirect(f"/zhengtong/rights?question={_known(question)}&done=right", status_code=303)


@post("/rights/raised", sync_to_thread=True, include_in_schema=False, guards=[MAY_DECIDE])
def adjust_raised(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """All of a policy that a new standard raised."""
    try:
        acts.adjust_raised(
            visit.services, visit.principal, forms.one(data, "policy_id"), forms.one(data, "reason")
        )
    except InvalidInput as problem:
        return _rights_page(visit, "amount", problem=problem)
    return Redirect("/zhengtong/rights?question=amount&done=right", status_code=303)


@post("/rights/losses", sync_to_thread=True, include_in_schema=False, guards=[MAY_DECIDE])
def decide_losses(visit: Visiting, data: Form) -> Response[str] | Redirect:
    try:
        acts.decide_losses(
            visit.services,
            visit.principal,
            forms.one(data, "policy_id"),
            _day(data, "day"),
            forms.one(data, "outcome"),
            forms.one(data, "reason"),
        )
    except InvalidInput as problem:
        return _rights_page(visit, acts.LOSSES, problem=problem)
    return Redirect(f"/zhengtong/rights?question={acts.LOSSES}&done=right", status_code=303)


@get("/overpayments", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def overpayments(visit: Visiting, view: FromQuery[str] = "open") -> Response[str]:
    return visit.page(
        "zhengtong/rights/overpayments.html",
        found=acts.overpayments(visit.services, visit.principal, is_open=view != "closed"),
        view="closed" if view == "closed" else "open",
        causes=CAUSES,
    )


@get("/overpayments/{overpayment_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def overpayment(visit: Visiting, overpayment_id: FromPath[uuid.UUID]) -> Response[str]:
    return _overpayment_page(visit, overpayment_id)


@post(
    "/overpayments/{overpayment_id:uuid}/{act:str}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEE],
)
def act_on_overpayment(
    visit: Visiting, overpayment_id: FromPath[uuid.UUID], act: FromPath[str], data: Form
) -> Response[str] | Redirect:
    """Decide, agree on instalments, enter a receipt, write off; the services ask for the duty of each."""
    try:
        _act(visit.services, visit.principal, overpayment_id, act, data)
    except InvalidInput as problem:
        return _overpayment_page(visit, overpayment_id, data, problem=problem)
    return Redirect(f"/zhengtong/overpayments/{overpayment_id}?done=overpayment", status_code=303)


def _act(services: Services, principal: Principal, number: uuid.UUID, act: str, data: forms.Sent) -> None:
    reason = forms.one(data, "reason")
    if act == "decision":
        is_known = forms.one(data, "is_known_to_payee") == "1"
        acts.decide(
            services, principal, number, forms.one(data, "outcome"), reason, is_known_to_payee=is_known
        )
    elif act == "instalments":
        count = forms.one(data, "count")
        acts.agree_instalments(
            services,
            principal,
            number,
            int(count) if count.isdecimal() and len(count) < 5 else 0,
            _day(data, "first_due_on"),
        )
    elif act == "repayments":
        amount = forms.fen(data, "amount")
        receipt = forms.one(data, "receipt")
        acts.record_repayment(services, principal, number, amount or 0, receipt, _day(data, "received_on"))
    elif act == "undo":
        acts.undo(
            services,
            principal,
            number,
            forms.one(data, "ground"),
            forms.one(data, "reference"),
            forms.one(data, "undo_reason"),
        )
    elif act == "write-off":
        acts.write_off(services, principal, number, reason)
    else:
        raise InvalidInput(_("请选择处理结果。"))


def _rights_page(visit: Visit, question: str, *, problem: InvalidInput | None = None) -> Response[str]:
    found = acts.questions(visit.services, visit.principal, _known(question))
    raised: dict[str, str] = {}
    for one in found.rights:
        if (one.rematched_amount_fen or 0) > (one.award.amount_fen or 0):
            raised[one.award.policy.policy_id] = one.award.policy.title
    page = visit.page(
        "zhengtong/rights/list.html",
        found=found,
        tabs=[(key, _(label), f"/zhengtong/rights?question={key}") for key, label in TABS.items()],
        raised=list(raised.items()),
        errors=_errors(problem),
        today=visit.services.house.clock.today(),
        division_name=division_name,
        grounds=words.HEIR_GROUNDS,
    )
    page.status_code = 400 if problem is not None else 200
    return page


#: What the forms of an overpayment ask for; it stands there again when something of it was wrong.
_TYPED = ("ground", "reference", "undo_reason", "amount", "receipt", "received_on", "count", "first_due_on")


def _overpayment_page(
    visit: Visit,
    overpayment_id: uuid.UUID,
    sent: forms.Sent | None = None,
    *,
    problem: InvalidInput | None = None,
) -> Response[str]:
    page = visit.page(
        "zhengtong/rights/overpayment.html",
        one=acts.overpayment(visit.services, visit.principal, overpayment_id),
        causes=CAUSES,
        grounds=[(key, _(label)) for key, label in GROUNDS.items()],
        typed={name: forms.one(sent or {}, name) for name in _TYPED},
        errors=_errors(problem),
        wrong={one.where: one.what for one in _errors(problem)},
        today=visit.services.house.clock.today(),
        may_decide=visit.principal.has_duty("claim.decide"),
        may_pay=visit.principal.has_duty("payment.approve"),
    )
    page.status_code = 400 if problem is not None else 200
    return page


def _errors(problem: InvalidInput | None) -> tuple[FieldError, ...]:
    if problem is None:
        return ()
    return problem.at()


def _known(question: str) -> str:
    return question if question in QUESTIONS or question == acts.LOSSES else "suspected"


def _month(text: str) -> date | None:
    """The first day of a month written 2026-11 or as any of its days."""
    try:
        return date.fromisoformat(text if len(text) > 7 else f"{text}-01").replace(day=1)
    except ValueError:
        return None


def _day(data: forms.Sent, name: str) -> date:
    try:
        return date.fromisoformat(forms.one(data, name))
    except ValueError:
        what = _("请填写日期，如 2026-11-23。")
        raise InvalidInput(what, errors=[FieldError(name, what)]) from None


HANDLERS = [
    rights,
    act_on_right,
    adjust_raised,
    decide_losses,
    overpayments,
    overpayment,
    act_on_overpayment,
]
