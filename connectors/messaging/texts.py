"""What a message outside the app may say: that something is waiting, and how to check that it is really from us.

Phones are read over shoulders and numbers are faked, so a text carries no benefit, amount, link, code or question
about an account. Only a number that 消息核验 confirms may stand in it.
"""

import re

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _

MOST_CHARACTERS = 140
_CHECK_NUMBER = re.compile(r"(?:核验编号|核验号|check number)[:： ]?\s*[0-9A-Z]{6,16}", re.IGNORECASE)
_FORBIDDEN = (
    (
        "link",
        re.compile(r"https?:|www\.|://|[A-Za-z0-9-]+\.(?:cn|com|net|org|gov|top|cc|me|io)\b", re.IGNORECASE),
    ),
    (
        "amount",
        re.compile(
            r"[¥￥$]|[0-9０-９〇零一二三四五六七八九十百千万]\s*(?:万)?\s*(?:元|块|圆|yuan|RMB)",
            re.IGNORECASE,
        ),
    ),
    ("code", re.compile(r"验证码|校验码|动态码|口令|密码|\bcode\b|password", re.IGNORECASE)),
    (
        "account",
        re.compile(r"银行卡|卡号|账号|账户|帐号|帐户|转账|汇款|存折|身份证|\baccount\b", re.IGNORECASE),
    ),
    (
        "benefit",
        re.compile(
            r"补贴|津贴|低保|特困|救助|补助|奖励|奖金|贴息|返还|失业|残疾|孤儿|高龄|育儿|待遇|保险金"
            r"|subsidy|allowance|grant|benefit",
            re.IGNORECASE,
        ),
    ),
    ("number", re.compile(r"[0-9０-９]{4,}")),
)
_MEND = N_("只写“有新消息，请打开东楚通查看”和核验编号")
_WHAT = {
    "link": N_("外发短信不得含链接"),
    "amount": N_("外发短信不得含金额"),
    "code": N_("外发短信不得含验证码或密码"),
    "account": N_("外发短信不得提及账号或证件"),
    "benefit": N_("外发短信不得写明待遇名称"),
    "number": N_("外发短信除核验编号外不得含长数字"),
}


def check_text(text: str) -> None:
    """Raises ``InvalidInput`` with every rule that ``text`` breaks."""
    bare = _CHECK_NUMBER.sub("", text)
    errors = [
        FieldError(where=f"text.{rule}", what=_WHAT[rule], mend=_MEND)
        for rule, pattern in _FORBIDDEN
        if pattern.search(bare)
    ]
    if not text.strip() or len(text) > MOST_CHARACTERS:
        errors.append(FieldError(where="text", what=N_("短信应为1至140个字"), mend=_MEND))
    if errors:
        raise InvalidInput(_("这条短信不能外发，请按说明改写。"), errors=errors)
