"""The reasons for which a bank may decline: data (``reasons.yaml``), so that they can be counted and read."""

from functools import cache
from pathlib import Path

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, and what the firm can do about it."""

    code: str
    zh: str
    en: str
    mend_zh: str
    mend_en: str

    @property
    def text(self) -> str:
        return self.en if current_locale() == ENGLISH else self.zh

    @property
    def mend(self) -> str:
        return self.mend_en if current_locale() == ENGLISH else self.mend_zh


@cache
def reasons() -> dict[str, Reason]:
    """By code, in the order of the file."""
    text = Path(__file__).with_name("reasons.yaml").read_bytes()
    return {one.code: one for one in msgspec.yaml.decode(text, type=list[Reason])}


def checked_reason(code: str, note: str) -> tuple[str, str]:
    """The code and the words of a decline. Raises ``InvalidInput`` without a known code, or "other" without words."""
    words = note.strip()
    if code not in reasons():
        what = _("请从列表中选择一个原因：%(codes)s", codes="、".join(one.zh for one in reasons().values()))
        raise InvalidInput(_("没有说明未批准的原因，请选择。"), errors=[FieldError("reason_code", what)])
    if code == "other" and not words:
        raise InvalidInput(
            _("选择“其他原因”时，请写明具体原因，企业要能看懂。"),
            errors=[FieldError("note", _("请写明具体原因"))],
        )
    return code, words[:500]
