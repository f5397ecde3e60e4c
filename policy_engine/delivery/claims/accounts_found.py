"""免申即享 asks nobody, so the bank is asked behind the claim whether its subject's registered account is theirs.

Until it answers the claim goes its way without an account; money that is due meanwhile waits, and is paid when it has.
"""

import uuid
from collections.abc import Mapping

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.crypto import Vault
from kernel.database import Database
from kernel.outbox import Handler, Message
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards.service import pay_into
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.service import CHECK_ACCOUNT
from policy_engine.delivery.ports import AccountCheck, Ports
from policy_engine.delivery.states import AwardState


def handlers(
    database: Database, clock: Clock, vault: Vault, ports: Ports, bank: AccountCheck
) -> Mapping[str, Handler]:
    """What the worker calls; a bank that does not answer is asked again by the outbox."""

    def check(message: Message) -> None:
        claim_id = uuid.UUID(message.payload["claim_id"])
        with database.read() as session:
            claim = repository.get_claim(session, claim_id)
            if claim is None or claim.account_id is not None:
                return
            holders = accounts.holders_for(session, ports, claim.subject_id, clock.now())
            asked = [one.id for one in accounts.unchecked_accounts(session, holders, clock.now())]
        for account_id in asked:
            accounts.verify_account(database, vault, bank, account_id, clock_now=clock.now)
            with database.write() as session:
                if _use_what_is_usable(session, ports, clock, claim_id):
                    return

    return {CHECK_ACCOUNT: check}


def _use_what_is_usable(session: Session, ports: Ports, clock: Clock, claim_id: uuid.UUID) -> bool:
    """Whether the claim has an account now; one that its people named meanwhile stays."""
    now = clock.now()
    claim = repository.lock_claim(session, claim_id)
    if claim is None or claim.account_id is not None:
        return True
    holders = accounts.holders_for(session, ports, claim.subject_id, now)
    account = next(iter(accounts.usable_accounts(session, holders, now)), None)
    if account is None:
        return False
    _pay_into(session, claim, account, clock)
    return True


def _pay_into(session: Session, claim: Claim, account: PayeeAccount, clock: Clock) -> None:
    now = clock.now()
    claim.account_id, claim.payee_id, claim.updated_at = account.id, account.subject_id, now
    found = award_rows.of_claim(session, claim.id)
    award = None if found is None else award_rows.lock_award(session, found.id)
    if award is not None and award.account_id is None and award.state != AwardState.ENDED:
        pay_into(session, award, account, SYSTEM, now=now)
    else:
        accounts.flag_if_crowded(session, account, now=now)
