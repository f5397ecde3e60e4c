"""Who may sit down at a seat: officials prove themselves twice.

The demonstration lets its officials in with a password, and says so on the page; whoever of them has enrolled a second
factor is asked for it there too. A home with its own ``assurance.yaml`` is no playground: there it holds for all.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from identity.accounts import factors, repository
from identity.accounts.assurance import FILE, assurance_of
from identity.passkeys import service as passkeys
from identity.sessions.models import IdentitySession
from kernel.house import House


def may_take_seat(session: Session, sign_in: IdentitySession, *, house: House, now: datetime) -> bool:
    """Whether this sign-in is strong enough for a seat."""
    account = repository.get(session, sign_in.subject_id)
    if account is None:
        return False
    if is_lenient(house) and not _has_second_factor(session, sign_in.subject_id):
        return True
    return assurance_of(house).may_take_seat(account, sign_in.methods, now)


def _has_second_factor(session: Session, subject_id: int) -> bool:
    return factors.has_totp(session, subject_id) or bool(passkeys.usable_of(session, subject_id))


def is_lenient(house: House) -> bool:
    """Whether seats are open to a password alone, as in a demonstration."""
    return house.settings.is_demo and not (house.settings.home / FILE).exists()
