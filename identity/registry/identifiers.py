"""The numbers by which the outside world knows a subject: normalised, checked, and masked."""

import re
import unicodedata
from datetime import date
from typing import Literal

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import N_

IdentifierKind = Literal[
    "id_number",  # 公民身份号码, GB 11643; residence permits of 港澳台 (81-83) and of foreigners (9…) have its shape
    "uscc",  # 统一社会信用代码, GB 32100
    "firm_registration",  # the 15-digit number of business before 2015
    "household_number",  # 户号
    "birth_certificate",  # 出生医学证明编号: all that a newborn has before it is registered
    "other",
]

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_USCC_SHAPE = re.compile(rf"[{_USCC_ALPHABET}]{{2}}\d{{6}}[{_USCC_ALPHABET}]{{10}}")

_CERTIFICATE = re.compile(r"(\d{17}[\dX])[1-7][1-4](?:B[1-9])?")


def id_check_character(first_17: str) -> str:
    """The last character of a citizen's number (GB 11643-1999 §4.4, ISO 7064 MOD 11-2)."""
    return _ID_CHECK[
        sum(int(digit) * weight for digit, weight in zip(first_17, _ID_WEIGHTS, strict=True)) % 11
    ]


def uscc_check_character(first_17: str) -> str:
    """The last character of a unified social credit code (GB 32100-2015 §5.5, MOD 31)."""
    total = sum(
        _USCC_ALPHABET.index(char) * weight for char, weight in zip(first_17, _USCC_WEIGHTS, strict=True)
    )
    return _USCC_ALPHABET[-total % 31]


def normalise(kind: IdentifierKind, text: str) -> str:
    """One spelling per number: width and case folded, blanks gone, a 15-digit number widened to today's 18 places.

    Raises ``InvalidInput`` with the place and the way to mend it.
    """
    compact = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if kind == "id_number":
        return _checked_id_number(compact)
    if kind == "uscc":
        return _checked_uscc(compact)
    if kind == "firm_registration" and not re.fullmatch(r"[0-9]{15}", compact):
        raise _refusal(N_("工商注册号应为15位数字"), N_("请对照旧版营业执照核对，或改填18位统一社会信用代码"))
    if not compact or len(compact) > 40 or not compact.isprintable():
        raise _refusal(N_("号码为空或过长"), N_("请填写1至40个字符"))
    return compact


def warnings_for(kind: IdentifierKind, normalised: str) -> list[str]:
    """What is odd about a number but no reason to refuse it: codes from before the standard fail its check digit."""
    if kind == "uscc" and uscc_check_character(normalised[:17]) != normalised[17]:
        return [N_("统一社会信用代码的校验位不符，可能是早期赋码，请与登记机关核对")]
    return []


def mask(identifier: str) -> str:
    """Enough to recognise one's own number, too little to use another's.

    A disability certificate's number is the id number with kind and level behind it, which nobody need read there.
    """
    certificate = _CERTIFICATE.fullmatch(identifier)
    if certificate:
        return mask(certificate[1]) + "*" * (len(identifier) - 18)
    if len(identifier) <= 4:
        return "*" * len(identifier)
    head, tail = (4, 4) if len(identifier) >= 15 else (1, 2)
    return identifier[:head] + "*" * (len(identifier) - head - tail) + identifier[-tail:]


def mask_name(name: str) -> str:
    """A personal name with all but its last character covered, as counters print it."""
    return "*" * (len(name) - 1) + name[-1:]


def birth_date_of(id_number: str) -> date:
    """The date written into a normalised citizen's number."""
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def _checked_id_number(text: str) -> str:
    if re.fullmatch(r"[0-9]{15}", text):
        first_17 = f"{text[:6]}19{text[6:]}"
        text = first_17 + id_check_character(first_17)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        raise _refusal(N_("身份证号应为18位，末位可以是X"), N_("请对照证件逐位核对"))
    try:
        birth_date_of(text)
    except ValueError as error:
        raise _refusal(N_("身份证号第7至14位不是有效的出生日期"), N_("请对照证件核对")) from error
    if id_check_character(text[:17]) != text[17]:
        raise _refusal(N_("身份证号末位校验码不符"), N_("可能有一位输错，请对照证件逐位核对"))
    return text


def _checked_uscc(text: str) -> str:
    if not _USCC_SHAPE.fullmatch(text):
        raise _refusal(
            N_("统一社会信用代码应为18位数字和大写字母（不含I、O、S、V、Z）"), N_("请对照营业执照核对")
        )
    return text


def _refusal(what: str, mend: str) -> InvalidInput:
    return InvalidInput(
        "填写的内容有误，请按提示修改。", errors=[FieldError(where="identifier", what=what, mend=mend)]
    )
