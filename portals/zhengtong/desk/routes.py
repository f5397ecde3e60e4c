"""The first page of a seat, and the claim's file."""

import uuid
from collections.abc import Callable, Sequence

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kernel.errors import FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.states import OPEN_CLAIM, ClaimState
from policy_engine.delivery.views import WorkFilter
from portals.shared import ages
from portals.shared.places import division_name
from portals.shared.records import download
from portals.zhengtong import forms, words
from portals.zhengtong.access import on_a_seat, seat_of
from portals.zhengtong.desk import acts
from portals.zhengtong.desk.asking import asked_on
from portals.zhengtong.desk.facts import named_facts
from portals.zhengtong.desk.waiting import waiting_for
from portals.zhengtong.exports import export
from portals.zhengtong.forms import Form
from portals.zhengtong.navigation import side_bar
from portals.zhengtong.visit import Given, Said, Visit, Visiting

AT_A_STAGE = (
    ClaimState.SUBMITTED,
    ClaimState.JOINT_REVIEW,
    ClaimState.REVIEW,
    ClaimState.SUPPLEMENT,
)
#: What somebody typed, so that a form that has to be mended is not empty.
_TYPED = (
    *("action", "reason", "amount", "hold_reason", "to_stage", "back_reason", "to_seat", "delegate_reason"),
    *("adviser", "question", "days", "stance", "opinion"),
)
_REVIEW_DUTIES = frozenset({"claim.accept", "claim.joint_review", "claim.decide"})


