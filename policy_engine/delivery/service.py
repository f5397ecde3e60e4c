"""Everything other packages may call of delivery. Take ``(session, ports, …)``, never commit, raise ``kernel.errors``.

``verify_account`` alone talks to the outside: it takes the database, opens its own transactions, and is called before
``confirm`` and never inside a transaction.
"""

from policy_engine.delivery.accounts.enrolment import enrol_account
from policy_engine.delivery.accounts.service import add_account, choices_for, verify_account
from policy_engine.delivery.awards.adjusting import adjust_award, adjust_raised
from policy_engine.delivery.awards.deaths import (
    confirm_deaths,
    stop_for_deaths,
    suspend_for_death,
    undo_death,
)
from policy_engine.delivery.awards.hearing import end_award, restore_award
from policy_engine.delivery.awards.heirs import decide_heir, name_heir
from policy_engine.delivery.awards.losses import decide_losses
from policy_engine.delivery.awards.service import create_due_payments, name_account
from policy_engine.delivery.claims.appeals import appeal, decide_appeal
from policy_engine.delivery.claims.handing import delegate, send_back, take_back
from policy_engine.delivery.claims.objections import record_objection, settle_objection
from policy_engine.delivery.claims.opinions import (
    Stance,
    ask_opinion,
    give_opinion,
    remind_of_opinions,
    take_back_question,
)
from policy_engine.delivery.claims.review import (
    act_on_claim,
    close_notices,
    hold_claim,
    resume_claim,
)
from policy_engine.delivery.claims.separation import ACTIONS, Action
from policy_engine.delivery.claims.service import apply_anyway, confirm, submit_supplement, withdraw_claim
from policy_engine.delivery.claims.together import BatchOutcome, decide_batch
from policy_engine.delivery.jobs import SCHEDULES, build_handlers
from policy_engine.delivery.ledger.closing import decide as decide_closing
from policy_engine.delivery.ledger.closing import preview as preview_closing
from policy_engine.delivery.ledger.closing import propose as propose_closing
from policy_engine.delivery.ledger.service import appropriate, defects, open_budget
from policy_engine.delivery.ledger.service import reduce as reduce_budget
from policy_engine.delivery.offers.answers import decline, open_offer
from policy_engine.delivery.offers.reach import hold_claims_of_recalled, lapse_offers, recall, widen_rollout
from policy_engine.delivery.offers.service import Reconciled, reconcile
from policy_engine.delivery.payments.batches import approve_batch, release_payment
from policy_engine.delivery.payments.orders import ask_soon
from policy_engine.delivery.payments.reserving import reserve_waiting
from policy_engine.delivery.payments.runs import plan as plan_run
from policy_engine.delivery.payments.runs import resume as resume_run
from policy_engine.delivery.payments.runs import take_out as take_out_of_run
from policy_engine.delivery.payments.runs import withdraw as withdraw_run
from policy_engine.delivery.reconciliation.jobs import reconcile as reconcile_with_bank
from policy_engine.delivery.reconciliation.service import explain as explain_difference
from policy_engine.delivery.recovery.deciding import agree_instalments, write_off
from policy_engine.delivery.recovery.deciding import decide as decide_overpayment
from policy_engine.delivery.recovery.deciding import undo as undo_overpayment
from policy_engine.delivery.recovery.notices import state_ones_view
from policy_engine.delivery.recovery.repaying import record_repayment

__all__ = [
    "ACTIONS",
    "SCHEDULES",
    "Action",
    "BatchOutcome",
    "Reconciled",
    "Stance",
    "act_on_claim",
    "add_account",
    "adjust_award",
    "adjust_raised",
    "agree_instalments",
    "appeal",
    "apply_anyway",
    "appropriate",
    "approve_batch",
    "ask_opinion",
    "ask_soon",
    "build_handlers",
    "choices_for",
    "close_notices",
    "confirm",
    "confirm_deaths",
    "create_due_payments",
    "decide_appeal",
    "decide_batch",
    "decide_closing",
    "decide_heir",
    "decide_losses",
    "decide_overpayment",
    "decline",
    "defects",
    "delegate",
    "end_award",
    "enrol_account",
    "explain_difference",
    "give_opinion",
    "hold_claim",
    "hold_claims_of_recalled",
    "lapse_offers",
    "name_account",
    "name_heir",
    "open_budget",
    "open_offer",
    "plan_run",
    "preview_closing",
    "propose_closing",
    "recall",
    "reconcile",
    "reconcile_with_bank",
    "record_objection",
    "record_repayment",
    "reduce_budget",
    "release_payment",
    "remind_of_opinions",
    "reserve_waiting",
    "restore_award",
    "resume_claim",
    "resume_run",
    "send_back",
    "settle_objection",
    "state_ones_view",
    "stop_for_deaths",
    "submit_supplement",
    "suspend_for_death",
    "take_back",
    "take_back_question",
    "take_out_of_run",
    "undo_death",
    "undo_overpayment",
    "verify_account",
    "widen_rollout",
    "withdraw_claim",
    "withdraw_run",
    "write_off",
]
