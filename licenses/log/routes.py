"""The log for anyone: its signed heads, proofs over it, its leaves, and a page that says what it is good for."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.house import House
from kernel.transparency import proofs, repository
from kernel.transparency.anchors import AnchoredHead
from kernel.transparency.heads import Head, SignedHead, claimed
from kernel.transparency.proofs import Consistency, Inclusion
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest
from licenses.log.anchoring import anchor_of
from licenses.log.signing import LogKeys, log_keys

MOST_LEAVES = 1000
MOST_ANCHORS = 100
#: More than any log will ever hold, and a number that every database takes.
BEYOND = 2**47


class HeadView(msgspec.Struct, frozen=True):
    """``head`` in the open, and the same signed."""

    head: Head
    signed: SignedHead


class Leaves(msgspec.Struct, frozen=True):
    """Commitments from ``start`` on, hexadecimal: a leaf hash is the hash of 0x00 and one of these."""

    start: int
    commitments: list[str]


@get("/log/head", sync_to_thread=True, tags=["log"], summary="The newest signed head")
def newest_head(house: NamedDependency[House]) -> HeadView:
    with house.database.read() as session:
        return _view(proofs.signed(proofs.latest(session)))


@get("/log/heads/{size:int}", sync_to_thread=True, tags=["log"], summary="The signed head of a size")
def earlier_head(size: FromPath[int], house: NamedDependency[House]) -> HeadView:
    if not 0 < size < BEYOND:
        raise NotFound("没有这个大小的已签名树头。")
    with house.database.read() as session:
        return _view(proofs.signed(proofs.head_at(session, size)))


@get("/log/inclusion", sync_to_thread=True, tags=["log"], summary="That a leaf is in the tree")
def prove_inclusion(
    house: NamedDependency[House], leaf: FromQuery[int], size: FromQuery[int | None] = None
) -> Inclusion:
    """RFC 9162 §2.1.3; up to the newest signed head unless ``size`` says otherwise."""
    with house.database.read() as session:
        return proofs.inclusion(session, leaf, size)


@get("/log/consistency", sync_to_thread=True, tags=["log"], summary="That the log only grew")
def prove_consistency(
    house: NamedDependency[House], first: FromQuery[int], second: FromQuery[int | None] = None
) -> Consistency:
    """RFC 9162 §2.1.4; up to the newest signed head unless ``second`` says otherwise."""
    with house.database.read() as session:
        return proofs.consistency(session, first, second)


@get("/log/leaves", sync_to_thread=True, tags=["log"], summary="The leaves, for whoever keeps watch")
def read_leaves(
    house: NamedDependency[House],
    start: FromQuery[int] = 0,
    count: FromQuery[int] = MOST_LEAVES,
) -> Leaves:
    if not 0 <= start < BEYOND or not 1 <= count <= MOST_LEAVES:
        wanted = [FieldError("start", "应不小于0"), FieldError("count", f"应为1至{MOST_LEAVES}")]
        raise InvalidInput("要读的范围不对。", errors=wanted)
    with house.database.read() as session:
        found = repository.commitments(session, start, count)
        return Leaves(start, [one.hex() for one in found])


@get("/log/keys", sync_to_thread=True, tags=["log"], summary="The keys that sign heads")
def head_keys(house: NamedDependency[House]) -> LogKeys:
    with house.database.read() as session:
        return log_keys(session)


@get("/log/anchors", sync_to_thread=True, tags=["log"], summary="Heads that are kept outside the store")
def anchored_heads(house: NamedDependency[House]) -> list[AnchoredHead]:
    """The newest hundred, the oldest of them first."""
    return list(anchor_of(house).heads())[-MOST_ANCHORS:]


@get("/log", sync_to_thread=True, include_in_schema=False)
def log_page(
    request: WebRequest, pages: NamedDependency[Pages], house: NamedDependency[House]
) -> Response[str]:
    with house.database.read() as session:
        newest = repository.latest_head(session)
    anchors = list(anchor_of(house).heads())
    return pages.page(
        request,
        "licenses/log.html",
        head=None if newest is None else claimed(newest.jws),
        anchored=anchors[-1] if anchors else None,
        anchored_head=claimed(anchors[-1].head.jws) if anchors else None,
    )


def _view(signed: SignedHead) -> HeadView:
    return HeadView(claimed(signed.jws), signed)


HANDLERS = [
    newest_head,
    earlier_head,
    prove_inclusion,
    prove_consistency,
    read_leaves,
    head_keys,
    anchored_heads,
    log_page,
]
