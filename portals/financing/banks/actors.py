"""Who works on a bank's side: an officer on a seat of the bank, or the bank's own system in an officer's name.

Both do the same acts. ``officer`` is whose hand it was, the same for the same person whatever seat they sit on, so that
nobody approves what they worked on themselves.
"""

import msgspec

from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.web.principal import Duty, Principal
from portals.financing.access import institution_of
from portals.financing.demands.schemas import Actor

WORK: Duty = "financing.work"
APPROVE: Duty = "financing.approve"


class BankActor(msgspec.Struct, frozen=True, kw_only=True):
    """``code`` is the bank. For its system ``subject_id`` and ``seat_id`` are nothing, and the bank answers for duties."""

    code: str
    officer: str
    name: str
    duties: frozenset[str]
    client_id: str
    subject_id: int | None = None
    seat_id: int | None = None

    @property
    def is_system(self) -> bool:
        return self.seat_id is None

    @property
    def step(self) -> Actor:
        """The same as ``demands`` knows who moves an application."""
        return Actor(
            side="bank",
            institution=self.code,
            subject_id=self.subject_id,
            seat_id=self.seat_id,
            client_id=self.client_id,
        )

    def require(self, *duties: Duty) -> None:
        """Raises ``Forbidden`` without one of these."""
        if not self.duties.intersection(duties):
            raise Forbidden(_("您所在的席位没有这项职责。如有需要，请联系本机构管理员。"))


def officer_of(principal: Principal) -> BankActor:
    """Raises ``Forbidden`` for anybody who sits on no seat of a bank."""
    bank = institution_of(principal, WORK, APPROVE)
    if bank.kind != "bank" or principal.seat is None:
        raise Forbidden(_("这里供银行的工作人员使用。请切换到您在银行的席位。"))
    return BankActor(
        code=bank.code,
        officer=f"person:{principal.subject_id}",
        name=principal.name,
        duties=principal.seat.duties,
        client_id=principal.client_id,
        subject_id=principal.subject_id,
        seat_id=principal.seat.id,
    )


def system_of(code: str, client_id: str, officer: str) -> BankActor:
    """The bank's system, in the name of one of its officers by the bank's own number."""
    return BankActor(
        code=code,
        officer=f"staff:{officer}",
        name=officer,
        duties=frozenset({WORK, APPROVE}),
        client_id=client_id,
    )
