"""What Zhengtong mounts: oversight of financing, the guarantee pool, subsidies to review.

Pages stand behind the portal's scope, the API behind scope and seat; duties are asked by each handler
(``access.official_with``). Handlers may name ``services``.
"""

from litestar.types import ControllerRouterHandler

PAGES: list[ControllerRouterHandler] = []
API: list[ControllerRouterHandler] = []
