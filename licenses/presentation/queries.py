"""DCQL (OpenID4VP §6) out of a whitelist: whoever asks names a purpose, and what is asked of the wallet follows from it. Pure."""

from collections.abc import Collection, Sequence
from typing import Any

from licenses.catalogue import LicenceType, Purpose
from licenses.credential import TYPE
from licenses.type_metadata import HOLDER_NAME, type_uri

#: The id of the one credential that a request asks for.
QUERY_ID = "licence"


def for_purpose(kind: LicenceType, purpose: Purpose) -> tuple[str, ...]:
    """The claims that this purpose sees of a type; a counter and the police also see whose it is."""
    named = () if purpose == "anyone" else (HOLDER_NAME.id,)
    return (*named, *kind.disclosures[purpose])


def query(
    base_url: str, kind: LicenceType, claims: Sequence[str], *, authority_keys: Collection[str]
) -> dict[str, Any]:
    """Exactly these claims of one licence of any version of this type, signed under one of these authorities.

    Claims that not every licence has may be missing: a second set asks for the others alone (§6.4.1).
    """
    asked: dict[str, Any] = {
        "id": QUERY_ID,
        "format": TYPE,
        "meta": {"vct_values": [type_uri(base_url, kind, one.number) for one in reversed(kind.versions)]},
        "trusted_authorities": [{"type": "aki", "values": sorted(authority_keys)}],
    }
    if claims:
        asked["claims"] = [{"id": one, "path": [one]} for one in claims]
    needed = required(kind, claims)
    if needed and len(needed) < len(claims):
        asked["claim_sets"] = [list(claims), needed]
    return {"credentials": [asked]}


def required(kind: LicenceType, claims: Collection[str]) -> list[str]:
    """Those of the claims that every licence of the type has, whatever its version."""
    optional = {
        field.id for version in kind.versions for field in version.fields if not field.is_required
    } | {
        field.id
        for field in kind.fields
        if any(field.id not in {one.id for one in version.fields} for version in kind.versions)
    }
    return [one for one in claims if one not in optional]
