"""What Rongtong mounts: the enterprise's side of financing, and the banks'.

Each folder gives its handlers by a function; here they are put together.
"""

from litestar.types import ControllerRouterHandler

from portals.financing import overview
from portals.financing.banks import api as banks
from portals.financing.banks import pages as bank_pages
from portals.financing.comparing import routes as comparing
from portals.financing.demands import api as demands_api
from portals.financing.demands import routes as demands
from portals.financing.demands.consent import ConsentDesk
from portals.financing.demands.desk import FinancingDesk
from portals.financing.guarantees import routes as guarantees
from portals.financing.guarantees.pool import institution_routes as compensations
from portals.financing.loans import pages as loans
from portals.financing.oversight import routes as oversight
from portals.financing.products import routes as products
from portals.financing.products.keeping import Products
from portals.financing.products.offered import OfferedProducts
from portals.financing.profile import routes as profile
from portals.financing.profile.service import Profiles
from portals.financing.subsidies import routes as subsidies
from portals.services import Services


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """Pages at ``/financing/…`` and ``/bank/…``, API at ``/api/v1/financing/…`` and ``/api/v1/bank/…``."""
    offered = OfferedProducts(services.published)
    desk = FinancingDesk(services, offered)
    consent = ConsentDesk(services.house, services.resolve)
    return [
        *overview.handlers(services),
        *demands.handlers(desk, consent),
        *demands_api.handlers(desk),
        *profile.handlers(Profiles(services, offered)),
        *products.handlers(Products(services)),
        *banks.handlers(services),
        *comparing.handlers(services),
        *guarantees.handlers(services),
        *compensations.handlers(services),
        *subsidies.handlers(services),
        *oversight.bank_handlers(services),
        *bank_pages.handlers(services),
        *loans.handlers(services),
    ]
