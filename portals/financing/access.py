"""Who may come in: a firm in its own name, an officer of an institution on their seat, an official with the duty."""

from collections.abc import Awaitable, Callable

from litestar.handlers import BaseRouteHandler

from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.web.bearer import Connection, principal_of, require
from kernel.web.principal import Duty, Principal
from portals.financing.institutions import Institution, of_seat

Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]

#: A guard: somebody acting for a firm who may ask for its financing; a delegation may leave that out.
for_a_firm = require(scope="financing", capacity="enterprise")


def institution_of(principal: Principal, *duties: Duty) -> Institution:
    """The institution one sits in, with one of these duties. Raises ``Forbidden`` saying what is lacking."""
    found = of_seat(principal.seat)
    if found is None or principal.seat is None:
        raise Forbidden(_("这里供银行和担保机构的工作人员使用。请切换到您在机构的席位。"))
    if duties and not principal.seat.duties.intersection(duties):
        raise Forbidden(
            _("您所在的席位“%(seat)s”没有这项职责。如有需要，请联系本机构管理员。", seat=principal.seat.title)
        )
    return found


def on_an_institution_seat(*duties: Duty) -> Guard:
    """A guard: on a seat of a bank or guarantor with one of these duties."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        institution_of(await principal_of(connection), *duties)

    return guard


def official_with(*duties: Duty) -> Guard:
    """A guard: on a seat of the city with one of these duties."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        seat = (await principal_of(connection)).seat
        if seat is None or not seat.duties.intersection(duties):
            raise Forbidden(_("您当前的席位没有这项职责。如有需要，请联系本单位管理员。"))

    return guard
