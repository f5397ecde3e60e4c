"""Everything that can go wrong on purpose, as one tree. One adapter (``kernel.web.problems``) turns it into RFC 9457.

DongchuError                 500  urn:dongchu:problem:internal
├── InvalidInput             400  invalid-input        what, where, and how to mend it
│   └── TooLarge             413  too-large
├── Unauthenticated          401  unauthenticated      sign in (again)
├── Forbidden                403  forbidden            known, but not allowed
│   ├── SignInFailed         403  sign-in-failed       the way back from identity was not ours, used or too late
│   ├── CsrfRefused          403  csrf                 the form was not ours or is too old
│   └── CapacityLost         403  capacity-lost        still signed in, but no longer in this seat, for this firm or person
├── NotFound                 404  not-found            also: not yours, so that nothing can be probed
├── Conflict                 409  conflict             the state has moved on
│   └── IllegalTransition    409  illegal-transition   this action is not possible from this state
├── Gone                     410  gone                 it was there and has ended
├── TooManyRequests          429  too-many-requests    slow down; says until when
├── Unavailable              503  unavailable          busy or down here; says when to try again
└── OutsideFailure           502  outside-failure      a system outside did not do its part
    ├── OutsideRefused       502  outside-refused      it answered no, finally, with a code
    ├── OutsideUnavailable   503  outside-unavailable  nothing was done; safe to try again
    └── OutsideTimeout       504  outside-timeout      nobody knows whether it was done: ask before sending again
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One thing wrong in the input: ``where`` (a field, or line:column), ``what``, and ``mend``: how to put it right."""

    where: str
    what: str
    mend: str = ""


class DongchuError(Exception):
    """``detail`` is for the person: clear, gentle, actionable, in Chinese (translated at the edge)."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "系统出了点问题"

    def __init__(
        self, detail: str = "", *, errors: Sequence[FieldError] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after

    def at(self, field: str = "") -> tuple[FieldError, ...]:
        """What a form shows: the errors of its own fields, else all of the problem at ``field``."""
        return self.errors or (FieldError(field, self.detail),)

    @property
    def type_uri(self) -> str:
        return f"urn:dongchu:problem:{self.slug}"


class InvalidInput(DongchuError):
    status, slug, title = 400, "invalid-input", "提交的内容有误"


class TooLarge(InvalidInput):
    status, slug, title = 413, "too-large", "提交的内容过大"


class Unauthenticated(DongchuError):
    status, slug, title = 401, "unauthenticated", "请先登录"


class Forbidden(DongchuError):
    status, slug, title = 403, "forbidden", "您没有办理此事的权限"


class CsrfRefused(Forbidden):
    slug, title = "csrf", "页面已过期，请刷新后再试"


class SignInFailed(Forbidden):
    slug, title = "sign-in-failed", "登录没有完成"


class CapacityLost(Forbidden):
    status, slug, title = 403, "capacity-lost", "您已不能以这个身份办理"


class NotFound(DongchuError):
    status, slug, title = 404, "not-found", "没有找到您要的内容"


class Conflict(DongchuError):
    status, slug, title = 409, "conflict", "情况已有变化"


class IllegalTransition(Conflict):
    slug, title = "illegal-transition", "当前状态不能这样办理"


class Gone(DongchuError):
    status, slug, title = 410, "gone", "内容已失效"


class TooManyRequests(DongchuError):
    status, slug, title = 429, "too-many-requests", "操作太频繁，请稍后再试"


class Unavailable(DongchuError):
    status, slug, title = 503, "unavailable", "系统正忙，请稍后再试"


class OutsideFailure(DongchuError):
    status, slug, title = 502, "outside-failure", "外部系统没有办成"


class OutsideRefused(OutsideFailure):
    slug, title = "outside-refused", "外部系统未予受理"

    def __init__(self, detail: str = "", *, code: str = "", errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail, errors=errors)
        self.code = code


class OutsideUnavailable(OutsideFailure):
    status, slug, title = 503, "outside-unavailable", "外部系统暂时无法连接"


class OutsideTimeout(OutsideFailure):
    status, slug, title = 504, "outside-timeout", "外部系统没有按时答复"
