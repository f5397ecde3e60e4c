"""`/style`: every macro, live, in each layout: what the design system is judged by. Only a demonstration shows it."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, Final

from litestar import Response, Router, get
from litestar.params import FromQuery

from kernel.errors import FieldError, NotFound
from kernel.i18n import Named
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest

_PORTALS: Final = {"phone": "tong", "desk": "rongtong", "office": "zhengtong", "plain": "kernel"}

_SEAT: Final = SimpleNamespace(
    named=Named("城南街道 · 民政受理岗", "Chengnan Subdistrict · civil affairs desk"),
    department_named=Named("城南街道办事处", "Chengnan Subdistrict Office"),
)
_PRINCIPALS: Final = {
    "phone": SimpleNamespace(name="林晓", capacity="person", acting_for_name="林桂兰", seat=None),
    "desk": SimpleNamespace(
        name="周远", capacity="enterprise", acting_for_name="湖畔精密制造有限公司", seat=None
    ),
    "office": SimpleNamespace(name="何静", capacity="seat", acting_for_name="何静", seat=_SEAT),
    "plain": None,
}
_ROWS: Final = [
    {
        "href": "#1",
        "title": "重度残疾人护理补贴",
        "who": "林桂兰",
        "fen": 16300,
        "on": date(2026, 11, 22),
        "state": "eligible",
    },
    {
        "href": "#2",
        "title": "高龄津贴",
        "who": "欧阳·古丽",
        "fen": 3000,
        "on": date(2026, 11, 20),
        "state": "unknown",
    },
    {
        "href": "#3",
        "title": "稳岗返还",
        "who": "湖畔精密制造有限公司",
        "fen": 12345678,
        "on": date(2026, 11, 3),
        "state": "ineligible",
    },
]
_STEPS: Final = [
    {
        "title": "您已确认",
        "state": "done",
        "at": datetime(2026, 11, 20, 1, 5, tzinfo=UTC),
        "who": "林晓（代办）",
    },
    {
        "title": "街道受理",
        "state": "done",
        "at": datetime(2026, 11, 21, 6, 30, tzinfo=UTC),
        "who": "城南街道",
    },
    {"title": "残联会审", "state": "now", "who": "区残联", "note": "最迟 2026年11月27日 办结"},
    {"title": "区民政局决定", "state": "next"},
    {"title": "发放到账", "state": "next", "note": "预计 2026年12月10日"},
]


def specimen(layout: str) -> dict[str, Any]:
    """Invented content for one layout of the guide; names and figures are fictional."""
    return {
        "layout": layout,
        "principal": _PRINCIPALS[layout],
        "capacity_href": "#capacity",
        "sign_out_href": "#out",
        "unread_count": 3,
        "rows": _ROWS,
        "steps": _STEPS,
        "errors": [FieldError("phone", "手机号应是 11 位数字"), FieldError("account", "请选择收款账户")],
        "nav": [
            ("home", "首页", "#", "home"),
            ("policies", "政策", "#", "policy"),
            ("financing", "融资", "#", "bank"),
            ("claims", "办理进度", "#", "task"),
        ],
        "duties": [
            ("", [("todo", "待办", "#", "task", 12), ("awards", "待遇", "#", "money", 0)]),
            ("政策", [("policies", "政策库", "#", "policy", 0), ("reach", "测算", "#", "chart", 0)]),
            ("监督", [("audit", "审计留痕", "#", "history", 0)]),
        ],
        "current_tab": "todo" if layout == "office" else "home",
    }


def style_guide(pages: Pages) -> Router:
    """The route `/style?layout=phone|desk|office|plain`; 404 outside a demonstration."""

    @get("/style", sync_to_thread=True, include_in_schema=False)
    def show_style(request: WebRequest, layout: FromQuery[str] = "phone") -> Response[str]:
        if not pages.is_demonstration or layout not in _PORTALS:
            raise NotFound
        return pages.for_portal(_PORTALS[layout]).page(
            request, f"kernel/style/{layout}.html", **specimen(layout)
        )

    return Router("/", route_handlers=[show_style])
