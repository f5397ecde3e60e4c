"""What the science and technology bureau (科技) sends: high-technology firms, technology-based small firms."""

import msgspec

from connectors.wire import Code, Count, Day, FirmName, Number, Uscc


class HiTechRecognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """高新技术企业认定: valid three years; ``rdcs`` counts this recognition (1 = the first)."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    certificate_number: Number = msgspec.field(name="zsbh")
    recognised_on: Day = msgspec.field(name="rdrq")
    valid_until: Day = msgspec.field(name="yxqz")
    times_recognised: Count = msgspec.field(name="rdcs")


class HiTechRevoked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """高新技术企业资格取消."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    certificate_number: Number = msgspec.field(name="zsbh")
    revoked_on: Day = msgspec.field(name="qxrq")
    reason: Code = msgspec.field(name="qxyy")


class TechnologySmeListed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """科技型中小企业入库, anew each year: state 1 入库, 0 撤销."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    list_number: Number = msgspec.field(name="rkdjbh")
    is_listed: Code = msgspec.field(name="rkzt")
    listed_on: Day = msgspec.field(name="rkrq")
    valid_until: Day = msgspec.field(name="yxqz")
