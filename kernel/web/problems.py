"""One adapter from errors to answers: programs get RFC 9457, browsers a page with the way on, htmx a toast."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import MediaType, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.serialization import encode_json
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DataError

from kernel import errors
from kernel.errors import DongchuError, FieldError
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.pages import Pages, reader_of
from kernel.web.preferences import same_site_path
from kernel.web.requests import WebRequest

PROBLEM_JSON: Final = "application/problem+json"
SignIn = Callable[[WebRequest], str]

_log = logging.getLogger("dongchu.web")

#: What Litestar raises itself, in our words: by status, the error of the house and what to tell the person.
_OF_STATUS: Final[Mapping[int, tuple[type[DongchuError], str]]] = {
    400: (errors.InvalidInput, N_("提交的内容有误，请检查后再试。")),
    401: (errors.Unauthenticated, N_("请先登录，再继续办理。")),
    403: (errors.Forbidden, N_("您没有办理此事的权限。")),
    404: (errors.NotFound, N_("地址可能有误，或者内容已经不在了。")),
    413: (errors.TooLarge, N_("提交的内容过大，请减少后再试。")),
    429: (errors.TooManyRequests, N_("操作太频繁，请稍等片刻再试。")),
    503: (errors.Unavailable, N_("系统正忙，请稍等片刻再试。")),
}
_UNHOLDABLE: Final = N_("内容里有不能保存的字符，或者太长、太大，什么也没有保存。请检查后再试。")


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error as RFC 9457 tells it; `errors` says where and how to mend, `incident` finds the log line."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    errors: tuple[FieldError, ...] = ()
    incident: str = ""
    retry_after: int | None = None

    @property
    def slug(self) -> str:
        return self.type.rpartition(":")[2]


def exception_handlers(pages: Pages, sign_in: SignIn | None = None) -> ExceptionHandlersMap:
    """Litestar's `exception_handlers` for an app: our errors, Litestar's, and whatever nobody foresaw (500, logged).

    With `sign_in(request) -> path`, a browser that opens a page without a session is led to sign in instead.
    """

    def answer(request: WebRequest, error: Exception) -> Response[Any]:
        with pages.translations.speaking(reader_of(request).locale):
            problem = problem_of(error, request.url.path)
            return respond(request, problem)

    def respond(request: WebRequest, problem: Problem) -> Response[Any]:
        headers = {"Cache-Control": "no-store", "Vary": "Accept, Cookie, Accept-Language, HX-Request"}
        if problem.retry_after is not None:
            headers["Retry-After"] = str(problem.retry_after)
        if not wants_page(request):
            if problem.status == 401:  # RFC 6750 §3, RFC 9449 §7.1
                headers["WWW-Authenticate"] = 'Bearer, DPoP algs="ES256 EdDSA"'
            return Response(
                encode_json(problem), status_code=problem.status, media_type=PROBLEM_JSON, headers=headers
            )
        if problem.status == 401 and sign_in is not None and request.method == "GET":
            return _lead_to_sign_in(request, sign_in(request))
        if request.headers.get("hx-request") == "true":
            headers |= {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}
            body = pages.render("kernel/problem_toast.html", reader=reader_of(request), problem=problem)
        else:
            body = pages.render(
                "kernel/problem.html",
                reader=reader_of(request),
                path=request.url.path if request.method == "GET" else "/",
                problem=problem,
                again=_address_to_try_again(request),
                home="/" if pages.portal == "kernel" else f"/{pages.portal}",
            )
        return Response(body, status_code=problem.status, media_type=MediaType.HTML, headers=headers)

    return {DongchuError: answer, HTTPException: answer, Exception: answer}


def problem_of(error: Exception, instance: str = "") -> Problem:
    """The problem an error amounts to, in the language being spoken; an unforeseen one is logged under an incident."""
    if isinstance(error, DongchuError):
        return _told(error, error.detail, instance)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _of_litestar(error, instance)
    if isinstance(error, DataError):
        # What no check of ours foresaw and PostgreSQL will not hold (U+0000, a number or text beyond its column). The
        # transaction is gone with it. Never with the statement's values: they are people's.
        _log.warning("at %s the database refused a value: %s", instance, type(error.orig).__name__)
        return _told(errors.InvalidInput(), _UNHOLDABLE, instance)
    if isinstance(error, HTTPException) and error.status_code == 503:
        return _told(errors.Unavailable(retry_after=5), _OF_STATUS[503][1], instance)
    incident = new_id().hex[-10:]
    _log.error("incident %s at %s", incident, instance, exc_info=error)
    return msgspec.structs.replace(
        _told(
            DongchuError(),
            N_("我们已经记下这次故障，请稍后再试；着急可以拨打 12345，并告诉对方下面的编号。"),
            instance,
        ),
        incident=incident,
    )


def _told(error: DongchuError, detail: str, instance: str) -> Problem:
    return Problem(
        type=error.type_uri,
        title=_(error.title),
        status=error.status,
        detail=_(detail),
        instance=instance,
        errors=tuple(
            FieldError(one.where, _(one.what), _(one.mend) if one.mend else "") for one in error.errors
        ),
        retry_after=error.retry_after,
    )


def _of_litestar(error: HTTPException, instance: str) -> Problem:
    known = _OF_STATUS.get(error.status_code)
    if known is None:
        phrase = HTTPStatus(error.status_code).phrase
        slug = phrase.lower().replace(" ", "-")
        return Problem(
            type=f"urn:dongchu:problem:{slug}",
            title=_("这个地址不支持这样访问") if error.status_code == 405 else phrase,
            status=error.status_code,
            detail=error.detail,
            instance=instance,
        )
    kind, detail = known
    return _told(kind(errors=_field_errors(error.extra)), detail, instance)


def _field_errors(extra: object) -> tuple[FieldError, ...]:
    """Litestar's list of validation errors, as ours: which field, and what is wrong with it."""
    if not isinstance(extra, list):
        return ()
    return tuple(
        FieldError(str(one.get("key", "")), str(one.get("message", "")))
        for one in extra
        if isinstance(one, dict)
    )


def wants_page(request: WebRequest) -> bool:
    """Whether a person is reading: the client accepts HTML and did not call an API."""
    accepts: Any = request.headers.get("accept", "")
    return "/api/" not in request.url.path and (
        "text/html" in accepts or request.headers.get("hx-request") == "true"
    )


def _address_to_try_again(request: WebRequest) -> str:
    """The page to open again: this one, or after a refused form the one it stood on."""
    if request.method == "GET":
        return same_site_path(request.url.path)
    referer = urlsplit(request.headers.get("referer", ""))
    if referer.netloc != request.headers.get("host", ""):
        return "/"
    return same_site_path(f"{referer.path}?{referer.query}" if referer.query else referer.path or "/")


def _lead_to_sign_in(request: WebRequest, address: str) -> Response[Any]:
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=200, media_type=MediaType.HTML, headers={"HX-Redirect": address})
    return Redirect(address, status_code=303)
