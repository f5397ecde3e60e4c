"""What Rongtong mounts: the enterprise's side of financing, and the banks'.

Each folder gives its handlers by a function ``handlers(services)``; here they are put together.
"""

from litestar.types import ControllerRouterHandler

from portals.financing.banks import api as banks
from portals.financing.comparing import routes as comparing
from portals.financing.demands import routes as demands
from portals.financing.guarantees import routes as guarantees
from portals.financing.guarantees.pool import institution_routes as compensations
from portals.financing.oversight import routes as oversight
from portals.financing.subsidies import routes as subsidies
from portals.services import Services


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """Pages at ``/financing/…`` and ``/bank/…``, API at ``/api/v1/financing/…`` and ``/api/v1/bank/…``."""
    return [
        *demands.handlers(services),
        *banks.handlers(services),
        *comparing.handlers(services),
        *guarantees.handlers(services),
        *compensations.handlers(services),
        *subsidies.handlers(services),
        *oversight.bank_handlers(services),
    ]
