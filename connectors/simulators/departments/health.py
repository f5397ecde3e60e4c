"""The simulated health commission: births certified, illnesses confirmed."""

from datetime import date
from typing import Annotated, Literal

from connectors.health.messages import BirthCertified, SevereIllnessConfirmed
from connectors.simulators.actions import (
    YES_NO,
    Action,
    IdNumber,
    PersonForm,
    PersonName,
    YesNo,
    choice,
    titled,
)
from connectors.simulators.desk import Desk, SentEvent, day, years_after
from kernel.errors import Conflict

DEPARTMENT = "health"


class CertifyBirth(PersonForm, frozen=True, kw_only=True):
    """Starts from the mother; the child has no id number yet."""

    child_name: Annotated[PersonName | None, titled("孩子姓名（可不填）")] = None
    sex: Annotated[Literal["1", "2"], choice("性别", _1="男", _2="女")] = "2"
    born_on: Annotated[date | None, titled("出生日期（默认今天）")] = None
    father_id_number: Annotated[IdNumber | None, titled("父亲身份证号（可不填）")] = None
    is_lawful: Annotated[YesNo, choice("符合法律法规规定生育", **YES_NO)] = "1"


def certify_birth(desk: Desk, form: CertifyBirth) -> SentEvent:
    mother = desk.person(form.id_number)
    father = desk.person(form.father_id_number) if form.father_id_number else None
    today = desk.clock.today()
    born_on = form.born_on or today
    if born_on > today:
        raise Conflict("出生日期不能晚于今天。")
    message = BirthCertified(
        certificate_number=desk.number("Z"),
        child_name=form.child_name,
        sex_code=form.sex,
        born_on=day(born_on),
        mother_id_number=mother["id_number"],
        mother_name=mother["name"],
        father_id_number=father["id_number"] if father else None,
        father_name=father["name"] if father else None,
        hospital="模拟妇幼保健院",
        is_lawful=form.is_lawful,
        issued_on=day(today),
    )
    return desk.send(DEPARTMENT, "birth_certified", message, mother["id_number"])


class ConfirmIllness(PersonForm, frozen=True, kw_only=True):
    is_severe: Annotated[YesNo, choice("重大疾病", **YES_NO)] = "1"


def confirm_illness(desk: Desk, form: ConfirmIllness) -> SentEvent:
    person, today = desk.person(form.id_number), desk.clock.today()
    message = SevereIllnessConfirmed(
        id_number=person["id_number"],
        name=person["name"],
        report_number=desk.number("ZB"),
        is_severe=form.is_severe,
        confirmed_on=day(today),
        authorised_until=day(years_after(today, 1)),
    )
    return desk.send(DEPARTMENT, "severe_illness_confirmed", message, person["id_number"])


ACTIONS = (
    Action(DEPARTMENT, "certify-birth", "签发出生医学证明", "person", CertifyBirth, certify_birth),
    Action(
        DEPARTMENT, "confirm-illness", "确认重大疾病（经授权）", "person", ConfirmIllness, confirm_illness
    ),
)
