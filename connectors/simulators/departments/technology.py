"""The simulated science and technology bureau."""

from typing import Annotated, Literal

from connectors.simulators.actions import YES_NO, Action, Count, FirmForm, OptionalDay, YesNo, choice, titled
from connectors.simulators.desk import Desk, SentEvent, day, years_after
from connectors.technology.messages import HiTechRecognised, HiTechRevoked, TechnologySmeListed

DEPARTMENT = "technology"


class RecogniseHiTech(FirmForm, frozen=True, kw_only=True):
    times_recognised: Annotated[Count, titled("第几次认定")] = 1
    recognised_on: OptionalDay = None


class RevokeHiTech(FirmForm, frozen=True, kw_only=True):
    reason: Annotated[
        Literal["1", "2", "3"], choice("取消原因", _1="到期未重新认定", _2="不再符合条件", _3="弄虚作假")
    ] = "2"


def recognise(desk: Desk, form: RecogniseHiTech) -> SentEvent:
    firm = desk.firm(form.uscc)
    on = form.recognised_on or desk.clock.today()
    message = HiTechRecognised(
        uscc=firm["uscc"],
        name=firm["name"],
        certificate_number=desk.number("GR"),
        recognised_on=day(on),
        valid_until=day(years_after(on, 3)),
        times_recognised=form.times_recognised,
    )
    return desk.send(DEPARTMENT, "hi_tech_recognised", message, firm["uscc"])


def revoke(desk: Desk, form: RevokeHiTech) -> SentEvent:
    firm = desk.firm(form.uscc)
    known = desk.latest(DEPARTMENT, firm["uscc"], "hi_tech_recognised", HiTechRecognised)
    message = HiTechRevoked(
        uscc=firm["uscc"],
        name=firm["name"],
        certificate_number=known.certificate_number,
        revoked_on=day(desk.clock.today()),
        reason=form.reason,
    )
    return desk.send(DEPARTMENT, "hi_tech_revoked", message, firm["uscc"])


class ListTechnologySme(FirmForm, frozen=True, kw_only=True):
    is_listed: Annotated[YesNo, choice("入库", **YES_NO)] = "1"


def list_sme(desk: Desk, form: ListTechnologySme) -> SentEvent:
    firm, today = desk.firm(form.uscc), desk.clock.today()
    message = TechnologySmeListed(
        uscc=firm["uscc"],
        name=firm["name"],
        list_number=desk.number("KJ"),
        is_listed=form.is_listed,
        listed_on=day(today),
        valid_until=day(years_after(today, 1)),
    )
    return desk.send(DEPARTMENT, "technology_sme_listed", message, firm["uscc"])


ACTIONS = (
    Action(DEPARTMENT, "recognise-hi-tech", "认定高新技术企业", "firm", RecogniseHiTech, recognise),
    Action(DEPARTMENT, "revoke-hi-tech", "取消高新技术企业资格", "firm", RevokeHiTech, revoke),
    Action(DEPARTMENT, "list-technology-sme", "登记科技型中小企业", "firm", ListTechnologySme, list_sme),
)
