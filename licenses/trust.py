"""The trust list: which authority may issue which licences, since when, and whose seats seal for it."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import msgspec

from kernel.errors import Forbidden
from kernel.i18n import Named
from kernel.web.principal import Principal
from licenses.catalogue import LicenceType

ISSUING_DUTY = "licence.issue"
LIST = Path(__file__).parent / "trust_list.yaml"
_CONNECTOR = "connector:"


class Mandate(msgspec.Struct, frozen=True):
    """From when to when an authority issues a type."""

    since: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """An issuing authority 颁发机构; ``departments`` are those whose seats may use its seal."""

    code: str
    name: str
    label_en: str
    division: str
    departments: tuple[str, ...]
    types: dict[str, Mandate]

    @property
    def named(self) -> Named:
        return Named(self.name, self.label_en)


class TrustList(msgspec.Struct, frozen=True):
    """Asked at every issue and at every verification."""

    authorities: tuple[Authority, ...]

    def find(self, code: str) -> Authority | None:
        return next((one for one in self.authorities if one.code == code), None)

    def is_trusted(self, code: str, type_id: str, day: date) -> bool:
        """Whether this issuer's licences of this type, signed on this day, count."""
        authority = self.find(code)
        mandate = None if authority is None else authority.types.get(type_id)
        return mandate is not None and mandate.covers(day)


@cache
def trust_list() -> TrustList:
    """The list that is in force."""
    return msgspec.yaml.decode(LIST.read_bytes(), type=TrustList)


def authority_named(code: str) -> Authority:
    """For showing: an authority that has left the list is still named by its code."""
    unknown: Mapping[str, Mandate] = {}
    return trust_list().find(code) or Authority(
        code=code, name=code, label_en=code, division="", departments=(), types=dict(unknown)
    )


def require_may_issue(actor: Principal | str, kind: LicenceType, issuer: str, day: date) -> None:
    """A seat with the duty, in a department that seals for a trusted issuer whose area lies within the seat's; a
    connector for its own department's types only. Raises ``Forbidden`` that says which of these is missing."""
    authority = trust_list().find(issuer)
    if authority is None or not trust_list().is_trusted(issuer, kind.id, day):
        raise Forbidden("这个机构不在这种证照的颁发机构名录中，不能签发。")
    if isinstance(actor, str):
        if actor.startswith(_CONNECTOR) and actor.removeprefix(_CONNECTOR) != kind.department:
            raise Forbidden("这个部门不管理这种证照。")
        return
    if actor.seat is None or not actor.has_duty(ISSUING_DUTY):
        raise Forbidden("您的席位没有签发或变更证照的职责。")
    if kind.is_reference:
        raise Forbidden("这种证照由上级机关签发，本市只引用，不能在这里办理。")
    if actor.seat.department not in authority.departments:
        raise Forbidden("您所在的部门不能使用这个颁发机构的印章。")
    if not _encloses(actor.seat.division, authority.division):
        raise Forbidden("这个颁发机构不在您席位的辖区内。")


def _encloses(outer: str, inner: str) -> bool:
    """Two digits a level: a division encloses every code that begins with its own without trailing zero pairs."""
    while outer.endswith("00"):
        outer = outer[:-2]
    return inner.startswith(outer)
