"""The simulated civil affairs bureau."""

from datetime import date
from typing import Annotated, Literal

from connectors.civil_affairs.messages import (
    CareNeedAssessed,
    CremationRecorded,
    MarriageRegistered,
    MeansChecked,
    Member,
    OrphanEnded,
    OrphanRecognised,
    ReliefEnded,
    ReliefRecognised,
)
from connectors.simulators.actions import (
    YES_NO,
    Action,
    IdNumber,
    OptionalDay,
    PersonForm,
    YesNo,
    Yuan,
    choice,
    titled,
)
from connectors.simulators.desk import Desk, SentEvent, day, years_after
from kernel.errors import Conflict

DEPARTMENT = "civil_affairs"


class AssessCareNeed(PersonForm, frozen=True, kw_only=True):
    grade: Annotated[
        Literal["0", "1", "2", "3", "4"],
        choice("失能等级", _0="能力完好", _1="轻度", _2="中度", _3="重度", _4="完全丧失"),
    ] = "3"
    needs_long_term_care: Annotated[YesNo, choice("需要长期照护（六个月以上）", **YES_NO)] = "1"
    assessed_on: OptionalDay = None


class RecogniseRelief(PersonForm, frozen=True, kw_only=True):
    category: Annotated[
        Literal["01", "02", "03", "04"],
        choice("救助类别", _01="城市低保", _02="农村低保", _03="低保边缘", _04="特困供养"),
    ] = "01"
    monthly_amount: Annotated[Yuan, titled("每月保障金额（元）")] = "680.00"
    monthly_income: Annotated[Yuan, titled("核定家庭月收入（元）")] = "900.00"
    recognised_on: OptionalDay = None


class EndRelief(PersonForm, frozen=True, kw_only=True):
    reason: Annotated[
        Literal["1", "2", "3", "9"],
        choice("终止原因", _1="收入超过标准", _2="财产超过标准", _3="本人放弃", _9="其他"),
    ] = "1"
    from_month: Annotated[date | None, titled("自该日所在月份起（默认本月）")] = None


class CheckMeans(PersonForm, frozen=True, kw_only=True):
    monthly_income: Annotated[Yuan, titled("家庭月收入（元）")] = "1200.00"
    assets: Annotated[Yuan, titled("家庭财产（元）")] = "8000.00"
    authorised_until: Annotated[date | None, titled("授权有效期至（默认一年）")] = None


class RecogniseOrphan(PersonForm, frozen=True, kw_only=True):
    fostering: Annotated[Literal["1", "2"], choice("养育方式", _1="机构养育", _2="社会散居")] = "2"
    recognised_on: OptionalDay = None


class EndOrphan(PersonForm, frozen=True, kw_only=True):
    reason: Annotated[
        Literal["1", "2", "9"], choice("终止原因", _1="被收养", _2="年满十八周岁", _9="其他")
    ] = "1"


class RecordCremation(PersonForm, frozen=True, kw_only=True):
    died_on: Annotated[date | None, titled("死亡日期（默认今天）")] = None


class RegisterMarriage(PersonForm, frozen=True, kw_only=True):
    spouse_id_number: Annotated[IdNumber, titled("另一方身份证号")]
    kind: Annotated[Literal["1", "2", "3"], choice("登记类型", _1="结婚", _2="离婚", _3="撤销婚姻")] = "1"


def assess_care_need(desk: Desk, form: AssessCareNeed) -> SentEvent:
    person = desk.person(form.id_number)
    assessed_on = form.assessed_on or desk.clock.today()
    message = CareNeedAssessed(
        id_number=person["id_number"],
        name=person["name"],
        report_number=desk.number("PG"),
        grade=form.grade,
        needs_long_term_care=form.needs_long_term_care,
        assessed_on=day(assessed_on),
        valid_until=day(years_after(assessed_on, 2)),
    )
    return desk.send(DEPARTMENT, "care_need_assessed", message, person["id_number"])


def recognise_relief(desk: Desk, form: RecogniseRelief) -> SentEvent:
    """低保 and its margin take the whole household; 特困 the person alone."""
    household = desk.household(form.id_number)
    applicant = household[0]
    since = form.recognised_on or desk.clock.today()
    living_together = household[:1] if form.category == "04" else household
    message = ReliefRecognised(
        family_number=f"JT{applicant['household_number']}",
        certificate_number=desk.number("JZ"),
        category=form.category,
        applicant_id_number=applicant["id_number"],
        applicant_name=applicant["name"],
        members=tuple(Member(id_number=row["id_number"], name=row["name"]) for row in living_together),
        monthly_amount=form.monthly_amount,
        monthly_income=form.monthly_income,
        division=applicant["division"],
        recognised_on=day(since),
        review_on=day(years_after(since, 1)),
    )
    return desk.send(DEPARTMENT, "relief_recognised", message, applicant["id_number"])


