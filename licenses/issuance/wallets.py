"""The holder's view of the wallets that hold a licence, and the way to take it out of one."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Literal, cast

import msgspec
from sqlalchemy.orm import Session

from kernel.audit import record
from kernel.errors import Conflict, NotFound
from kernel.house import House
from kernel.web.principal import Principal
from licenses.issuance import repository
from licenses.issuance.errors import ProtocolError
from licenses.issuance.models import LicenceWallet
from licenses.issuance.offers import Allowed
from licenses.issuance.signed_in import grant_key
from licenses.status_list import touch
from licenses.wallet import owned

#: As the wallet told it (OpenID4VCI §11), or the holder did.
WalletState = Literal["issued", "accepted", "failed", "deleted", "removed"]
EVENTS: dict[str, WalletState] = {
    "credential_accepted": "accepted",
    "credential_failure": "failed",
    "credential_deleted": "deleted",
}


class WalletView(msgspec.Struct, frozen=True):
    """``is_name_known``: the name of a registered wallet; otherwise it is as the holder called it."""

    id: uuid.UUID
    name: str
    is_name_known: bool
    state: WalletState
    copies: int
    added_at: datetime
    removed_at: datetime | None


def wallets_of(session: Session, holder_ids: Collection[int], licence_id: uuid.UUID) -> list[WalletView]:
    """Every wallet the licence was added to, the newest first. Raises ``NotFound`` for somebody else's licence."""
    owned(session, holder_ids, licence_id)
    return [_view(wallet, count) for wallet, count in repository.wallets_of(session, licence_id)]


def remove_wallet(
    session: Session,
    house: House,
    holder_ids: Collection[int],
    licence_id: uuid.UUID,
    wallet_id: uuid.UUID,
    *,
    by: int,
) -> None:
    """The copies in it are invalid at once, wherever they are. Raises ``NotFound``, or ``Conflict`` the second time."""
    owned(session, holder_ids, licence_id)
    if wallet_id not in {wallet.id for wallet, _count in repository.wallets_of(session, licence_id)}:
        raise NotFound("没有这个钱包。")
    if not _end(session, house, wallet_id, licence_id, "removed"):
        raise Conflict("这份证照已经从这个钱包移除。")
    record(
        session,
        actor=f"holder:{by}",
        action="licence.wallet_removed",
        object_kind="licence_wallet",
        object_id=wallet_id,
        detail={"licence": str(licence_id)},
        now=house.clock.now(),
    )


def hear(
    session: Session, house: House, bearer: Allowed | Principal, notification_id: str, event: str
) -> None:
    """What became of the copies in the wallet (§11.1); said twice it is the same. Copies that were not kept end at once.

    Raises ``ProtocolError`` for an id that this token's wallet did not get.
    """
    wallet = repository.by_notification(session, house.vault.hash_token(notification_id))
    if wallet is None or wallet.grant_key != house.vault.hash_token(_grant_key(bearer, wallet)):
        raise ProtocolError("invalid_notification_id", "The notification_id is unknown.")
    state = EVENTS[event]
    if wallet.removed_at is not None:
        return
    if state == "accepted":
        wallet.state = state
    else:
        _end(session, house, wallet.id, wallet.licence_id, state)


def _grant_key(bearer: Allowed | Principal, wallet: LicenceWallet) -> str:
    return bearer.grant_key if isinstance(bearer, Allowed) else grant_key(bearer, str(wallet.licence_id))


def _end(
    session: Session, house: House, wallet_id: uuid.UUID, licence_id: uuid.UUID, state: WalletState
) -> bool:
    if not repository.remove(session, wallet_id, licence_id, state, house.clock.now()):
        return False
    touch(session, "wallets", repository.sequences_in(session, wallet_id))
    return True


def _view(wallet: LicenceWallet, count: int) -> WalletView:
    return WalletView(
        wallet.id,
        wallet.name,
        wallet.client_id is not None,
        cast(WalletState, wallet.state),
        count,
        wallet.added_at,
        wallet.removed_at,
    )