@get("/", sync_to_thread=True, include_in_schema=False)
def home(
    visit: Visiting,
    policy: FromQuery[str] = "",
    clock: FromQuery[str] = "",
    q: FromQuery[str] = "",
    sort: FromQuery[str] = "due",
    page: FromQuery[int] = 1,
) -> Response[str]:
    """The to-do list; somebody without a seat reads what to do about that."""
    if visit.principal.seat is None:
        return visit.page("zhengtong/no_seat.html", status=403)
    wanted = WorkFilter(policy=policy, clock=clock, words=q, sort=sort)
    offset = (max(1, page) - 1) * acts.PAGE
    work = acts.to_do(visit.services, visit.principal, wanted, limit=acts.PAGE, offset=offset)
    return visit.page(
        "zhengtong/desk/todo.html",
        work=work,
        here=work.offset // acts.PAGE + 1,
        last=max(1, -(-work.found // acts.PAGE)),
        wanted=wanted,
        batch_actions=_batch_actions(visit.principal),
        has_review_duty=bool(_REVIEW_DUTIES & visit.principal.seat.duties),
        others=waiting_for(visit.services, visit.principal),
        actions=words.CLAIM_ACTIONS,
        division_name=division_name,
        duties=side_bar(visit.principal.seat, waiting=work.total),
    )


@get("/todo.csv", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def todo_export(
    services: Given,
    principal: Said,
    policy: FromQuery[str] = "",
    clock: FromQuery[str] = "",
    q: FromQuery[str] = "",
    sort: FromQuery[str] = "due",
) -> Response[str]:
    """The list as it is filtered, as CSV."""
    wanted = WorkFilter(policy=policy, clock=clock, words=q, sort=sort)
    work = acts.to_do(services, principal, wanted, limit=acts.MOST_EXPORTED)
    header = [
        _("办件编号"),
        _("事项"),
        _("申请人"),
        _("辖区"),
        _("环节"),
        _("金额（元）"),
        _("办结期限"),
        _("剩余工作日"),
    ]
    rows = [
        [
            item.case_number,
            item.policy.title,
            item.subject_name,
            division_name(item.division),
            item.stage,
            None if item.amount_fen is None else item.amount_fen / 100,
            item.due_on,
            item.working_days_left,
        ]
        for item in work.items
    ]
    with services.house.database.write() as session:
        return export(session, principal, "todo", header, rows, now=services.house.clock.now())


@get("/claims/{claim_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def claim(visit: Visiting, claim_id: FromPath[uuid.UUID], on: FromQuery[str] = "") -> Response[str]:
    """The file: facts left, decision right, history below; ``on`` asks the policy as of another day."""
    return _claim_page(visit, claim_id, on=on)


@get("/records/{record_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def record(services: Given, principal: Said, record_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """A signed decision record."""
    return download(services, principal, record_id)


@post("/claims/{claim_id:uuid}/review", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def review(visit: Visiting, claim_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Accept, return, recommend, grant or refuse."""

    def do() -> None:
        action = forms.one(data, "action")
        acts.review(
            visit.services,
            visit.principal,
            claim_id,
            action,
            forms.one(data, "reason"),
            forms.fen(data, "amount"),
        )

    return do_and_return(visit, claim_id, "claim", do, data)


@post("/claims/{claim_id:uuid}/hold", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def hold(visit: Visiting, claim_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Pause with a reason."""
    reason = forms.one(data, "hold_reason")
    return do_and_return(
        visit,
        claim_id,
        "held",
        lambda: acts.hold(visit.services, visit.principal, claim_id, reason),
        data,
        "hold_reason",
    )


@post(
    "/claims/{claim_id:uuid}/resume",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[on_a_seat],
)
def resume(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> Redirect:
    """Let it go on."""
    acts.resume(services, principal, claim_id)
    return Redirect(f"/zhengtong/claims/{claim_id}?done=resumed", status_code=303)


@post("/claims/{claim_id:uuid}/appeal", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def appeal(visit: Visiting, claim_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Uphold or overturn."""
    outcome, reason = forms.one(data, "outcome"), forms.one(data, "appeal_reason")
    return do_and_return(
        visit,
        claim_id,
        "appeal",
        lambda: acts.decide_appeal(visit.services, visit.principal, claim_id, outcome, reason),
        data,
        "appeal_reason",
    )


@post("/claims/{claim_id:uuid}/objection", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def objection(visit: Visiting, claim_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Record an objection, or settle the one that is open."""
    outcome, text = forms.one(data, "outcome"), forms.one(data, "objection_text")

    def do() -> None:
        if outcome:
            acts.settle_objection(visit.services, visit.principal, claim_id, outcome, text)
        else:
            acts.record_objection(visit.services, visit.principal, claim_id, text)

    done = "objection_settled" if outcome else "objection"
    return do_and_return(visit, claim_id, done, do, data, "objection_text")


def do_and_return(
    visit: Visit,
    claim_id: uuid.UUID,
    done: str,
    do: Callable[[], None],
    sent: forms.Sent,
    field: str = "reason",
) -> Response[str] | Redirect:
    """Do it and lead back to the file; wrong input comes back to the form with what was typed."""
    try:
        do()
    except InvalidInput as problem:
        errors = problem.at(field)
        return _claim_page(visit, claim_id, errors=errors, sent=sent, status=400)
    try:
        acts.file_of(visit.services, visit.principal, claim_id)
    except (Forbidden, NotFound):  # whoever was only asked for an opinion has no more to do with it
        return Redirect(f"/zhengtong?done={done}", status_code=303)
    return Redirect(f"/zhengtong/claims/{claim_id}?done={done}", status_code=303)


def _claim_page(
    visit: Visit,
    claim_id: uuid.UUID,
    *,
    errors: Sequence[FieldError] = (),
    sent: forms.Sent | None = None,
    status: int = 200,
    on: str = "",
) -> Response[str]:
    file = acts.file_of(visit.services, visit.principal, claim_id)
    told, problem = asked_on(visit.services, visit.principal, claim_id, on)
    seat = seat_of(visit.principal)
    state = ClaimState(file.row.state)
    return visit.page(
        "zhengtong/desk/claim.html",
        status=status,
        file=file,
        facts=named_facts(file),
        ages=ages.of_claim(visit.services, claim_id),
        on=on,
        told=told,
        on_problem=problem,
        errors=errors,
        typed={name: forms.one(sent or {}, name) for name in _TYPED},
        actions=words.ACTS_ON_CLAIMS,
        pairs=pairs,
        outcomes=words.OUTCOMES,
        channels=words.CHANNELS,
        division_name=division_name,
        is_demonstration=file.row.policy.is_demonstration,
        may_check_means=state in AT_A_STAGE and bool(seat.duties & _REVIEW_DUTIES),
        means=acts.means_of(visit.services, visit.principal, claim_id),
        may_hold=state in OPEN_CLAIM and bool(seat.duties & _REVIEW_DUTIES),
        may_record_objection=state is ClaimState.NOTICE and bool(seat.duties & _REVIEW_DUTIES),
        may_settle_objection=state is ClaimState.OBJECTION and visit.principal.has_duty("claim.decide"),
    )


def pairs(things: Sequence[object], value: str, label: str) -> list[tuple[str, str]]:
    """What a list to choose from wants: (value, label)."""
    return [(str(getattr(one, value)), getattr(one, label)) for one in things]


def _batch_actions(principal: Principal) -> list[tuple[str, str]]:
    """Those of the acts on many that belong to the seat's duties."""
    duty_of = {"accept": "claim.accept", "recommend": "claim.joint_review", "grant": "claim.decide"}
    duties = seat_of(principal).duties
    return [(key, _(words.CLAIM_ACTIONS[key])) for key in words.BATCH_ACTIONS if duty_of[key] in duties]


HANDLERS = [home, todo_export, claim, record, review, hold, resume, appeal, objection]
