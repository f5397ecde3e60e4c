"""What the science and technology bureau (科技) sends: recognitions as a high-technology firm."""

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
