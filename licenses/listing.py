"""The catalogue as anyone may read it: data sets with publishers, versions of their fields, and terms of sharing."""

from datetime import date
from typing import Literal

import msgspec

from licenses.catalogue import LicenceField, Purpose, licence_types
from licenses.trust import trust_list


class Publisher(msgspec.Struct, frozen=True):
    """An authority that issues the type, by its code."""

    code: str
    name: str
    label_en: str
    since: date
    until: date | None


class ListedVersion(msgspec.Struct, frozen=True):
    number: int
    since: date
    fields: tuple[LicenceField, ...]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One data set; the names are those of DCAT 3 where it has one."""

    identifier: str
    title: str
    title_en: str
    code: str
    code_standing: Literal["official", "demonstration"]
    creator: str
    publishers: list[Publisher]
    holder: str
    access_rights: str
    is_confirmed_by_holder: bool
    offline_hours: int
    shown_to: dict[Purpose, tuple[str, ...]]
    versions: list[ListedVersion]


class CatalogueListing(msgspec.Struct, frozen=True):
    title: str
    datasets: list[Listed]


def listing() -> CatalogueListing:
    """All types with the issuers on the trust list."""
    return CatalogueListing("黄石市电子证照目录", [_listed(type_id) for type_id in licence_types()])


def _listed(type_id: str) -> Listed:
    kind = licence_types()[type_id]
    publishers = [
        Publisher(one.code, one.name, one.label_en, one.types[type_id].since, one.types[type_id].until)
        for one in trust_list().authorities
        if type_id in one.types
    ]
    return Listed(
        identifier=kind.id,
        title=kind.name,
        title_en=kind.label_en,
        code=kind.code,
        code_standing=kind.code_standing,
        creator=kind.defined_by.name,
        publishers=publishers,
        holder=kind.holder,
        access_rights=kind.sharing,
        is_confirmed_by_holder=kind.asks_holder,
        offline_hours=kind.offline_hours,
        shown_to=kind.disclosures,
        versions=[ListedVersion(one.number, one.since, one.fields) for one in kind.versions],
    )
