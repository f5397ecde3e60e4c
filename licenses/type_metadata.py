"""What a wallet or a foreign verifier reads of a licence type: SD-JWT VC Type Metadata, at the address that is its ``vct``."""

import base64
import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from licenses.catalogue import LicenceType, licence_types

CHINESE, ENGLISH = "zh-CN", "en"
_BACKGROUND, _TEXT = "#0b5cad", "#ffffff"


class CommonClaim(NamedTuple):
    """What every copy in a wallet says besides the fields of its type; each can be withheld."""

    id: str
    name: str
    label_en: str


HOLDER_NAME = CommonClaim("holder_name", "持有人", "Holder")
COMMON_CLAIMS = (
    HOLDER_NAME,
    CommonClaim("licence_number", "证照编号", "Licence number"),
    CommonClaim("licence_identifier", "证照标识", "Licence identifier"),
    CommonClaim("issued_on", "颁发日期", "Issued on"),
)
#: Never withheld: which authority it is that the trust list is asked about.
AUTHORITY_CLAIM = "issuing_authority"


def type_uri(base_url: str, kind: LicenceType, version: int) -> str:
    return f"{base_url}/licenses/types/{kind.id}/{version}"


def type_claims(base_url: str, kind: LicenceType, version: int) -> dict[str, str]:
    """``vct`` and the digest of the document it leads to."""
    digest = hashlib.sha256(type_document(base_url, kind.id, version)).digest()
    return {
        "vct": type_uri(base_url, kind, version),
        "vct#integrity": f"sha256-{base64.b64encode(digest).decode()}",
    }


@lru_cache(maxsize=256)
def type_document(base_url: str, type_id: str, version: int) -> bytes:
    """The document, byte for byte always the same: credentials carry its digest."""
    kind = licence_types()[type_id]
    document = {
        "vct": type_uri(base_url, kind, version),
        "name": kind.label_en,
        "description": f"{kind.name}, defined by {kind.defined_by.label_en}",
        "display": [_display(CHINESE, kind.name), _display(ENGLISH, kind.label_en)],
        "claims": [
            *(
                {
                    "path": [field.id],
                    "display": labels(field.name, field.label_en),
                    "mandatory": field.is_required,
                    "sd": "always",
                }
                for field in kind.fields_of(version)
            ),
            *(
                {"path": [one.id], "display": labels(one.name, one.label_en), "sd": "always"}
                for one in COMMON_CLAIMS
            ),
            {"path": [AUTHORITY_CLAIM], "display": labels("颁发机构", "Issuing authority"), "sd": "never"},
        ],
    }
    return msgspec.json.encode(document)


def labels(name: str, label_en: str) -> list[dict[str, str]]:
    return [{"locale": CHINESE, "label": name}, {"locale": ENGLISH, "label": label_en}]


def _display(locale: str, name: str) -> dict[str, Any]:
    simple = {"background_color": _BACKGROUND, "text_color": _TEXT}
    return {"locale": locale, "name": name, "rendering": {"simple": simple}}
