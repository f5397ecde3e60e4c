"""What public security (公安) sends: births entered in the household register, moves, deaths.

Field names are the pinyin initials its interfaces use; sex and register codes are those of GB/T 2261.1 and of
the register's own table.
"""

import msgspec

from connectors.wire import Code, Day, Division, IdNumber, Number, PersonName


class BirthRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """出生登记: a child entered in the household register receives an id number."""

    child_id_number: IdNumber = msgspec.field(name="gmsfhm")
    child_name: PersonName = msgspec.field(name="xm")
    sex_code: Code = msgspec.field(name="xbdm")
    born_on: Day = msgspec.field(name="csrq")
    mother_id_number: IdNumber | None = msgspec.field(name="mqgmsfhm")
    mother_name: PersonName | None = msgspec.field(name="mqxm")
    father_id_number: IdNumber | None = msgspec.field(name="fqgmsfhm")
    father_name: PersonName | None = msgspec.field(name="fqxm")
    birth_certificate: Number | None = msgspec.field(name="cszmbh")
    household_number: Number | None = msgspec.field(name="hh")
    division: Division = msgspec.field(name="hjxzqh")
    register_kind: Code = msgspec.field(name="hklbdm")
    #: What the health commission told the register: 1 lawful, 0 not; null when it has not said.
    is_lawful: Code | None = msgspec.field(name="fhfdsy")
    registered_on: Day = msgspec.field(name="djrq")


class HouseholdMoved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """户口迁移: a person joins another household of the register, perhaps in another division."""

    id_number: IdNumber = msgspec.field(name="gmsfhm")
    name: PersonName = msgspec.field(name="xm")
    household_number: Number = msgspec.field(name="qrhh")
    joined_member_id_number: IdNumber | None = msgspec.field(name="qrhzgmsfhm")
    division: Division = msgspec.field(name="qrxzqh")
    register_kind: Code = msgspec.field(name="hklbdm")
    moved_on: Day = msgspec.field(name="qrrq")


class DeathRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """死亡注销: the register is closed for a person who died."""

    id_number: IdNumber = msgspec.field(name="gmsfhm")
    name: PersonName = msgspec.field(name="xm")
    died_on: Day = msgspec.field(name="swrq")
    cancelled_on: Day = msgspec.field(name="zxrq")


class DeathWithdrawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """恢复户口: a death was registered in error and the register is opened again."""

    id_number: IdNumber = msgspec.field(name="gmsfhm")
    name: PersonName = msgspec.field(name="xm")
    restored_on: Day = msgspec.field(name="hfrq")
    reason: str = msgspec.field(name="hfyy")


class IdentityQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """实名核验请求."""

    id_number: IdNumber = msgspec.field(name="gmsfhm")
    name: PersonName = msgspec.field(name="xm")


class IdentityAnswer(msgspec.Struct, frozen=True):
    """``hcjg`` true only when name and number are of one living person."""

    is_match: bool = msgspec.field(name="hcjg")


class FaceOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """人脸核验下单: the person is led to public security's own page; no picture ever passes through the asker."""

    id_number: IdNumber = msgspec.field(name="gmsfhm")
    name: PersonName = msgspec.field(name="xm")
    return_to: str = msgspec.field(name="fhdz")


class FaceSession(msgspec.Struct, frozen=True):
    number: Number = msgspec.field(name="lsh")
    address: str = msgspec.field(name="hydz")


class FaceQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Number = msgspec.field(name="lsh")


class FaceAnswer(msgspec.Struct, frozen=True):
    """``hyjg``: 1 the living person before the camera is the one named, 0 not, 9 not done."""

    outcome: Code = msgspec.field(name="hyjg")
    reference: Number | None = msgspec.field(name="hybh", default=None)
