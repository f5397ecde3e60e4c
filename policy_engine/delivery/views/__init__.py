"""Read models for pages and APIs: what a person, and what a seat, may see of the four lives. They change nothing."""

from policy_engine.delivery.views.desk import claim_file, work_list
from policy_engine.delivery.views.money import (
    batch_payments,
    batches,
    budgets,
    my_awards,
    my_payments,
    payments_at,
)
from policy_engine.delivery.views.personal import (
    claim_detail,
    inbox_offers,
    my_accounts,
    my_claims,
    offer_detail,
)
from policy_engine.delivery.views.records import decision_file

__all__ = [
    "batch_payments",
    "batches",
    "budgets",
    "claim_detail",
    "claim_file",
    "decision_file",
    "inbox_offers",
    "my_accounts",
    "my_awards",
    "my_claims",
    "my_payments",
    "offer_detail",
    "payments_at",
    "work_list",
]
