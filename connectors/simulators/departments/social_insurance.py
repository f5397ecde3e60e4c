"""The simulated human resources and social security bureau."""

from datetime import date
from typing import Annotated, Literal

from connectors.simulators.actions import (
    YES_NO,
    Action,
    Count,
    FirmForm,
    IdNumber,
    OptionalDay,
    PersonForm,
    YesNo,
    Yuan,
    choice,
    titled,
)
from connectors.simulators.desk import Desk, SentEvent, day
from connectors.social_insurance.messages import (
    FirmPremiumSettled,
    HardToEmployRecognised,
    HireEnded,
    HireRecorded,
    LayoffsReported,
    PremiumPosted,
    SkillCertificateIssued,
    UnemploymentEnded,
    UnemploymentRegistered,
)
from connectors.wire import Percent

DEPARTMENT = "social_insurance"


class RegisterUnemployment(PersonForm, frozen=True, kw_only=True):
    reason: Annotated[Literal["1", "2"], choice("失业原因", _1="本人意愿", _2="非本人意愿")] = "2"
    seeks_job: Annotated[YesNo, choice("有求职要求", **YES_NO)] = "1"
    premium_months: Annotated[Count, titled("失业保险累计缴费月数")] = 60
    claimed_months: Annotated[Count, titled("已领失业金月数")] = 0
    registered_on: OptionalDay = None


class EndUnemployment(PersonForm, frozen=True, kw_only=True):
    reason: Annotated[
        Literal["1", "2", "3", "9"], choice("注销原因", _1="企业就业", _2="灵活就业", _3="退休", _9="其他")
    ] = "1"
    ended_on: OptionalDay = None


class RecordHire(FirmForm, frozen=True, kw_only=True):
    employee_id_number: Annotated[IdNumber, titled("被招用人身份证号")]
    category: Annotated[
        Literal["00", "10", "11", "20", "30"],
        choice(
            "人员类别",
            _00="其他",
            _10="毕业年度高校毕业生",
            _11="离校两年内未就业",
            _20="脱贫人口",
            _30="退役军人",
        ),
    ] = "11"
    contract_months: Annotated[Count, titled("合同月数")] = 24
    premium_months: Annotated[Count, titled("已缴社保月数")] = 3
    contract_from: OptionalDay = None
    discharged_on: Annotated[date | None, titled("退役日期（退役军人填写）")] = None


class EndHire(FirmForm, frozen=True, kw_only=True):
    employee_id_number: Annotated[IdNumber, titled("被招用人身份证号")]


class IssueSkillCertificate(PersonForm, frozen=True, kw_only=True):
    occupation: Annotated[str, titled("职业（工种）")] = "电工"
    level: Annotated[Literal["5", "4", "3"], choice("技能等级", _5="初级工", _4="中级工", _3="高级工")] = "4"
    issued_on: OptionalDay = None


class RecogniseHardToEmploy(PersonForm, frozen=True, kw_only=True):
    is_valid: Annotated[YesNo, choice("认定为就业困难人员", **YES_NO)] = "1"


class PostPremium(PersonForm, frozen=True, kw_only=True):
    premium_months: Annotated[Count, titled("失业保险累计缴费月数")] = 36


class SettleFirmPremium(FirmForm, frozen=True, kw_only=True):
    insured_employees: Annotated[Count, titled("参保人数")] = 24
    premium_months: Annotated[Count, titled("连续缴费月数")] = 12
    premium_paid: Annotated[Yuan, titled("上年度缴纳失业保险费（元）")] = "28800.00"


class ReportLayoffs(FirmForm, frozen=True, kw_only=True):
    insured_employees: Annotated[Count, titled("参保人数")] = 24
    layoff_rate: Annotated[Percent, titled("上年度裁员率（%）")] = "0"


def register_unemployment(desk: Desk, form: RegisterUnemployment) -> SentEvent:
    person = desk.person(form.id_number)
    on = day(form.registered_on or desk.clock.today())
    message = UnemploymentRegistered(
        id_number=person["id_number"],
        name=person["name"],
        registration_number=desk.number("SY"),
        unemployed_on=on,
        registered_on=on,
        reason=form.reason,
        seeks_job=form.seeks_job,
        premium_months=form.premium_months,
        claimed_months=form.claimed_months,
    )
    return desk.send(DEPARTMENT, "unemployment_registered", message, person["id_number"])


def end_unemployment(desk: Desk, form: EndUnemployment) -> SentEvent:
    person = desk.person(form.id_number)
    known = desk.latest(DEPARTMENT, person["id_number"], "unemployment_registered", UnemploymentRegistered)
    message = UnemploymentEnded(
        id_number=person["id_number"],
        name=person["name"],
        registration_number=known.registration_number,
        ended_on=day(form.ended_on or desk.clock.today()),
        reason=form.reason,
    )
    return desk.send(DEPARTMENT, "unemployment_ended", message, person["id_number"])


