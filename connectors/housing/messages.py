"""What housing and the property register (住建、不动产) send: purchases, what is owned, leases, the waiting list."""

from typing import Annotated

import msgspec

from connectors.wire import Code, Count, Day, FirmName, IdNumber, Number, PersonName, Uscc

#: Square metres in text, as a property certificate states them.
Area = Annotated[str, msgspec.Meta(pattern=r"^\d{1,6}(\.\d{1,2})?\Z")]


class HomeRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """不动产转移登记: ``zyzmj`` is what the household owns in all afterwards, in whole square metres."""

    id_number: IdNumber = msgspec.field(name="qlrzjh")
    name: PersonName = msgspec.field(name="qlrmc")
    certificate_number: Number = msgspec.field(name="bdcqzh")
    kind: Code = msgspec.field(name="fwlx")
    place: Code = msgspec.field(name="fwwz")
    rank: Count = msgspec.field(name="tc")
    area: Area = msgspec.field(name="jzmj")
    owned_area: Count = msgspec.field(name="zyzmj")
    is_swap: Code = msgspec.field(name="sfhg")
    bought_on: Day = msgspec.field(name="wqrq")
    registered_on: Day = msgspec.field(name="djrq")


class LeaseFiled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """房屋租赁登记备案: state 1 在租, 0 终止."""

    id_number: IdNumber = msgspec.field(name="czrzjh")
    name: PersonName = msgspec.field(name="czrmc")
    filing_number: Number = msgspec.field(name="babh")
    is_running: Code = msgspec.field(name="zlzt")
    since_on: Day = msgspec.field(name="qsrq")
    until_on: Day = msgspec.field(name="zzrq")


class PublicRentalQueued(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """公租房轮候: state 1 轮候, 0 退出 (housed or withdrawn)."""

    id_number: IdNumber = msgspec.field(name="sqrzjh")
    name: PersonName = msgspec.field(name="sqrxm")
    queue_number: Number = msgspec.field(name="lhbh")
    is_waiting: Code = msgspec.field(name="lhzt")
    decided_on: Day = msgspec.field(name="jdrq")


class HomesBrokered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """经纪机构二手房成交: how many in the year so far."""

    uscc: Uscc = msgspec.field(name="tyshxydm")
    name: FirmName = msgspec.field(name="jgmc")
    homes: Count = msgspec.field(name="cjts")
    as_of: Day = msgspec.field(name="tjrq")
