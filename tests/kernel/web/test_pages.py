"""The page engine: strict, escaping, in the reader's language, with everything a layout promises."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
import pytest

from kernel.i18n import CHINESE, ENGLISH
from kernel.web.live import link_in
from kernel.web.pages import Pages, Reader
from kernel.web.principal import Principal, SeatView

READER = Reader(CHINESE, False)
Render: TypeAlias = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Render:
    """Pages with one template of our own: `write(text)` renders it."""
    (tmp_path / "x").mkdir()

    def render(text: str, *, reader: Reader = READER, portal: str = "tong", **context: Any) -> str:
        (tmp_path / "x" / "page.html").write_text(text, encoding="utf-8")
        pages = Pages({"x": tmp_path}).for_portal(portal)
        return pages.render("x/page.html", reader=reader, **context)

    return render


def in_layout(layout: str, body: str = "") -> str:
    return (
        f'{{% extends "kernel/{layout}.html" %}}{{% block title %}}T{{% endblock %}}'
        f"{{% block main %}}{body}{{% endblock %}}"
    )


def principal(**changes: Any) -> Principal:
    values: dict[str, Any] = {
        "subject_id": 1,
        "name": "林晓",
        "capacity": "self",
        "acting_for": 1,
        "acting_for_name": "林晓",
        "seat": None,
        "scopes": frozenset(),
        "acr": "1",
        "client_id": "tong",
        "grant_id": uuid.UUID(int=1),
    }
    return Principal(**(values | changes))


def test_text_is_escaped(write: Render) -> None:
    assert write("{{ ui.card(name) }}", name="<script>").count("&lt;script&gt;") == 1


def test_a_forgotten_value_is_an_error(write: Render) -> None:
    with pytest.raises(jinja2.UndefinedError):
        write("{{ forgotten }}")


def test_an_unknown_icon_is_an_error(write: Render) -> None:
    with pytest.raises(KeyError):
        write("{{ icon('unicorn') }}")


def test_a_form_carries_the_token(write: Render) -> None:
    page = write("{% call ui.form('/x') %}{% endcall %}", csrf_token="abc")
    assert '<input type="hidden" name="csrf_token" value="abc">' in page


def test_the_token_of_one_page_is_gone_on_the_next(write: Render) -> None:
    write("{{ csrf_field() }}", csrf_token="abc")
    assert write("{{ csrf_field() }}") == ""


def test_a_get_form_carries_no_token(write: Render) -> None:
    assert "csrf" not in write("{% call ui.form('/x', 'get') %}{% endcall %}", csrf_token="abc")


def test_senior_mode_and_language_are_on_the_page(write: Render) -> None:
    page = write(in_layout("phone"), reader=Reader(ENGLISH, True))
    assert '<html lang="en" data-portal="tong" data-senior>' in page


def test_a_constant_is_said_in_each_readers_language(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ 16300|yuan(period='month') }}", encoding="utf-8")
    pages = Pages({"x": tmp_path})
    said = [pages.render("x/page.html", reader=Reader(locale, False)) for locale in (CHINESE, ENGLISH)]
    assert said == ["每月163元", "¥163 a month"]


def test_the_phone_has_five_tabs_and_marks_the_current_one(write: Render) -> None:
    page = write('{% set current_tab = "inbox" %}' + in_layout("phone"), unread_count=120)
    assert [name in page for name in ("首页", "办事", "卡包", "消息", "我的")] == [True] * 5
    assert '<a href="/tong/inbox" aria-current="page">' in page
    assert "99+" in page


@pytest.mark.parametrize(
    ("layout", "who", "seen"),
    [
        ("phone", principal(capacity="person", acting_for=2, acting_for_name="林桂兰"), "代 林桂兰 办理"),
        (
            "desk",
            principal(capacity="enterprise", acting_for_name="湖畔精密制造有限公司"),
            "湖畔精密制造有限公司",
        ),
        (
            "office",
            principal(
                capacity="seat",
                seat=SeatView(
                    id=1,
                    title="民政受理岗",
                    division="420203",
                    department="西塞山区民政局",
                    duties=frozenset(),
                ),
            ),
            "民政受理岗",
        ),
    ],
)
def test_the_capacity_one_acts_in_is_always_in_sight(
    write: Render, layout: str, who: Principal, seen: str
) -> None:
    assert seen in write(in_layout(layout), principal=who)


def test_a_page_says_demonstration_when_its_figures_are_not_official(write: Render) -> None:
    page = write(in_layout("phone"), is_demonstration=True)
    assert 'class="watermark"' in page
    assert "演示" in page
    assert "watermark" not in write(in_layout("phone"))


def test_nothing_on_a_page_needs_an_inline_script_or_style(write: Render) -> None:
    page = write(
        in_layout(
            "phone",
            "{{ ui.qr('x', 'label') }}{{ ui.progress(1, 2, 'p') }}{{ ui.chart_bar('t', [('a', 1)]) }}",
        )
    )
    assert "style=" not in page
    assert "<style" not in page
    assert "onclick" not in page
    assert page.count("<script") == page.count("<script src=")


def test_an_error_summary_leads_to_its_field(write: Render) -> None:
    page = write(
        "{{ ui.error_summary([{'where': 'phone', 'what': '要改'}]) }}{{ ui.form_field('phone', '手机', error='要改') }}"
    )
    assert '<a href="#f-phone">要改</a>' in page
    assert 'id="f-phone"' in page
    assert 'aria-describedby="f-phone-error"' in page
    assert 'aria-invalid="true"' in page


@pytest.mark.parametrize(
    ("state", "word"),
    [("eligible", "可享"), ("unknown", "还差"), ("near_miss", "差一步"), ("ineligible", "不符")],
)
def test_a_verdict_is_never_colour_alone(write: Render, state: str, word: str) -> None:
    page = write("{{ ui.verdict(state) }}", state=state)
    assert word in page
    assert "<svg" in page


def test_a_zero_in_a_clause_is_a_value(write: Render) -> None:
    assert '<span class="clause-value">0</span>' in write(
        "{{ ui.clause('每年至多一次', 'eligible', value=0) }}"
    )


def test_an_empty_table_says_so(write: Render) -> None:
    assert "这里还没有内容" in write("{{ ui.table('t', [{'key': 'a', 'label': 'A'}], []) }}")


def test_a_table_sorts_by_links(write: Render) -> None:
    page = write(
        "{{ ui.table('t', [{'key': 'a', 'label': 'A', 'is_sortable': true}], [{'a': 1}], sort='a', sort_href='?s={sort}') }}"
    )
    assert 'aria-sort="ascending"' in page
    assert 'href="?s=-a"' in page


@pytest.mark.parametrize(
    ("portal", "link", "address"),
    [
        ("tong", "/claims/1", "/tong/claims/1"),
        ("rongtong", "/claims/1", "/rongtong/claims/1"),
        ("zhengtong", "/claims/1", "/tong/claims/1"),  # an official as a person: not the file at a desk
        ("zhengtong", "/zhengtong/scan", "/zhengtong/scan"),
        ("rongtong", "/identity/security", "/identity/security"),
        ("tong", None, None),
    ],
)
def test_a_message_leads_to_a_page_that_is_there(portal: str, link: str | None, address: str | None) -> None:
    assert link_in(portal, link) == address
