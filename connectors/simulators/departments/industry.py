"""The simulated bureau of industry and information technology."""

from datetime import date
from typing import Annotated, Literal

from connectors.industry.messages import (
    AboveScaleReported,
    FirmSized,
    GreenFactoryRecognised,
    SpecialityRecognised,
    Year,
)
from connectors.simulators.actions import YES_NO, Action, FirmForm, OptionalDay, YesNo, choice, titled
from connectors.simulators.desk import Desk, SentEvent, day, years_after

DEPARTMENT = "industry"


class SizeFirm(FirmForm, frozen=True, kw_only=True):
    size: Annotated[
        Literal["1", "2", "3", "4"], choice("企业规模", _1="大型", _2="中型", _3="小型", _4="微型")
    ] = "3"


class RecogniseSpeciality(FirmForm, frozen=True, kw_only=True):
    level: Annotated[
        Literal["0", "1", "2"], choice("认定等级", _0="取消认定", _1="专精特新中小企业", _2="小巨人企业")
    ] = "1"
    recognised_on: OptionalDay = None


class ReportAboveScale(FirmForm, frozen=True, kw_only=True):
    is_above: Annotated[YesNo, choice("规上企业", **YES_NO)] = "1"
    first_year: Annotated[Year | None, titled("首次入库年份（默认今年）")] = None


class RecogniseGreenFactory(FirmForm, frozen=True, kw_only=True):
    level: Annotated[
        Literal["0", "1", "2"], choice("绿色工厂等级", _0="取消认定", _1="省级", _2="国家级")
    ] = "1"
    recognised_on: OptionalDay = None


def size_firm(desk: Desk, form: SizeFirm) -> SentEvent:
    firm = desk.firm(form.uscc)
    message = FirmSized(
        uscc=firm["uscc"], name=firm["name"], size=form.size, decided_on=day(desk.clock.today())
    )
    return desk.send(DEPARTMENT, "firm_sized", message, firm["uscc"])


def recognise_speciality(desk: Desk, form: RecogniseSpeciality) -> SentEvent:
    firm = desk.firm(form.uscc)
    on: date = form.recognised_on or desk.clock.today()
    message = SpecialityRecognised(
        uscc=firm["uscc"],
        name=firm["name"],
        document_number=desk.number("ZJTX"),
        level=form.level,
        recognised_on=day(on),
        valid_until=day(years_after(on, 3)),
    )
    return desk.send(DEPARTMENT, "speciality_recognised", message, firm["uscc"])


def report_above_scale(desk: Desk, form: ReportAboveScale) -> SentEvent:
    firm, today = desk.firm(form.uscc), desk.clock.today()
    message = AboveScaleReported(
        uscc=firm["uscc"],
        name=firm["name"],
        is_above=form.is_above,
        first_year=form.first_year or today.year,
        reported_on=day(today),
    )
    return desk.send(DEPARTMENT, "above_scale_reported", message, firm["uscc"])


def recognise_green_factory(desk: Desk, form: RecogniseGreenFactory) -> SentEvent:
    firm = desk.firm(form.uscc)
    message = GreenFactoryRecognised(
        uscc=firm["uscc"],
        name=firm["name"],
        level=form.level,
        recognised_on=day(form.recognised_on or desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "green_factory_recognised", message, firm["uscc"])


ACTIONS = (
    Action(DEPARTMENT, "size-firm", "划定企业规模", "firm", SizeFirm, size_firm),
    Action(
        DEPARTMENT, "recognise-speciality", "认定专精特新", "firm", RecogniseSpeciality, recognise_speciality
    ),
    Action(DEPARTMENT, "report-above-scale", "登记规上企业", "firm", ReportAboveScale, report_above_scale),
    Action(
        DEPARTMENT,
        "recognise-green-factory",
        "认定绿色工厂",
        "firm",
        RecogniseGreenFactory,
        recognise_green_factory,
    ),
)
