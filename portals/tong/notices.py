"""我的 · 消息通知: by which ways, when and how often people are summoned to their inbox, and what became of it."""

import re
from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Literal, TypeAlias, cast

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from identity.contacts import service as contacts
from kernel.errors import FieldError, InvalidInput
from kernel.house import House
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.notices import summonses
from kernel.notices.service import set_preference, wants
from kernel.notices.summoning import Habits, Pace
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.shared.benefits import Form

Me = NamedDependency[Principal]
CHANNELS = ("sms", "wechat", "email")
PACES: dict[Pace, tuple[str, str]] = {
    "hourly": (N_("最多每小时一次"), N_("几条消息合成一次提醒")),
    "daily": (N_("每天一次"), N_("上午9点，一天的消息合成一次提醒")),
    "each": (N_("来一条提醒一条"), N_("免打扰时段除外")),
}
WAYS = {"sms": N_("短信"), "wechat": N_("微信"), "email": N_("电子邮件")}
STATES = {
    "sending": N_("正在发送"),
    "queued": N_("已交发送平台，等回执"),
    "accepted": N_("已交发送平台"),
    "delivered": N_("已送达"),
    "undeliverable": N_("没有送达"),
    "refused": N_("发送平台不收这个地址"),
    "unknown": N_("没有等到回执"),
}
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
TimeOfDay: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]


class Channels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which ways messages also go out; the inbox always gets them."""

    sms: bool
    wechat: bool
    email: bool


class HabitsView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times of day in Huangshi, ``22:00``; the same twice: no quiet hours. What concerns the account goes out at any hour."""

    quiet_from: TimeOfDay
    quiet_until: TimeOfDay
    pace: Literal["each", "hourly", "daily"]


class SummonsView(msgspec.Struct, frozen=True):
    """One message outside the app: for how many messages of the inbox, and what became of it."""

    channel: str
    covers: int
    check_number: str
    state: str
    written_at: datetime
    updated_at: datetime


def handlers(house: House) -> list[ControllerRouterHandler]:
    """``/me/notices`` and its API."""

    def channels_in(session: Session, principal: Principal) -> Channels:
        return Channels(*(wants(session, principal.acting_for, one) for one in CHANNELS))

    def choose_channels(session: Session, principal: Principal, chosen: Channels) -> None:
        for channel in CHANNELS:
            is_wanted = bool(getattr(chosen, channel))
            set_preference(session, principal.acting_for, channel, is_enabled=is_wanted)

    def view(
        request: WebRequest, pages: Pages, principal: Principal, problem: InvalidInput | None, given: Form
    ) -> Response[str]:
        with house.database.read() as session:
            channels = channels_in(session, principal)
            habits = _shown(summonses.habits_of(session, principal.acting_for))
            sent = _sent(session, principal)
            known = contacts.addresses_of(session, principal.acting_for, vault=house.vault)
        bound = {channel: channel == "sms" or channel in known for channel in CHANNELS}
        if problem is not None:
            channels = Channels(*(given.get(one) == "1" for one in CHANNELS))
        return pages.page(
            request,
            "tong/notices.html",
            status=problem.status if problem is not None else 200,
            channels=channels,
            habits=msgspec.to_builtins(habits) | (dict(given) if problem is not None else {}),
            paces=[(pace, _(label), _(note)) for pace, (label, note) in PACES.items()],
            sent=sent,
            ways={channel: _(label) for channel, label in WAYS.items()},
            bound=bound,
            states={state: _(label) for state, label in STATES.items()},
            errors=list(problem.errors) if problem is not None else [],
        )

    @get("/me/notices", sync_to_thread=True, include_in_schema=False)
    def notices_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return view(request, pages, principal, None, {})

    @post("/me/notices", status_code=303, sync_to_thread=True, include_in_schema=False)
    def notices_form(
        request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        try:
            with house.database.write() as session:
                now = house.clock.now()
                habits = _typed(data, _shown(summonses.habits_of(session, principal.acting_for)))
                choose_channels(session, principal, Channels(*(data.get(one) == "1" for one in CHANNELS)))
                summonses.set_habits(session, principal.acting_for, habits, now=now)
        except InvalidInput as problem:
            return view(request, pages, principal, problem, data)
        return Redirect("/tong/me/notices", status_code=303)

    guards = [require(scope="tong")]

    @get("/api/v1/notice-channels", guards=guards, sync_to_thread=True, summary="Ways messages go out")
    def list_channels(principal: Me) -> Channels:
        with house.database.read() as session:
            return channels_in(session, principal)

    @post(
        "/api/v1/notice-channels",
        guards=guards,
        status_code=200,
        sync_to_thread=True,
        summary="Choose ways messages go out",
    )
    def choose_channels_api(data: JSONBody[Channels], principal: Me) -> Channels:
        with house.database.write() as session:
            choose_channels(session, principal, data)
        return data

    @get("/api/v1/notice-habits", guards=guards, sync_to_thread=True, summary="When messages go out")
    def show_habits(principal: Me) -> HabitsView:
        with house.database.read() as session:
            return _shown(summonses.habits_of(session, principal.acting_for))

    @post(
        "/api/v1/notice-habits",
        guards=guards,
        status_code=200,
        sync_to_thread=True,
        summary="Choose quiet hours and how often messages go out",
    )
    def choose_habits(data: JSONBody[HabitsView], principal: Me) -> HabitsView:
        with house.database.write() as session:
            summonses.set_habits(session, principal.acting_for, _habits(data), now=house.clock.now())
        return data

    @get("/api/v1/summonses", guards=guards, sync_to_thread=True, summary="What went out, and its receipts")
    def list_summonses(principal: Me) -> list[SummonsView]:
        with house.database.read() as session:
            return _sent(session, principal)

    return [
        notices_page,
        notices_form,
        list_channels,
        choose_channels_api,
        show_habits,
        choose_habits,
        list_summonses,
    ]


def _sent(session: Session, principal: Principal) -> list[SummonsView]:
    return [
        SummonsView(row.channel, row.covers, row.check_number, row.state, row.written_at, row.updated_at)
        for row in summonses.latest(session, principal.acting_for)
    ]


def _shown(habits: Habits) -> HabitsView:
    return HabitsView(f"{habits.quiet_from:%H:%M}", f"{habits.quiet_until:%H:%M}", habits.pace)


def _habits(view: HabitsView) -> Habits:
    return Habits(
        quiet_from=time.fromisoformat(view.quiet_from),
        quiet_until=time.fromisoformat(view.quiet_until),
        pace=view.pace,
    )


def _typed(form: Mapping[str, str], former: HabitsView) -> Habits:
    """What a form says; what it leaves out stays. Raises ``InvalidInput`` for what is no time or no choice."""
    quiet_from = form.get("quiet_from", former.quiet_from)
    quiet_until = form.get("quiet_until", former.quiet_until)
    pace = form.get("pace", former.pace)
    mend = N_("填写时和分，例如 22:00")
    errors = [
        FieldError(name, _("时间应写作 22:00"), _(mend))
        for name, value in (("quiet_from", quiet_from), ("quiet_until", quiet_until))
        if not _TIME.fullmatch(value)
    ]
    if pace not in PACES:
        errors.append(FieldError("pace", _("请从列出的几种里选一种")))
    if errors:
        raise InvalidInput(_("填写的内容有误，请按提示修改。"), errors=errors)
    return _habits(HabitsView(quiet_from, quiet_until, cast("Pace", pace)))
