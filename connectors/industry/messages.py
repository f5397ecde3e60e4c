"""What industry and information technology (经信) sends: size, specialities, being above scale, green factories."""

from typing import Annotated

import msgspec

from connectors.wire import Code, Day, FirmName, Number, Uscc

Year = Annotated[int, msgspec.Meta(ge=1990, le=2100)]


class FirmSized(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """中小企业划型: 1 大型, 2 中型, 3 小型, 4 微型."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    size: Code = msgspec.field(name="qygm")
    decided_on: Day = msgspec.field(name="hxrq")


class SpecialityRecognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """专精特新认定, valid three years: 1 专精特新中小企业, 2 小巨人企业; 0 withdrawn."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    document_number: Number = msgspec.field(name="wjbh")
    level: Code = msgspec.field(name="rddj")
    recognised_on: Day = msgspec.field(name="rdrq")
    valid_until: Day = msgspec.field(name="yxqz")


class AboveScaleReported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """规上企业入库: state 1 在库, 0 退库; the year in which it first entered."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    is_above: Code = msgspec.field(name="zkzt")
    first_year: Year = msgspec.field(name="scrknd")
    reported_on: Day = msgspec.field(name="rkrq")


class GreenFactoryRecognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """绿色工厂认定: 1 省级, 2 国家级; 0 withdrawn."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    level: Code = msgspec.field(name="lsgcdj")
    recognised_on: Day = msgspec.field(name="rdrq")
