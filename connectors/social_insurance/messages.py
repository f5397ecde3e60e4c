"""What human resources and social security (人社) sends: unemployment, hires, skills, premiums, layoffs.

Field names follow the letter-and-number style of its data sets (aac002 the person's number, aac003 the name,
aab998 the employer's credit code, aab004 the employer's name).
"""

from typing import Annotated

import msgspec

from connectors.wire import Code, Count, Day, FirmName, IdNumber, Number, Percent, PersonName, Uscc, Yuan

Year = Annotated[int, msgspec.Meta(ge=2000, le=2100)]


class UnemploymentRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """失业登记: reason 1 本人意愿, 2 非本人意愿; ``aae201`` months of unemployment premium paid in all."""

    id_number: IdNumber = msgspec.field(name="aac002")
    name: PersonName = msgspec.field(name="aac003")
    registration_number: Number = msgspec.field(name="ajc001")
    unemployed_on: Day = msgspec.field(name="ajc090")
    registered_on: Day = msgspec.field(name="aae036")
    reason: Code = msgspec.field(name="ajc093")
    seeks_job: Code = msgspec.field(name="aca111")
    premium_months: Count = msgspec.field(name="aae201")
    claimed_months: Count = msgspec.field(name="ajc051")


class UnemploymentEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """失业登记注销: reason 1 企业就业, 2 灵活就业, 3 退休, 9 其他."""

    id_number: IdNumber = msgspec.field(name="aac002")
    name: PersonName = msgspec.field(name="aac003")
    registration_number: Number = msgspec.field(name="ajc001")
    ended_on: Day = msgspec.field(name="aae031")
    reason: Code = msgspec.field(name="ajc094")


class HireRecorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """就业登记: whom a firm hired; ``aac012`` 00 其他, 10 毕业年度, 11 离校两年内, 20 脱贫人口, 30 退役军人."""

    record_number: Number = msgspec.field(name="acc0m1")
    id_number: IdNumber = msgspec.field(name="aac002")
    name: PersonName = msgspec.field(name="aac003")
    uscc: Uscc = msgspec.field(name="aab998")
    firm_name: FirmName = msgspec.field(name="aab004")
    category: Code = msgspec.field(name="aac012")
    discharged_on: Day | None = msgspec.field(name="aac0b5")
    contract_from: Day = msgspec.field(name="aae030")
    contract_months: Count = msgspec.field(name="acb205")
    premium_months: Count = msgspec.field(name="aae201")


class HireEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """解除或终止劳动关系."""

    record_number: Number = msgspec.field(name="acc0m1")
    id_number: IdNumber = msgspec.field(name="aac002")
    name: PersonName = msgspec.field(name="aac003")
    uscc: Uscc = msgspec.field(name="aab998")
    firm_name: FirmName = msgspec.field(name="aab004")
    ended_on: Day = msgspec.field(name="aae031")


class SkillCertificateIssued(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """职业技能等级证书: 5 初级工, 4 中级工, 3 高级工, 2 技师, 1 高级技师."""

    id_number: IdNumber = msgspec.field(name="aac002")
    name: PersonName = msgspec.field(name="aac003")
    certificate_number: Number = msgspec.field(name="ahc010")
    occupation: str = msgspec.field(name="aca112")
    level: Code = msgspec.field(name="aac015")
    issued_on: Day = msgspec.field(name="aae043")


class HardToEmployRecognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """就业困难人员认定; ``sfyx`` 1 recognised, 0 withdrawn."""

    id_number: IdNumber = msgspec.field(name="aac002")
    name: PersonName = msgspec.field(name="aac003")
    is_valid: Code = msgspec.field(name="sfyx")
    decided_on: Day = msgspec.field(name="aae036")


class PremiumPosted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """个人缴费到账: months of unemployment premium paid in all, as of a day."""

    id_number: IdNumber = msgspec.field(name="aac002")
    name: PersonName = msgspec.field(name="aac003")
    premium_months: Count = msgspec.field(name="aae201")
    as_of: Day = msgspec.field(name="aae042")


class FirmPremiumSettled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """单位年度缴费核定: what a firm and its staff paid to the unemployment fund in a year."""

    uscc: Uscc = msgspec.field(name="aab998")
    firm_name: FirmName = msgspec.field(name="aab004")
    year: Year = msgspec.field(name="aae001")
    insured_employees: Count = msgspec.field(name="aab030")
    premium_months: Count = msgspec.field(name="aae201")
    premium_paid: Yuan = msgspec.field(name="aae180")
    settled_on: Day = msgspec.field(name="aae042")


class LayoffsReported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """上年度裁员情况: the rate of layoffs in per cent, with the number insured."""

    uscc: Uscc = msgspec.field(name="aab998")
    firm_name: FirmName = msgspec.field(name="aab004")
    year: Year = msgspec.field(name="aae001")
    insured_employees: Count = msgspec.field(name="aab030")
    layoff_rate: Percent = msgspec.field(name="ajb110")
    reported_on: Day = msgspec.field(name="aae036")
