"""Every table of financing, imported in one place for migrations and scratch stores."""

from portals.financing.demands.models import Access, Application, Authorisation, Demand, FinancingEvent
from portals.financing.products.models import Product

__all__ = ["Access", "Application", "Authorisation", "Demand", "FinancingEvent", "Product"]
