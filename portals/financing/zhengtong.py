"""What Zhengtong mounts: oversight of financing, the guarantee pool, subsidies to review.

Pages stand behind the portal's scope, the API behind scope and seat; duties are asked by each handler
(``access.official_with``). Handlers may name ``services``.
"""

from litestar.types import ControllerRouterHandler

from portals.financing.guarantees.pool import official_routes as pool
from portals.financing.oversight import routes as oversight
from portals.financing.rates import routes as rates
from portals.financing.subsidies import routes as subsidies

PAGES: list[ControllerRouterHandler] = [*oversight.PAGES, *pool.PAGES, *subsidies.PAGES, *rates.PAGES]
API: list[ControllerRouterHandler] = [*oversight.API, *pool.API, *subsidies.API, *rates.API]
