"""The demonstrator's pages: pick somebody, make a department do something, watch the money."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, FromPath, FromQuery
from litestar.response import Redirect

from connectors.events.departments import DEPARTMENTS
from connectors.simulators.actions import Action, fields_of, from_page
from connectors.simulators.admin_routes import account_view, known_system, pushes, search, today
from connectors.simulators.departments import ACTIONS
from connectors.simulators.faults import Fault, current_fault, set_fault
from connectors.simulators.world import World
from connectors.wire import read_fen
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.web.pages import Pages
from kernel.web.preferences import refuse_cross_site
from kernel.web.requests import WebRequest

PageForm = Annotated[dict[str, str], BodyKwarg(media_type=RequestEncodingType.URL_ENCODED)]
FAULT_LABELS = {
    "none": "正常",
    "timeout_after_accepting": "受理后超时",
    "timeout_before_accepting": "未受理即超时",
    "refuse": "拒绝受理",
    "return": "退票",
    "down": "停机",
    "duplicate_callbacks": "重复回调",
    "queued": "短信排队",
    "undeliverable": "短信无法送达",
    "slow": "变慢",
}
MONEY_SYSTEMS = {"treasury": "国库", "banks": "银行"}
STATES = {"waiting": "等待推送", "delivered": "已送达", "refused": "被拒收"}
ORDER_STATES = {
    "accepted": "已受理",
    "sent_to_bank": "已送银行",
    "paid": "已付款",
    "returned": "已退票",
    "refused": "已拒绝",
}


@get("/", sync_to_thread=True, include_in_schema=False)
def show_start(
    request: WebRequest, pages: NamedDependency[Pages], world: NamedDependency[World], q: FromQuery[str] = ""
) -> Response[str]:
    return pages.page(
        request,
        "connectors/start.html",
        q=q,
        people=search(world, "person", "id_number", q),
        firms=search(world, "firm", "uscc", q),
        pushes=[row | {"state": STATES[row["state"]], "label": _label(row)} for row in pushes(world)[:20]],
    )


@get("/people/{number:int}", sync_to_thread=True, include_in_schema=False)
def show_person(
    request: WebRequest,
    number: FromPath[int],
    pages: NamedDependency[Pages],
    world: NamedDependency[World],
    done: FromQuery[str] = "",
) -> Response[str]:
    return _show_subject(request, pages, world, "person", number, done)


@get("/firms/{number:int}", sync_to_thread=True, include_in_schema=False)
def show_firm(
    request: WebRequest,
    number: FromPath[int],
    pages: NamedDependency[Pages],
    world: NamedDependency[World],
    done: FromQuery[str] = "",
) -> Response[str]:
    return _show_subject(request, pages, world, "firm", number, done)


@get("/people/{number:int}/{department:str}/{action_id:str}", sync_to_thread=True, include_in_schema=False)
def show_person_form(
    request: WebRequest,
    number: FromPath[int],
    department: FromPath[str],
    action_id: FromPath[str],
    pages: NamedDependency[Pages],
    world: NamedDependency[World],
) -> Response[str]:
    return _show_form(request, pages, world, _action("person", department, action_id), number)


@get("/firms/{number:int}/{department:str}/{action_id:str}", sync_to_thread=True, include_in_schema=False)
def show_firm_form(
    request: WebRequest,
    number: FromPath[int],
    department: FromPath[str],
    action_id: FromPath[str],
    pages: NamedDependency[Pages],
    world: NamedDependency[World],
) -> Response[str]:
    return _show_form(request, pages, world, _action("firm", department, action_id), number)


@post("/people/{number:int}/{department:str}/{action_id:str}", sync_to_thread=True, include_in_schema=False)
def act_for_person(
    request: WebRequest,
    number: FromPath[int],
    department: FromPath[str],
    action_id: FromPath[str],
    data: PageForm,
    world: NamedDependency[World],
) -> Redirect:
    refuse_cross_site(request)
    action = _action("person", department, action_id)
    person = _subject(world, "person", number)
    sent = _do(world, action, {**data, "id_number": person["id_number"]})
    return Redirect(f"/simulators/people/{number}?done={quote(sent)}", status_code=303)


@post("/firms/{number:int}/{department:str}/{action_id:str}", sync_to_thread=True, include_in_schema=False)
def act_for_firm(
    request: WebRequest,
    number: FromPath[int],
    department: FromPath[str],
    action_id: FromPath[str],
    data: PageForm,
    world: NamedDependency[World],
) -> Redirect:
    refuse_cross_site(request)
    action = _action("firm", department, action_id)
    firm = _subject(world, "firm", number)
    sent = _do(world, action, {**data, "uscc": firm["uscc"]})
    return Redirect(f"/simulators/firms/{number}?done={quote(sent)}", status_code=303)


@get("/money", sync_to_thread=True, include_in_schema=False)
def show_money(
    request: WebRequest, pages: NamedDependency[Pages], world: NamedDependency[World]
) -> Response[str]:
    statement = world.bank.statement(today(world))
    return pages.page(
        request,
        "connectors/money.html",
        orders=[
            {
                "instruction_id": order.instruction_id,
                "amount": order.amount,
                "status": ORDER_STATES[order.status],
                "reason": order.reason or "",
            }
            for order in world.treasury.latest(50)
        ],
        statement=statement,
        faults=[(label, _fault_text(world, system)) for system, label in MONEY_SYSTEMS.items()],
        fault_labels=FAULT_LABELS,
        messages=world.store.rows("SELECT * FROM short_message ORDER BY sent_at DESC LIMIT 20"),
        mails=world.store.rows("SELECT * FROM mail ORDER BY sent_at DESC LIMIT 20"),
        wechat_messages=world.store.rows("SELECT * FROM wechat_message ORDER BY sent_at DESC LIMIT 20"),
    )


@post("/money/faults", sync_to_thread=True, include_in_schema=False)
def switch_fault(request: WebRequest, data: PageForm, world: NamedDependency[World]) -> Redirect:
    refuse_cross_site(request)
    system = known_system(data.get("system", ""))
    given = {"mode": data.get("mode", ""), "times": data.get("times", "").strip() or None}
    try:
        fault = msgspec.convert(given, type=Fault, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            "故障开关没有设成，请返回检查填写的内容。", errors=[FieldError(where="mode", what=str(error))]
        ) from None
    set_fault(world.store, system, fault)
    return Redirect("/simulators/money", status_code=303)


def page_routes() -> Sequence[HTTPRouteHandler]:
    return (
        show_start,
        show_person,
        show_firm,
        show_person_form,
        show_firm_form,
        act_for_person,
        act_for_firm,
        show_money,
        switch_fault,
    )


def _show_subject(
    request: WebRequest, pages: Pages, world: World, about: str, number: int, done: str
) -> Response[str]:
    subject = _subject(world, about, number)
    identifier = subject["id_number" if about == "person" else "uscc"]
    by_department: dict[str, list[Action]] = defaultdict(list)
    for action in ACTIONS:
        if action.about == about:
            by_department[DEPARTMENTS[action.department].label].append(action)
    held = world.store.row("SELECT number FROM account WHERE holder_identifier = ?", identifier)
    account = account_view(world, held["number"]) if held else None
    return pages.page(
        request,
        "connectors/subject.html",
        subject=dict(subject),
        identifier=identifier,
        about="people" if about == "person" else "firms",
        household=world.desk.household(identifier) if about == "person" and not subject["died_on"] else [],
        departments=by_department,
        account=account,
        balance_fen=read_fen(account.balance) if account else 0,
        done=done[:200],
    )


def _show_form(request: WebRequest, pages: Pages, world: World, action: Action, number: int) -> Response[str]:
    subject = _subject(world, action.about, number)
    identifier_field = "id_number" if action.about == "person" else "uscc"
    return pages.page(
        request,
        "connectors/action.html",
        action=action,
        department=DEPARTMENTS[action.department].label,
        subject=dict(subject),
        identifier=subject[identifier_field],
        identifier_field=identifier_field,
        fields=fields_of(action.form),
        back=f"/simulators/{'people' if action.about == 'person' else 'firms'}/{number}",
    )


def _fault_text(world: World, system: str) -> str:
    fault = current_fault(world.store, system)
    left = "" if fault.times is None else f"，还剩 {fault.times} 次"
    return FAULT_LABELS[fault.mode] + left


def _action(about: str, department: str, action_id: str) -> Action:
    for action in ACTIONS:
        if (action.about, action.department, action.id) == (about, department, action_id):
            return action
    raise NotFound("没有这个操作，请从页面上选择。")


def _do(world: World, action: Action, values: dict[str, str]) -> str:
    """What the page says afterwards."""
    try:
        form = from_page(action.form, {name: text for name, text in values.items() if name != "csrf_token"})
    except msgspec.ValidationError as error:
        raise InvalidInput(
            "这件事没有办成，请返回检查填写的内容。", errors=[FieldError(where=action.label, what=str(error))]
        ) from None
    sent = action.make(world.desk, form)
    return f"{action.label}，事件 {sent.number} 已记录，正在推送"


def _subject(world: World, about: str, number: int) -> Any:
    table = "person" if about == "person" else "firm"
    if not 0 < number < 2**63:  # what SQLite can number
        raise NotFound("模拟外部系统里没有这一位，请返回重新查找。")
    row = world.store.row(f"SELECT * FROM {table} WHERE number = ?", number)  # noqa: S608 (one of two names)
    if row is None:
        raise NotFound("模拟外部系统里没有这一位，请返回重新查找。")
    return row


def _label(row: dict[str, Any]) -> str:
    return DEPARTMENTS[row["department"]].label
