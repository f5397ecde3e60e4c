"""Every table of financing, imported in one place for migrations and scratch stores."""

from portals.financing.demands.models import Access, Application, Authorisation, Demand, FinancingEvent
from portals.financing.guarantees.pool.models import (
    BankCap,
    Compensation,
    CompensationEvent,
    Pool,
    PoolAccount,
    PoolEntry,
    PoolTransaction,
)
from portals.financing.products.models import Product

__all__ = [
    "Access",
    "Application",
    "Authorisation",
    "BankCap",
    "Compensation",
    "CompensationEvent",
    "Demand",
    "FinancingEvent",
    "Pool",
    "PoolAccount",
    "PoolEntry",
    "PoolTransaction",
    "Product",
]
