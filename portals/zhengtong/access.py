"""Guards of this portal: who has no seat, and who lacks which duty, is told so by name."""

from collections.abc import Awaitable, Callable

from litestar.handlers import BaseRouteHandler

from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.web.bearer import Connection, principal_of
from kernel.web.principal import Duty, Principal, SeatView
from portals.zhengtong.words import DUTIES

Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def seat_of(principal: Principal) -> SeatView:
    """The seat one sits in. Raises ``Forbidden`` for somebody signed in as a private person."""
    if principal.seat is None:
        raise Forbidden(
            _("您现在没有坐在任何席位上。请切换身份，选择您的席位；没有席位的，请联系本单位管理员。")
        )
    return principal.seat


async def on_a_seat(connection: Connection, _handler: BaseRouteHandler) -> None:
    """A guard: signed in and on a seat."""
    seat_of(await principal_of(connection))


def needs(*duties: Duty) -> Guard:
    """A guard: on a seat with one of these duties. The refusal names them."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        seat = seat_of(await principal_of(connection))
        if not seat.duties.intersection(duties):
            wanted = "”、“".join(_(DUTIES[duty]) for duty in duties)
            raise Forbidden(
                _(
                    "这里需要“%(duties)s”职责，您所在的席位“%(seat)s”没有。如有需要，请联系本单位管理员。",
                    duties=wanted,
                    seat=seat.title,
                )
            )

    return guard
