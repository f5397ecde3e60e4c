"""What market regulation (市场监管) sends: firms registered, their legal representatives, their standing."""

import msgspec

from connectors.wire import Code, Day, Division, FirmName, IdNumber, PersonName, Uscc


class FirmRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """设立登记: kind of firm by ``qylx``, industry by letter and digits of GB/T 4754."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    kind: Code = msgspec.field(name="qylx")
    industry: Code = msgspec.field(name="hydm")
    size: Code = msgspec.field(name="qygm")
    division: Division = msgspec.field(name="zcdxzqh")
    established_on: Day = msgspec.field(name="clrq")
    representative_id_number: IdNumber = msgspec.field(name="fddbrsfzh")
    representative_name: PersonName = msgspec.field(name="fddbrxm")


class LegalRepresentativeChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """法定代表人变更: grants given by the former one end, claims and money do not."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    former_id_number: IdNumber | None = msgspec.field(name="yfddbrsfzh")
    former_name: PersonName | None = msgspec.field(name="yfddbrxm")
    representative_id_number: IdNumber = msgspec.field(name="fddbrsfzh")
    representative_name: PersonName = msgspec.field(name="fddbrxm")
    changed_on: Day = msgspec.field(name="bgrq")


class FirmStandingChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """经营状态变更: 1 存续, 2 经营异常, 3 吊销, 4 注销."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="qymc")
    standing: Code = msgspec.field(name="jyzt")
    changed_on: Day = msgspec.field(name="bgrq")


class RepresentativeQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """法定代表人核验请求."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    id_number: IdNumber = msgspec.field(name="fddbrsfzh")


class RepresentativeAnswer(msgspec.Struct, frozen=True):
    is_match: bool = msgspec.field(name="hcjg")


class FirmQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """企业基本信息查询请求."""

    uscc: Uscc = msgspec.field(name="tyshxydm")


class FirmAnswer(msgspec.Struct, frozen=True):
    """What the register publishes of a firm; ``is_found`` false and the rest empty for an unknown one."""

    is_found: bool = msgspec.field(name="cxjg")
    name: str = msgspec.field(name="qymc", default="")
    kind: str = msgspec.field(name="qylx", default="")
    standing: str = msgspec.field(name="jyzt", default="")
    head_office: str | None = msgspec.field(name="zgstyshxydm", default=None)
