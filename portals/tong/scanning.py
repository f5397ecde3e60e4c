"""扫一扫: a picture of ours leads to the page it stands for; one that is not ours leads nowhere.

The camera is an extra where the browser can read codes by itself; without it the text under the code is typed or pasted.
"""

from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import FieldError
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.preferences import same_site_path
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.shared.benefits import Form

Me = NamedDependency[Principal]
LONGEST = 4000
#: What a code of ours may stand for: a licence being shown, a sign-in on another screen, a page of this portal.
OURS = ("/licenses/", "/identity/", "/tong/")


def handlers(house: House) -> list[ControllerRouterHandler]:
    """``/scan``."""

    @get("/scan", sync_to_thread=True, include_in_schema=False)
    def scan_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:  # noqa: ARG001
        return pages.page(request, "tong/scan.html", text="", errors=[])

    @post("/scan", sync_to_thread=True, include_in_schema=False)
    def scan(
        request: WebRequest,
        principal: Me,  # noqa: ARG001  (signed in)
        pages: NamedDependency[Pages],
        data: Form,
    ) -> Response[str] | Redirect:
        text = data.get("text", "").strip()[:LONGEST]
        address = address_in(text, house.settings.base_url)
        if address is not None:
            return Redirect(address, status_code=303)
        what = (
            _("这不是本市的码。不要打开里面的链接，不要转账，不要告诉对方验证码。")
            if text
            else _("请扫码，或输入码下面的文字。")
        )
        return pages.page(request, "tong/scan.html", status=400, text=text, errors=[FieldError("text", what)])

    return [scan_page, scan]


def address_in(text: str, base_url: str) -> str | None:
    """The page of this site that a code stands for; None for anything else."""
    try:
        read, ours = urlsplit(text), urlsplit(base_url)
    except ValueError:
        return None
    if (read.scheme, read.netloc) != (ours.scheme, ours.netloc):
        return None
    path = same_site_path(f"{read.path}?{read.query}" if read.query else read.path)
    return path if path.startswith(OURS) else None
