"""Every table of financing, imported in one place for migrations and scratch stores."""

from portals.financing.banks.models import Bank, BankCall, Contract, Document, Note, Offer
from portals.financing.demands.models import Access, Application, Authorisation, Demand, FinancingEvent
from portals.financing.guarantees.models import Guarantee
from portals.financing.guarantees.pool.models import (
    BankCap,
    Compensation,
    CompensationEvent,
    Pool,
    PoolAccount,
    PoolEntry,
    PoolTransaction,
)
from portals.financing.loans.models import Loan, LoanEvent, Repayment
from portals.financing.products.models import Product
from portals.financing.rates.models import ReferenceRate
from portals.financing.subsidies.models import QuarterSubsidy

__all__ = [
    "Access",
    "Application",
    "Authorisation",
    "Bank",
    "BankCall",
    "BankCap",
    "Compensation",
    "CompensationEvent",
    "Contract",
    "Demand",
    "Document",
    "FinancingEvent",
    "Guarantee",
    "Loan",
    "LoanEvent",
    "Note",
    "Offer",
    "Pool",
    "PoolAccount",
    "PoolEntry",
    "PoolTransaction",
    "Product",
    "QuarterSubsidy",
    "ReferenceRate",
    "Repayment",
]
