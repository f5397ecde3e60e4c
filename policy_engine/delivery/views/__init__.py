"""Read models for pages and APIs: what a person, and what a seat, may see of the four lives. They change nothing."""

from policy_engine.delivery.views.desk import claim_file
from policy_engine.delivery.views.evidence import (
    MovementView,
    PaymentTrail,
    decision_evidence,
    movement_evidence,
    payment_trail,
)
from policy_engine.delivery.views.money import (
    PaymentFilter,
    batch_payments,
    batch_view,
    batches,
    budgets,
    my_awards,
    my_payments,
    payment_sums,
    payments_page,
    ready_groups,
)
from policy_engine.delivery.views.personal import (
    claim_detail,
    inbox_offers,
    my_accounts,
    my_claims,
    offer_detail,
)
from policy_engine.delivery.views.ratings import rating_figures, rating_task, rating_tasks
from policy_engine.delivery.views.reconciliation import differences_of_day, reconciled_days
from policy_engine.delivery.views.records import decision_file
from policy_engine.delivery.views.rights import (
    QUESTIONS,
    due_to_family,
    losses_held,
    my_overpayments,
    overpayment_for_person,
    overpayment_for_seat,
    overpayments_at,
    rights_in_question,
)
from policy_engine.delivery.views.work import (
    WorkFilter,
    WorkPage,
    chosen_work,
    work_list,
    work_page,
)

__all__ = [
    "QUESTIONS",
    "MovementView",
    "PaymentFilter",
    "PaymentTrail",
    "WorkFilter",
    "WorkPage",
    "batch_payments",
    "batch_view",
    "batches",
    "budgets",
    "chosen_work",
    "claim_detail",
    "claim_file",
    "decision_evidence",
    "decision_file",
    "differences_of_day",
    "due_to_family",
    "inbox_offers",
    "losses_held",
    "movement_evidence",
    "my_accounts",
    "my_awards",
    "my_claims",
    "my_overpayments",
    "my_payments",
    "offer_detail",
    "overpayment_for_person",
    "overpayment_for_seat",
    "overpayments_at",
    "payment_sums",
    "payment_trail",
    "payments_page",
    "rating_figures",
    "rating_task",
    "rating_tasks",
    "ready_groups",
    "reconciled_days",
    "rights_in_question",
    "work_list",
    "work_page",
]
