"""Who passes which door of Rongtong: enterprises through theirs, banks' officers through the other."""

from litestar.handlers import BaseRouteHandler

from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.web.bearer import Connection, visitor_of


async def for_enterprises(connection: Connection, _handler: BaseRouteHandler) -> None:
    """A guard: a bank's officer sees none of the city's affairs with enterprises. Visitors are others' to judge."""
    visitor = await visitor_of(connection)
    if visitor is not None and visitor.capacity == "seat":
        raise Forbidden(_("这里是企业办事的页面。您正以金融机构的席位登录，请回到融资工作台。"))
