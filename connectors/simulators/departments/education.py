"""The simulated education bureau: the register of pupils and students."""

from datetime import date
from typing import Annotated, Literal

from connectors.education.messages import (
    HardshipRecognised,
    StudentEnrolled,
    StudentLeft,
    StudentLoanReported,
)
from connectors.simulators.actions import YES_NO, Action, OptionalDay, PersonForm, YesNo, choice, titled
from connectors.simulators.desk import Desk, SentEvent, day, years_after

DEPARTMENT = "education"


class EnrolStudent(PersonForm, frozen=True, kw_only=True):
    stage: Annotated[
        Literal["01", "02", "03", "04", "05", "06", "07", "08"],
        choice(
            "学段",
            _01="学前",
            _02="小学",
            _03="初中",
            _04="普通高中",
            _05="中职",
            _06="高职",
            _07="本科",
            _08="研究生",
        ),
    ] = "04"
    enrolled_on: OptionalDay = None
    graduates_on: Annotated[date | None, titled("预计毕业日期（默认三年后）")] = None


class LeaveSchool(PersonForm, frozen=True, kw_only=True):
    reason: Annotated[Literal["1", "2", "3"], choice("离校原因", _1="毕业", _2="退学", _3="转出本市")] = "1"
    left_on: OptionalDay = None


class RecogniseHardship(PersonForm, frozen=True, kw_only=True):
    level: Annotated[
        Literal["0", "1", "2", "3"],
        choice("困难等级", _0="不困难", _1="一般困难", _2="困难", _3="特别困难"),
    ] = "2"
    recognised_on: OptionalDay = None


class ReportStudentLoan(PersonForm, frozen=True, kw_only=True):
    is_open: Annotated[YesNo, choice("在贷", **YES_NO)] = "1"


def enrol(desk: Desk, form: EnrolStudent) -> SentEvent:
    person = desk.person(form.id_number)
    enrolled_on = form.enrolled_on or desk.clock.today()
    message = StudentEnrolled(
        id_number=person["id_number"],
        name=person["name"],
        student_number=desk.number("XJ"),
        school="模拟学校",
        stage=form.stage,
        enrolled_on=day(enrolled_on),
        graduates_on=day(form.graduates_on or years_after(enrolled_on, 3)),
    )
    return desk.send(DEPARTMENT, "student_enrolled", message, person["id_number"])


def leave(desk: Desk, form: LeaveSchool) -> SentEvent:
    person = desk.person(form.id_number)
    known = desk.latest(DEPARTMENT, person["id_number"], "student_enrolled", StudentEnrolled)
    message = StudentLeft(
        id_number=person["id_number"],
        name=person["name"],
        student_number=known.student_number,
        reason=form.reason,
        left_on=day(form.left_on or desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "student_left", message, person["id_number"])


def recognise_hardship(desk: Desk, form: RecogniseHardship) -> SentEvent:
    person = desk.person(form.id_number)
    since = form.recognised_on or desk.clock.today()
    message = HardshipRecognised(
        id_number=person["id_number"],
        name=person["name"],
        student_number=desk.number("XJ"),
        level=form.level,
        recognised_on=day(since),
        valid_until=day(years_after(since, 1)),
    )
    return desk.send(DEPARTMENT, "hardship_recognised", message, person["id_number"])


def report_loan(desk: Desk, form: ReportStudentLoan) -> SentEvent:
    person = desk.person(form.id_number)
    message = StudentLoanReported(
        id_number=person["id_number"],
        name=person["name"],
        contract_number=desk.number("ZX"),
        is_open=form.is_open,
        reported_on=day(desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "student_loan_reported", message, person["id_number"])


ACTIONS = (
    Action(DEPARTMENT, "enrol-student", "登记入学", "person", EnrolStudent, enrol),
    Action(DEPARTMENT, "leave-school", "登记毕业或离校", "person", LeaveSchool, leave),
    Action(DEPARTMENT, "recognise-hardship", "认定困难学生", "person", RecogniseHardship, recognise_hardship),
    Action(DEPARTMENT, "report-student-loan", "登记助学贷款", "person", ReportStudentLoan, report_loan),
)
