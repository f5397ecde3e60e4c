"""Financing in the demonstration: the products that come with the system, on offer."""

from sqlalchemy.orm import Session

from kernel.house import House
from policy_engine.policies.published import PublishedPolicies
from portals.financing.products.library import product_library
from portals.financing.products.service import install


def offer_products(session: Session, house: House) -> None:
    """Every product of the library, checked against the policies in force."""
    published = PublishedPolicies().current(session)
    install(session, product_library(), published=published, now=house.clock.now())
