"""The simulated public security bureau: the household register."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from connectors.public_security.messages import (
    BirthRegistered,
    DeathRegistered,
    DeathWithdrawn,
    HouseholdMoved,
)
from connectors.simulators.actions import (
    YES_NO,
    Action,
    IdNumber,
    OptionalDay,
    PersonForm,
    PersonName,
    YesNo,
    choice,
    titled,
)
from connectors.simulators.desk import Desk, SentEvent, day
from connectors.wire import Division
from kernel.errors import Conflict

DEPARTMENT = "public_security"


class RegisterBirth(PersonForm, frozen=True, kw_only=True):
    """Starts from the mother; the child gets the next free id number."""

    name: Annotated[PersonName, titled("孩子姓名")]
    sex: Annotated[Literal["1", "2"], choice("性别", _1="男", _2="女")] = "2"
    born_on: Annotated[date | None, titled("出生日期（默认今天）")] = None
    father_id_number: Annotated[IdNumber | None, titled("父亲身份证号（可不填）")] = None
    is_lawful: Annotated[YesNo, choice("卫健已确认符合法律法规规定生育", **YES_NO)] = "1"
    birth_certificate: Annotated[str | None, titled("出生医学证明编号（可不填）")] = None


class MoveHousehold(PersonForm, frozen=True, kw_only=True):
    division: Annotated[Division, titled("迁入地区划代码")]
    joined_id_number: Annotated[IdNumber | None, titled("迁入户内成员身份证号（不填则立新户）")] = None
    register_kind: Annotated[Literal["1", "2"], choice("户口性质", _1="城镇", _2="农村")] = "1"


class RegisterDeath(PersonForm, frozen=True, kw_only=True):
    died_on: OptionalDay = None


class WithdrawDeath(PersonForm, frozen=True, kw_only=True):
    pass


def _certificate_of(desk: Desk, mother: str, born_on: date) -> str | None:
    """What the hospital's register says of a child of hers born on this day, as a police station looks it up."""
    found = desk.newest("health", mother, ("birth_certified",))
    certified = msgspec.json.decode(found["message"]) if found is not None else {}
    return certified.get("cszmbh") if certified.get("csrq") == day(born_on) else None


def register_birth(desk: Desk, form: RegisterBirth) -> SentEvent:
    mother = desk.person(form.id_number)
    father = desk.person(form.father_id_number) if form.father_id_number else None
    today = desk.clock.today()
    born_on = form.born_on or today
    if born_on > today:
        raise Conflict("出生日期不能晚于今天。")
    with desk.store.transaction():
        id_number = desk.new_id_number(mother["id_number"], born_on, form.sex)
        desk.store.run(
            "INSERT INTO person (id_number, name, household_number, division, register_kind) VALUES (?, ?, ?, ?, ?)",
            id_number,
            form.name,
            mother["household_number"],
            mother["division"],
            mother["register_kind"],
        )
        message = BirthRegistered(
            child_id_number=id_number,
            child_name=form.name,
            sex_code=form.sex,
            born_on=day(born_on),
            mother_id_number=mother["id_number"],
            mother_name=mother["name"],
            father_id_number=father["id_number"] if father else None,
            father_name=father["name"] if father else None,
            birth_certificate=form.birth_certificate or _certificate_of(desk, mother["id_number"], born_on),
            household_number=mother["household_number"],
            division=mother["division"],
            register_kind=mother["register_kind"],
            is_lawful=form.is_lawful,
            registered_on=day(today),
        )
        return desk.send(DEPARTMENT, "birth_registered", message, id_number)


def move_household(desk: Desk, form: MoveHousehold) -> SentEvent:
    person = desk.person(form.id_number)
    joined = desk.person(form.joined_id_number) if form.joined_id_number else None
    number = joined["household_number"] if joined else desk.number("H")
    with desk.store.transaction():
        desk.store.run(
            "UPDATE person SET household_number = ?, division = ?, register_kind = ? WHERE id_number = ?",
            number,
            form.division,
            form.register_kind,
            person["id_number"],
        )
        message = HouseholdMoved(
            id_number=person["id_number"],
            name=person["name"],
            household_number=number,
            joined_member_id_number=joined["id_number"] if joined else None,
            division=form.division,
            register_kind=form.register_kind,
            moved_on=day(desk.clock.today()),
        )
        return desk.send(DEPARTMENT, "household_moved", message, person["id_number"])


def register_death(desk: Desk, form: RegisterDeath) -> SentEvent:
    person = desk.person(form.id_number)
    if person["died_on"]:
        raise Conflict("此人已登记死亡；如属误登，请先恢复户口。")
    died_on = form.died_on or desk.clock.today()
    with desk.store.transaction():
        desk.store.run(
            "UPDATE person SET died_on = ? WHERE id_number = ?", died_on.isoformat(), person["id_number"]
        )
        message = DeathRegistered(
            id_number=person["id_number"],
            name=person["name"],
            died_on=day(died_on),
            cancelled_on=day(desk.clock.today()),
        )
        return desk.send(DEPARTMENT, "death_registered", message, person["id_number"])


def withdraw_death(desk: Desk, form: WithdrawDeath) -> SentEvent:
    person = desk.person(form.id_number)
    if not person["died_on"]:
        raise Conflict("此人没有死亡登记，无需恢复。")
    with desk.store.transaction():
        desk.store.run("UPDATE person SET died_on = NULL WHERE id_number = ?", person["id_number"])
        message = DeathWithdrawn(
            id_number=person["id_number"],
            name=person["name"],
            restored_on=day(desk.clock.today()),
            reason="误登",
        )
        return desk.send(DEPARTMENT, "death_withdrawn", message, person["id_number"])


ACTIONS = (
    Action(DEPARTMENT, "register-birth", "为其新生儿办理出生登记", "person", RegisterBirth, register_birth),
    Action(DEPARTMENT, "move-household", "办理户口迁移", "person", MoveHousehold, move_household),
    Action(DEPARTMENT, "register-death", "办理死亡注销", "person", RegisterDeath, register_death),
    Action(DEPARTMENT, "withdraw-death", "恢复户口（误登死亡）", "person", WithdrawDeath, withdraw_death),
)
