"""The door for pushed events: size, signature, form, in this order; what is refused changes nothing but the log."""

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from connectors.events import service, signing
from connectors.events.departments import DEPARTMENTS, Department
from connectors.events.gathering import Gathering
from connectors.settings import ConnectorSettings
from kernel.errors import Conflict, InvalidInput, NotFound, TooManyRequests, Unauthenticated
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.requests import WebRequest

MOST_BYTES: Final = 64 * 1024
#: Events on their way into the store, those that arrive together in one transaction.
Arrivals: TypeAlias = Gathering[service.Incoming, service.Receipt]
#: Refusals noted per department and minute: a stranger must not be able to fill the log.
NOTED_A_MINUTE: Final = 120


@post(
    "/events/{department:str}",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=MOST_BYTES,
    summary="Push one signed event",
    tags=["events"],
)
def receive_event(
    request: WebRequest,
    department: FromPath[str],
    body: RawBody,
    house: NamedDependency[House],
    outside: NamedDependency[ConnectorSettings],
    arrivals: NamedDependency[Arrivals],
) -> Response[bytes]:
    """The same event always gets the same receipt; the same id with other content is a 409."""
    sender = DEPARTMENTS.get(department)
    if sender is None or sender.id not in outside.systems:
        raise NotFound(_("没有这个部门的接口，请核对地址。"))
    signed_id = _verified(request, sender, body, house, outside)
    try:
        read = service.read(
            house.vault, sender, body, came_by="push", now=house.clock.now(), signed_id=signed_id
        )
        receipt = arrivals.take(read)
    except (InvalidInput, Conflict) as refused:
        _note(house, sender, service.reason_of(refused), body, is_genuine=True)
        raise
    return Response(msgspec.json.encode(receipt), media_type="application/json", status_code=200)


def arrivals_of(house: House) -> Arrivals:
    """One for each process and app."""

    def keep(arrived: Sequence[service.Incoming]) -> Sequence[service.Receipt | Exception]:
        with house.database.write() as session:
            return service.keep(session, arrived, now=house.clock.now())

    return Gathering(keep)


def _verified(
    request: WebRequest, sender: Department, body: bytes, house: House, outside: ConnectorSettings
) -> str:
    keys = outside.systems[sender.id].signing_keys
    try:
        return signing.verify(keys, request.headers, body, now=house.clock.now())
    except signing.SignatureRefused as refused:
        _note(house, sender, f"signature: {refused.reason}", body)
        raise Unauthenticated(_("签名未通过验证，请核对密钥、时间戳和签名方法后重新发送。")) from None


def _note(house: House, sender: Department, reason: str, body: bytes, *, is_genuine: bool = False) -> None:
    if house.ephemeral.increment(f"rejected_event:{sender.id}", 60) > NOTED_A_MINUTE:
        raise TooManyRequests(_("被拒绝的事件过多，请先查明原因，一分钟后再发送。"), retry_after=60)
    now = house.clock.now()
    with house.database.write() as session:
        service.reject(
            session,
            house.vault,
            sender.id,
            reason,
            body,
            came_by="push",
            now=now,
            is_genuine=is_genuine,
        )
