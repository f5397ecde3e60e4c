"""All tables of delivery in one place, for migrations and for readers."""

from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award, AwardHeir, LossDay, LossOfDay
from policy_engine.delivery.cases.models import CaseEvent, Hold, NumberSeries
from policy_engine.delivery.claims.models import Appeal, Claim, Opinion, StageDecision, WrittenDecision
from policy_engine.delivery.ledger.models import (
    Budget,
    FundingAlarm,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
)
from policy_engine.delivery.means.models import (
    IncomeRule,
    MeansCheck,
    MeansConsent,
    MeansInquiry,
    MeansRecording,
)
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.oversight.models import Finding
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.publicity.models import NoticeObjection
from policy_engine.delivery.ratings.models import Rating
from policy_engine.delivery.reconciliation.models import Difference, ReconciledDay, StatementLine
from policy_engine.delivery.recovery.models import Instalment, OverpaidPeriod, Overpayment, Repayment
from policy_engine.delivery.register.models import RegisterCell
from policy_engine.delivery.reports.models import Report

__all__ = [
    "Appeal",
    "Award",
    "AwardHeir",
    "Budget",
    "CaseEvent",
    "Claim",
    "Difference",
    "Finding",
    "FundingAlarm",
    "Hold",
    "IncomeRule",
    "Instalment",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerTransaction",
    "LossDay",
    "LossOfDay",
    "MeansCheck",
    "MeansConsent",
    "MeansInquiry",
    "MeansRecording",
    "NoticeObjection",
    "NumberSeries",
    "Offer",
    "Opinion",
    "OverpaidPeriod",
    "Overpayment",
    "PayeeAccount",
    "Payment",
    "PaymentBatch",
    "Rating",
    "ReconciledDay",
    "RegisterCell",
    "Repayment",
    "Report",
    "StageDecision",
    "StatementLine",
    "WrittenDecision",
]
