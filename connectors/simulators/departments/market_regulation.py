"""The simulated market regulator: the register of firms."""

from typing import Annotated, Literal

from connectors.market_regulation.messages import (
    FirmRegistered,
    FirmStandingChanged,
    LegalRepresentativeChanged,
)
from connectors.simulators.actions import (
    Action,
    FirmForm,
    FirmName,
    IdNumber,
    OptionalDay,
    PersonForm,
    Uscc,
    choice,
    titled,
)
from connectors.simulators.desk import Desk, SentEvent, day
from connectors.simulators.population import SimulatedFirm, load
from connectors.wire import Division
from kernel.errors import Conflict

DEPARTMENT = "market_regulation"


class RegisterFirm(PersonForm, frozen=True, kw_only=True):
    """Starts from the legal representative."""

    uscc: Annotated[Uscc, titled("统一社会信用代码（18位）")]
    name: Annotated[FirmName, titled("企业名称")]
    kind: Annotated[
        Literal["1000", "9500", "9100", "4000", "5200"],
        choice(
            "主体类型",
            _1000="企业",
            _9500="个体工商户",
            _9100="农民专业合作社",
            _4000="分支机构",
            _5200="社会服务机构",
        ),
    ] = "1000"
    industry: Annotated[
        Literal["C", "F", "H", "I", "M"],
        choice(
            "行业门类",
            _C="制造业",
            _F="批发零售业",
            _H="住宿餐饮业",
            _I="信息传输软件业",
            _M="科学研究技术服务业",
        ),
    ] = "C"
    size: Annotated[
        Literal["1", "2", "3", "4"], choice("企业规模", _1="大型", _2="中型", _3="小型", _4="微型")
    ] = "4"
    division: Annotated[Division, titled("注册地区划代码")] = "420202"
    established_on: OptionalDay = None


class ChangeRepresentative(FirmForm, frozen=True, kw_only=True):
    representative_id_number: Annotated[IdNumber, titled("新法定代表人身份证号")]


class ChangeStanding(FirmForm, frozen=True, kw_only=True):
    standing: Annotated[
        Literal["1", "2", "3", "4"], choice("经营状态", _1="存续", _2="经营异常", _3="吊销", _4="注销")
    ] = "2"


def register_firm(desk: Desk, form: RegisterFirm) -> SentEvent:
    representative = desk.person(form.id_number)
    if desk.store.row("SELECT 1 FROM firm WHERE uscc = ?", form.uscc):
        raise Conflict("这个统一社会信用代码已经登记过。")
    with desk.store.transaction():
        firm = SimulatedFirm(
            uscc=form.uscc,
            name=form.name,
            division=form.division,
            representative_id_number=representative["id_number"],
            representative_name=representative["name"],
            kind=form.kind,
        )
        load(desk.store, (), (firm,))
        message = FirmRegistered(
            uscc=form.uscc,
            name=form.name,
            kind=form.kind,
            industry=form.industry,
            size=form.size,
            division=form.division,
            established_on=day(form.established_on or desk.clock.today()),
            representative_id_number=representative["id_number"],
            representative_name=representative["name"],
        )
        return desk.send(DEPARTMENT, "firm_registered", message, form.uscc)


def change_representative(desk: Desk, form: ChangeRepresentative) -> SentEvent:
    firm, person = desk.firm(form.uscc), desk.person(form.representative_id_number)
    if firm["representative_id_number"] == person["id_number"]:
        raise Conflict("此人已经是这家企业的法定代表人。")
    with desk.store.transaction():
        desk.store.run(
            "UPDATE firm SET representative_id_number = ?, representative_name = ? WHERE uscc = ?",
            person["id_number"],
            person["name"],
            firm["uscc"],
        )
        message = LegalRepresentativeChanged(
            uscc=firm["uscc"],
            name=firm["name"],
            former_id_number=firm["representative_id_number"],
            former_name=firm["representative_name"],
            representative_id_number=person["id_number"],
            representative_name=person["name"],
            changed_on=day(desk.clock.today()),
        )
        return desk.send(DEPARTMENT, "legal_representative_changed", message, firm["uscc"])


def change_standing(desk: Desk, form: ChangeStanding) -> SentEvent:
    firm = desk.firm(form.uscc)
    message = FirmStandingChanged(
        uscc=firm["uscc"],
        name=firm["name"],
        standing=form.standing,
        changed_on=day(desk.clock.today()),
    )
    desk.store.run("UPDATE firm SET standing = ? WHERE uscc = ?", form.standing, firm["uscc"])
    return desk.send(DEPARTMENT, "firm_standing_changed", message, firm["uscc"])


ACTIONS = (
    Action(DEPARTMENT, "register-firm", "以其为法定代表人设立企业", "person", RegisterFirm, register_firm),
    Action(
        DEPARTMENT,
        "change-representative",
        "变更法定代表人",
        "firm",
        ChangeRepresentative,
        change_representative,
    ),
    Action(DEPARTMENT, "change-standing", "变更经营状态", "firm", ChangeStanding, change_standing),
)
