"""The simulated disabled persons' federation."""

from datetime import date
from typing import Annotated, Literal

from connectors.disabled_federation.messages import CertificateCancelled, CertificateIssued
from connectors.simulators.actions import Action, OptionalDay, PersonForm, choice, titled
from connectors.simulators.desk import Desk, SentEvent, day, years_after

DEPARTMENT = "disabled_federation"


class IssueCertificate(PersonForm, frozen=True, kw_only=True):
    category: Annotated[
        Literal["1", "2", "3", "4", "5", "6", "7"],
        choice("残疾类别", _1="视力", _2="听力", _3="言语", _4="肢体", _5="智力", _6="精神", _7="多重"),
    ] = "4"
    level: Annotated[
        Literal["1", "2", "3", "4"], choice("残疾等级", _1="一级", _2="二级", _3="三级", _4="四级")
    ] = "1"
    issued_on: OptionalDay = None
    valid_until: Annotated[date | None, titled("有效期至（默认十年）")] = None


class CancelCertificate(PersonForm, frozen=True, kw_only=True):
    reason: Annotated[
        Literal["1", "2", "3", "9"], choice("注销原因", _1="死亡", _2="复评不符合", _3="本人申请", _9="其他")
    ] = "2"
    cancelled_on: OptionalDay = None


def issue(desk: Desk, form: IssueCertificate) -> SentEvent:
    person = desk.person(form.id_number)
    issued_on = form.issued_on or desk.clock.today()
    message = CertificateIssued(
        certificate_number=f"{person['id_number']}{form.category}{form.level}",
        name=person["name"],
        category=form.category,
        level=form.level,
        issued_on=day(issued_on),
        valid_until=day(form.valid_until or years_after(issued_on, 10)),
    )
    return desk.send(DEPARTMENT, "certificate_issued", message, person["id_number"])


def cancel(desk: Desk, form: CancelCertificate) -> SentEvent:
    person = desk.person(form.id_number)
    issued = desk.latest(DEPARTMENT, person["id_number"], "certificate_issued", CertificateIssued)
    message = CertificateCancelled(
        certificate_number=issued.certificate_number,
        name=person["name"],
        cancelled_on=day(form.cancelled_on or desk.clock.today()),
        reason=form.reason,
    )
    return desk.send(DEPARTMENT, "certificate_cancelled", message, person["id_number"])


ACTIONS = (
    Action(DEPARTMENT, "issue-certificate", "核发残疾人证", "person", IssueCertificate, issue),
    Action(DEPARTMENT, "cancel-certificate", "注销残疾人证", "person", CancelCertificate, cancel),
)
