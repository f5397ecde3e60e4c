"""The page at `/`: where somebody who types the address finds their own door, in their own language and size of text."""

from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler

from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.options import web_options
from kernel.web.pages import Pages
from kernel.web.preferences import preferences_and_static
from kernel.web.requests import WebRequest
from kernel.web.style_guide import style_guide


def doors() -> list[dict[str, str]]:
    """The three portals, for whom each one is and what waits behind it."""
    return [
        {
            "portal": "tong",
            "href": "/tong",
            "name": _("东楚通"),
            "whom": _("居民"),
            "what": _("查待遇、办事、亮证。符合条件的补贴会主动来找您，点一下就能领。"),
            "go": _("进入东楚通"),
        },
        {
            "portal": "rongtong",
            "href": "/rongtong",
            "name": _("东楚融通"),
            "whom": _("企业和银行"),
            "what": _("政策逐条讲清，能享的直接兑现；融资需求一次提交，多家银行回应。"),
            "go": _("进入东楚融通"),
        },
        {
            "portal": "zhengtong",
            "href": "/zhengtong",
            "name": _("东楚政通"),
            "whom": _("机关工作人员"),
            "what": _("编写和发布政策，审核申请，发放资金，每一步都有据可查。"),
            "go": _("进入东楚政通"),
        },
    ]


def show_entrance(pages: Pages) -> HTTPRouteHandler:
    """The handler of `/`."""

    @get("/", sync_to_thread=True, include_in_schema=False)
    def entrance(request: WebRequest) -> Response[str]:
        return pages.page(request, "entrance/index.html", doors=doors())

    return entrance


def create_app(house: House, pages: Pages) -> Litestar:
    """The app that answers for `/`, `/static`, `/preferences` and, in a demonstration, `/style`."""
    del house  # the entrance shows no figures and keeps nothing
    pages = pages.for_portal("kernel")
    return Litestar(
        route_handlers=[show_entrance(pages), preferences_and_static(pages), style_guide(pages)],
        openapi_config=None,
        **web_options(pages),
    )
