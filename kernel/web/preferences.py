"""How one reads, remembered: language and senior mode are two cookies, set without a script and without an account."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from litestar import Router, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg
from litestar.response import Redirect

from kernel.errors import CsrfRefused
from kernel.i18n import LOCALES
from kernel.web.pages import LOCALE_COOKIE, PREFERENCE_LIFE, SENIOR_COOKIE, Pages
from kernel.web.requests import WebRequest
from kernel.web.static_files import static_route

_CHOICES: Final = {"locale": (LOCALE_COOKIE, LOCALES), "senior": (SENIOR_COOKIE, ("0", "1"))}


def same_site_path(back: str) -> str:
    """`back` where it is a path of this site, else `/`: nobody is ever sent to another host."""
    is_path = back.startswith("/") and not back.startswith("//") and "\\" not in back
    return back if is_path and back.isprintable() else "/"


def refuse_cross_site(request: WebRequest) -> None:
    """Refuses a post that another site made the browser send, by `Sec-Fetch-Site`, else by `Origin`.

    Enough for choices of display; everything that matters carries a CSRF token.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise CsrfRefused
    origin = request.headers.get("origin", "")
    if site is None and origin and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise CsrfRefused


@post("/preferences", status_code=303, sync_to_thread=False, include_in_schema=False)
def remember_preferences(
    request: WebRequest,
    data: Annotated[dict[str, str], BodyKwarg(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Sets what was chosen and leads back to the page it was chosen on; unknown choices are left alone."""
    refuse_cross_site(request)
    cookies = [
        Cookie(
            key=cookie,
            value=data[field],
            path="/",
            max_age=int(PREFERENCE_LIFE.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        for field, (cookie, allowed) in _CHOICES.items()
        if data.get(field) in allowed
    ]
    return Redirect(same_site_path(data.get("back", "/")), status_code=303, cookies=cookies)


def preferences_and_static(pages: Pages) -> Router:
    """`/static/…` and `POST /preferences`: mounted once at the root of each origin."""
    return Router(
        "/", route_handlers=[static_route(pages.static), remember_preferences], include_in_schema=False
    )