def record_hire(desk: Desk, form: RecordHire) -> SentEvent:
    firm, person = desk.firm(form.uscc), desk.person(form.employee_id_number)
    message = HireRecorded(
        record_number=desk.number("JY"),
        id_number=person["id_number"],
        name=person["name"],
        uscc=firm["uscc"],
        firm_name=firm["name"],
        category=form.category,
        discharged_on=day(form.discharged_on) if form.discharged_on else None,
        contract_from=day(form.contract_from or desk.clock.today()),
        contract_months=form.contract_months,
        premium_months=form.premium_months,
    )
    return desk.send(DEPARTMENT, "hire_recorded", message, _hire_key(firm["uscc"], person["id_number"]))


def end_hire(desk: Desk, form: EndHire) -> SentEvent:
    firm, person = desk.firm(form.uscc), desk.person(form.employee_id_number)
    key = _hire_key(firm["uscc"], person["id_number"])
    known = desk.latest(DEPARTMENT, key, "hire_recorded", HireRecorded)
    message = HireEnded(
        record_number=known.record_number,
        id_number=person["id_number"],
        name=person["name"],
        uscc=firm["uscc"],
        firm_name=firm["name"],
        ended_on=day(desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "hire_ended", message, key)


def issue_skill_certificate(desk: Desk, form: IssueSkillCertificate) -> SentEvent:
    person = desk.person(form.id_number)
    message = SkillCertificateIssued(
        id_number=person["id_number"],
        name=person["name"],
        certificate_number=desk.number("JN"),
        occupation=form.occupation,
        level=form.level,
        issued_on=day(form.issued_on or desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "skill_certificate_issued", message, person["id_number"])


def recognise_hard_to_employ(desk: Desk, form: RecogniseHardToEmploy) -> SentEvent:
    person = desk.person(form.id_number)
    message = HardToEmployRecognised(
        id_number=person["id_number"],
        name=person["name"],
        is_valid=form.is_valid,
        decided_on=day(desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "hard_to_employ_recognised", message, person["id_number"])


def post_premium(desk: Desk, form: PostPremium) -> SentEvent:
    person = desk.person(form.id_number)
    message = PremiumPosted(
        id_number=person["id_number"],
        name=person["name"],
        premium_months=form.premium_months,
        as_of=day(desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "premium_posted", message, person["id_number"])


def settle_firm_premium(desk: Desk, form: SettleFirmPremium) -> SentEvent:
    firm, today = desk.firm(form.uscc), desk.clock.today()
    message = FirmPremiumSettled(
        uscc=firm["uscc"],
        firm_name=firm["name"],
        year=today.year - 1,
        insured_employees=form.insured_employees,
        premium_months=form.premium_months,
        premium_paid=form.premium_paid,
        settled_on=day(today),
    )
    return desk.send(DEPARTMENT, "firm_premium_settled", message, firm["uscc"])


def report_layoffs(desk: Desk, form: ReportLayoffs) -> SentEvent:
    firm, today = desk.firm(form.uscc), desk.clock.today()
    message = LayoffsReported(
        uscc=firm["uscc"],
        firm_name=firm["name"],
        year=today.year - 1,
        insured_employees=form.insured_employees,
        layoff_rate=form.layoff_rate,
        reported_on=day(today),
    )
    return desk.send(DEPARTMENT, "layoffs_reported", message, firm["uscc"])


def _hire_key(uscc: str, id_number: str) -> str:
    return f"{uscc}/{id_number}"


ACTIONS = (
    Action(
        DEPARTMENT,
        "register-unemployment",
        "办理失业登记",
        "person",
        RegisterUnemployment,
        register_unemployment,
    ),
    Action(DEPARTMENT, "end-unemployment", "注销失业登记", "person", EndUnemployment, end_unemployment),
    Action(
        DEPARTMENT,
        "issue-skill-certificate",
        "核发技能等级证书",
        "person",
        IssueSkillCertificate,
        issue_skill_certificate,
    ),
    Action(
        DEPARTMENT,
        "recognise-hard-to-employ",
        "认定就业困难人员",
        "person",
        RecogniseHardToEmploy,
        recognise_hard_to_employ,
    ),
    Action(DEPARTMENT, "post-premium", "登记个人缴费", "person", PostPremium, post_premium),
    Action(DEPARTMENT, "record-hire", "办理就业登记（招用）", "firm", RecordHire, record_hire),
    Action(DEPARTMENT, "end-hire", "登记解除劳动关系", "firm", EndHire, end_hire),
    Action(
        DEPARTMENT, "settle-firm-premium", "核定单位年度缴费", "firm", SettleFirmPremium, settle_firm_premium
    ),
    Action(DEPARTMENT, "report-layoffs", "登记上年度裁员率", "firm", ReportLayoffs, report_layoffs),
)
