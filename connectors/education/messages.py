"""What education (教育) sends: pupils and students enrolled and left, hardship recognised, state student loans."""

import msgspec

from connectors.wire import Code, Day, IdNumber, Number, PersonName


class StudentEnrolled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """学籍登记: stage 01 学前 … 08 研究生; ``yjbyrq`` the day on which this stage is expected to end."""

    id_number: IdNumber = msgspec.field(name="sfzjh")
    name: PersonName = msgspec.field(name="xm")
    student_number: Number = msgspec.field(name="xjh")
    school: PersonName = msgspec.field(name="xxmc")
    stage: Code = msgspec.field(name="xd")
    enrolled_on: Day = msgspec.field(name="rxrq")
    graduates_on: Day = msgspec.field(name="yjbyrq")


class StudentLeft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """学籍终止: reason 1 毕业, 2 退学, 3 转出本市."""

    id_number: IdNumber = msgspec.field(name="sfzjh")
    name: PersonName = msgspec.field(name="xm")
    student_number: Number = msgspec.field(name="xjh")
    reason: Code = msgspec.field(name="lxyy")
    left_on: Day = msgspec.field(name="lxrq")


class HardshipRecognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """家庭经济困难学生认定, for one school year: 0 不困难, 1 一般困难, 2 困难, 3 特别困难."""

    id_number: IdNumber = msgspec.field(name="sfzjh")
    name: PersonName = msgspec.field(name="xm")
    student_number: Number = msgspec.field(name="xjh")
    level: Code = msgspec.field(name="kndj")
    recognised_on: Day = msgspec.field(name="rdrq")
    valid_until: Day = msgspec.field(name="yxqz")


class StudentLoanReported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """国家助学贷款: state 1 在贷, 0 结清."""

    id_number: IdNumber = msgspec.field(name="sfzjh")
    name: PersonName = msgspec.field(name="xm")
    contract_number: Number = msgspec.field(name="htbh")
    is_open: Code = msgspec.field(name="dkzt")
    reported_on: Day = msgspec.field(name="djrq")