def end_relief(desk: Desk, form: EndRelief) -> SentEvent:
    person = desk.person(form.id_number)
    known = desk.latest(DEPARTMENT, person["id_number"], "relief_recognised", ReliefRecognised)
    message = ReliefEnded(
        family_number=known.family_number,
        certificate_number=known.certificate_number,
        category=known.category,
        applicant_id_number=known.applicant_id_number,
        applicant_name=known.applicant_name,
        members=known.members,
        from_month=day(form.from_month or desk.clock.today())[:6],
        reason=form.reason,
    )
    return desk.send(DEPARTMENT, "relief_ended", message, person["id_number"])


def check_means(desk: Desk, form: CheckMeans) -> SentEvent:
    household = desk.household(form.id_number)
    today = desk.clock.today()
    message = MeansChecked(
        report_number=desk.number("HD"),
        applicant_id_number=household[0]["id_number"],
        applicant_name=household[0]["name"],
        members_count=len(household),
        monthly_income=form.monthly_income,
        assets=form.assets,
        checked_on=day(today),
        authorised_until=day(form.authorised_until or years_after(today, 1)),
    )
    return desk.send(DEPARTMENT, "means_checked", message, household[0]["id_number"])


def recognise_orphan(desk: Desk, form: RecogniseOrphan) -> SentEvent:
    person = desk.person(form.id_number)
    message = OrphanRecognised(
        id_number=person["id_number"],
        name=person["name"],
        certificate_number=desk.number("GE"),
        fostering=form.fostering,
        recognised_on=day(form.recognised_on or desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "orphan_recognised", message, person["id_number"])


def end_orphan(desk: Desk, form: EndOrphan) -> SentEvent:
    person = desk.person(form.id_number)
    message = OrphanEnded(
        id_number=person["id_number"],
        name=person["name"],
        from_month=day(desk.clock.today())[:6],
        reason=form.reason,
    )
    return desk.send(DEPARTMENT, "orphan_ended", message, person["id_number"])


def record_cremation(desk: Desk, form: RecordCremation) -> SentEvent:
    person = desk.person(form.id_number)
    today = desk.clock.today()
    message = CremationRecorded(
        id_number=person["id_number"],
        name=person["name"],
        died_on=day(form.died_on or today),
        cremated_on=day(today),
        certificate_number=desk.number("HH"),
    )
    return desk.send(DEPARTMENT, "cremation_recorded", message, person["id_number"])


def register_marriage(desk: Desk, form: RegisterMarriage) -> SentEvent:
    first, second = desk.person(form.id_number), desk.person(form.spouse_id_number)
    if first["id_number"] == second["id_number"]:
        raise Conflict("婚姻登记需要两个人，请核对另一方身份证号。")
    message = MarriageRegistered(
        certificate_number=desk.number("HY"),
        kind=form.kind,
        first_id_number=first["id_number"],
        first_name=first["name"],
        second_id_number=second["id_number"],
        second_name=second["name"],
        registered_on=day(desk.clock.today()),
    )
    return desk.send(
        DEPARTMENT, "marriage_registered", message, first["id_number"], also=(second["id_number"],)
    )


ACTIONS = (
    Action(DEPARTMENT, "assess-care-need", "登记照护需求评估", "person", AssessCareNeed, assess_care_need),
    Action(DEPARTMENT, "recognise-relief", "认定社会救助", "person", RecogniseRelief, recognise_relief),
    Action(DEPARTMENT, "end-relief", "终止社会救助", "person", EndRelief, end_relief),
    Action(DEPARTMENT, "check-means", "反馈经济状况核对结果", "person", CheckMeans, check_means),
    Action(DEPARTMENT, "recognise-orphan", "认定孤儿", "person", RecogniseOrphan, recognise_orphan),
    Action(DEPARTMENT, "end-orphan", "终止孤儿认定", "person", EndOrphan, end_orphan),
    Action(DEPARTMENT, "record-cremation", "登记遗体火化", "person", RecordCremation, record_cremation),
    Action(DEPARTMENT, "register-marriage", "办理婚姻登记", "person", RegisterMarriage, register_marriage),
)
