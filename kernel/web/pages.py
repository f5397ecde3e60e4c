"""The page engine: Jinja templates of every package, one design system, the reader's language and senior mode."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import jinja2
from litestar import Response
from litestar.enums import MediaType
from markupsafe import Markup

from kernel.i18n import LANGUAGE_TAGS, Translations, choose_locale, current_locale, raw_gettext, raw_ngettext
from kernel.web import drawings, formats
from kernel.web.requests import WebRequest
from kernel.web.static_files import StaticFiles

LOCALE_COOKIE: Final = "dongchu_locale"
SENIOR_COOKIE: Final = "dongchu_senior"
PREFERENCE_LIFE: Final = timedelta(days=400)
_KERNEL_TEMPLATES: Final = Path(__file__).parent / "templates"
_MACRO_FILES: Final = ("content", "forms", "data")

_FILTERS: Final = (
    formats.yuan,
    formats.yuan_table,
    formats.day,
    formats.moment,
    formats.term,
    formats.number,
    formats.percent,
    formats.masked,
)

ContextOf = Callable[[WebRequest], Mapping[str, Any]]

_csrf_token: ContextVar[str] = ContextVar("dongchu_csrf_token", default="")


def _no_context(_request: WebRequest) -> Mapping[str, Any]:
    return {}


def csrf_field() -> Markup:
    """The hidden input that proves a form is ours; empty where a page was given no token."""
    token = _csrf_token.get()
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token) if token else Markup()


@dataclasses.dataclass(frozen=True, slots=True)
class Reader:
    """How the person in front of the screen wants to read."""

    locale: str
    is_senior: bool


def reader_of(request: WebRequest) -> Reader:
    """Language and senior mode of a request, from its cookies and `Accept-Language`."""
    cookies = request.cookies
    locale = choose_locale(cookies.get(LOCALE_COOKIE), request.headers.get("accept-language", ""))
    return Reader(locale, cookies.get(SENIOR_COOKIE) == "1")


class Pages:
    """Renders the templates of every package; made once by the composition root, bound to a portal by `for_portal`."""

    def __init__(
        self,
        template_folders: Mapping[str, Path] | None = None,
        *,
        translations: Translations | None = None,
        is_demonstration: bool = False,
        is_reloading: bool = False,
    ) -> None:
        """`tong/home.html` is found as `<template_folders["tong"]>/tong/home.html`; kernel's own are always there."""
        self.translations = translations or Translations.load()
        self.static = StaticFiles()
        self.is_demonstration = is_demonstration
        self.portal = "kernel"
        self._context_of: ContextOf = _no_context
        self._environment = _environment(
            {"kernel": _KERNEL_TEMPLATES, **(template_folders or {})}, self.static, is_reloading
        )

    def for_portal(self, portal: str, context_of: ContextOf = _no_context) -> "Pages":
        """These pages in a portal's colours, every page of it given what `context_of(request)` returns.

        Known keys: csrf_token, principal, unread_count, flashes, live_url, capacity_href, sign_out_href, nav, duties.
        """
        bound = object.__new__(Pages)
        bound.__dict__.update(self.__dict__)
        bound.portal = portal
        bound._context_of = context_of
        return bound

    def page(
        self,
        request: WebRequest,
        name: str,
        /,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Response[str]:
        """A template as a response in the reader's language; personal pages are never kept by a cache."""
        given = {**self._context_of(request), **context}
        body = self.render(name, reader=reader_of(request), path=_path_with_query(request), **given)
        kept = "no-store" if given.get("principal") is not None else "no-cache"
        return Response(
            body,
            status_code=status,
            media_type=MediaType.HTML,
            headers={"Cache-Control": kept, "Vary": "Cookie, Accept-Language, HX-Request", **(headers or {})},
        )

    def render(self, name: str, /, *, reader: Reader | None = None, path: str = "/", **context: Any) -> str:
        """A template as text; without a reader in the language being spoken."""
        reader = reader or Reader(current_locale(), False)
        values = {
            "portal": self.portal,
            "is_demonstration": self.is_demonstration,
            "locale": reader.locale,
            "language": LANGUAGE_TAGS[reader.locale],
            "is_senior": reader.is_senior,
            "path": path,
            "csrf_token": "",
            "principal": None,
            "unread_count": 0,
            "flashes": (),
            "live_url": "",
            "capacity_href": "",
            "sign_out_href": "",
            **context,
        }
        values["is_demonstration"] = self.is_demonstration or values["is_demonstration"]
        with self.translations.speaking(reader.locale), _token(str(values["csrf_token"])):
            return self._environment.get_template(name).render(values)


@contextmanager
def _token(token: str) -> Iterator[None]:
    reset = _csrf_token.set(token)
    try:
        yield
    finally:
        _csrf_token.reset(reset)


def _path_with_query(request: WebRequest) -> str:
    query = request.scope.get("query_string", b"").decode("latin-1")
    return f"{request.url.path}?{query}" if query else request.url.path


def _spoken(written: Callable[..., str]) -> Callable[..., str]:
    """A filter that asks for the language at each rendering; Jinja would fold `16300|yuan` when it compiles."""

    @jinja2.pass_context
    def said(_context: jinja2.runtime.Context, *values: Any, **named: Any) -> str:
        return written(*values, **named)

    return said


def _environment(folders: Mapping[str, Path], static: StaticFiles, is_reloading: bool) -> jinja2.Environment:
    """Strict and escaping, with the macros of the design system as the global `ui`."""
    environment = jinja2.Environment(
        loader=jinja2.PrefixLoader(
            {prefix: jinja2.FileSystemLoader([folder / prefix, folder]) for prefix, folder in folders.items()}
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=is_reloading,
    )
    environment.install_gettext_callables(raw_gettext, raw_ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {filter_.__name__: _spoken(filter_) for filter_ in _FILTERS}
    ui = SimpleNamespace()
    shared = cast(dict[str, Any], environment.globals)
    shared |= {
        "ui": ui,
        "icon": drawings.icon,
        "icon_names": lambda: list(drawings.icon_shapes()),
        "csrf_field": csrf_field,
        "url_for_static": static.url,
        "amount_parts": formats.amount_parts,
        "said": formats.said,
        "lang_of": formats.lang_of,
        "qr_svg": drawings.qr_svg,
        "chart_bar_svg": drawings.chart_bar_svg,
        "chart_line_svg": drawings.chart_line_svg,
    }
    for name in _MACRO_FILES:
        module = environment.get_template(f"kernel/macros/{name}.html").module
        for macro, value in vars(module).items():
            if not macro.startswith("_") and callable(value):
                setattr(ui, macro, value)
    return environment


__all__ = ["Pages", "Reader", "csrf_field", "reader_of"]
