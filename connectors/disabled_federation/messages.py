"""What the disabled persons' federation (残联) sends: certificates issued and cancelled.

The certificate number is the id number followed by category and level, so it is as private as the id number.
"""

from typing import Annotated

import msgspec

from connectors.wire import Code, Day, PersonName

CertificateNumber = Annotated[str, msgspec.Meta(pattern=r"^\d{17}[\dX][1-7][1-4](B[1-9])?\Z")]


class CertificateIssued(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """残疾人证核发: categories 1 视力 … 7 多重, levels 1 (heaviest) to 4 (GB/T 26341)."""

    certificate_number: CertificateNumber = msgspec.field(name="cjrzh")
    name: PersonName = msgspec.field(name="xm")
    category: Code = msgspec.field(name="cjlb")
    level: Code = msgspec.field(name="cjdj")
    issued_on: Day = msgspec.field(name="fzrq")
    valid_until: Day = msgspec.field(name="yxqz")


class CertificateCancelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """残疾人证注销: reasons 1 死亡, 2 复评不符合, 3 本人申请, 9 其他."""

    certificate_number: CertificateNumber = msgspec.field(name="cjrzh")
    name: PersonName = msgspec.field(name="xm")
    cancelled_on: Day = msgspec.field(name="zxrq")
    reason: Code = msgspec.field(name="zxyy")
