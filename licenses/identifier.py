"""The national identifier of an e-licence (电子证照标识): ``1.2.156.3005.2.type.issuer.serial.version.check``."""

import re

import msgspec

from kernel.errors import FieldError, InvalidInput

ROOT = "1.2.156.3005.2"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_TYPE = re.compile(r"[0-9A-Z]{21}")
_ISSUER_STRICT = re.compile(r"[0-9A-Z]{18}")
_ISSUER_LENIENT = re.compile(r"[0-9A-Z]{6,21}")
_SERIAL = re.compile(r"[0-9A-Z]{7,32}")
_VERSION = re.compile(r"(?!000)[0-9]{3}")


class LicenceIdentifier(msgspec.Struct, frozen=True):
    """One licence for ever; a renewal or change raises ``version`` and keeps the rest."""

    type_code: str
    issuer: str
    serial: str
    version: str = "001"

    def __str__(self) -> str:
        body = f"{self.type_code}.{self.issuer}.{self.serial}.{self.version}"
        return f"{ROOT}.{body}.{check_character(body.replace('.', ''))}"

    def next_version(self) -> "LicenceIdentifier":
        return msgspec.structs.replace(self, version=f"{int(self.version) + 1:03d}")


def check_character(text: str) -> str:
    """ISO 7064 MOD 37,36 (hybrid) over digits and capital letters; root and dots are not part of it."""
    product = 36
    for character in text:
        total = (product + _VALUES[character]) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def parse_identifier(text: str, *, is_strict: bool = True) -> LicenceIdentifier:
    """Read an identifier, with or without its root. Strict wants an 18-character issuer (a USCC); lenient what is seen.

    Raises ``InvalidInput`` that says which part is wrong.
    """
    compact = "".join(text.split()).upper().removeprefix(ROOT + ".")
    parts = compact.split(".")
    if len(parts) != 5:
        raise _refusal("证照标识应由类型、颁发机构、流水号、版本号和校验位五段组成")
    type_code, issuer, serial, version, check = parts
    issuer_shape = _ISSUER_STRICT if is_strict else _ISSUER_LENIENT
    for shape, part, name in (
        (_TYPE, type_code, "证照类型代码（21位）"),
        (issuer_shape, issuer, "颁发机构代码（18位）"),
        (_SERIAL, serial, "流水号（7至32位）"),
        (_VERSION, version, "版本号（001起的3位数字）"),
    ):
        if not shape.fullmatch(part):
            raise _refusal(f"{name}不符合规则")
    if check != check_character(type_code + issuer + serial + version):
        raise _refusal("校验位不符，可能有一位抄错")
    return LicenceIdentifier(type_code, issuer, serial, version)


def _refusal(what: str) -> InvalidInput:
    mend = "请对照证照上的标识逐位核对"
    return InvalidInput(f"{what}。{mend}。", errors=[FieldError("identifier", what, mend)])
