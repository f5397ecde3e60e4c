"""The simulated housing bureau and property register."""

from typing import Annotated, Literal

from connectors.housing.messages import Area, HomeRegistered, HomesBrokered, LeaseFiled, PublicRentalQueued
from connectors.simulators.actions import (
    YES_NO,
    Action,
    Count,
    FirmForm,
    OptionalDay,
    PersonForm,
    YesNo,
    choice,
    titled,
)
from connectors.simulators.desk import Desk, SentEvent, day, years_after

DEPARTMENT = "housing"


class RegisterHome(PersonForm, frozen=True, kw_only=True):
    kind: Annotated[Literal["1", "2"], choice("房屋类型", _1="新建普通商品住房", _2="二手房")] = "1"
    place: Annotated[
        Literal["1", "2", "9"], choice("房屋位置", _1="大冶城区", _2="大冶建制镇", _9="其他")
    ] = "9"
    rank: Annotated[Count, titled("第几套")] = 1
    area: Annotated[Area, titled("建筑面积（平方米）")] = "98.60"
    owned_area: Annotated[Count, titled("家庭自有住房面积合计（平方米）")] = 99
    is_swap: Annotated[YesNo, choice("卖旧买新（换购）", **YES_NO)] = "0"
    bought_on: OptionalDay = None


class FileLease(PersonForm, frozen=True, kw_only=True):
    is_running: Annotated[YesNo, choice("在租", **YES_NO)] = "1"
    since_on: OptionalDay = None


class QueueForRental(PersonForm, frozen=True, kw_only=True):
    is_waiting: Annotated[YesNo, choice("轮候中", **YES_NO)] = "1"


class ReportBrokered(FirmForm, frozen=True, kw_only=True):
    homes: Annotated[Count, titled("本年成交套数")] = 12


def register_home(desk: Desk, form: RegisterHome) -> SentEvent:
    person, today = desk.person(form.id_number), desk.clock.today()
    message = HomeRegistered(
        id_number=person["id_number"],
        name=person["name"],
        certificate_number=desk.number("BDC"),
        kind=form.kind,
        place=form.place,
        rank=form.rank,
        area=form.area,
        owned_area=form.owned_area,
        is_swap=form.is_swap,
        bought_on=day(form.bought_on or today),
        registered_on=day(today),
    )
    return desk.send(DEPARTMENT, "home_registered", message, person["id_number"])


def file_lease(desk: Desk, form: FileLease) -> SentEvent:
    person = desk.person(form.id_number)
    since = form.since_on or desk.clock.today()
    message = LeaseFiled(
        id_number=person["id_number"],
        name=person["name"],
        filing_number=desk.number("ZL"),
        is_running=form.is_running,
        since_on=day(since),
        until_on=day(years_after(since, 1)),
    )
    return desk.send(DEPARTMENT, "lease_filed", message, person["id_number"])


def queue(desk: Desk, form: QueueForRental) -> SentEvent:
    person = desk.person(form.id_number)
    message = PublicRentalQueued(
        id_number=person["id_number"],
        name=person["name"],
        queue_number=desk.number("LH"),
        is_waiting=form.is_waiting,
        decided_on=day(desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "public_rental_queued", message, person["id_number"])


def report_brokered(desk: Desk, form: ReportBrokered) -> SentEvent:
    firm = desk.firm(form.uscc)
    message = HomesBrokered(
        uscc=firm["uscc"], name=firm["name"], homes=form.homes, as_of=day(desk.clock.today())
    )
    return desk.send(DEPARTMENT, "homes_brokered", message, firm["uscc"])


ACTIONS = (
    Action(DEPARTMENT, "register-home", "登记购房", "person", RegisterHome, register_home),
    Action(DEPARTMENT, "file-lease", "备案租房", "person", FileLease, file_lease),
    Action(DEPARTMENT, "queue-for-rental", "登记公租房轮候", "person", QueueForRental, queue),
    Action(DEPARTMENT, "report-brokered", "登记二手房成交", "firm", ReportBrokered, report_brokered),
)
