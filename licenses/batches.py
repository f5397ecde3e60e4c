"""Bulk issue: a list of holders and fields, chunk by chunk, each chunk one transaction, begun again where it stopped."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.audit import record
from kernel.errors import Conflict, DongchuError, InvalidInput
from kernel.house import House
from kernel.ids import new_id
from kernel.outbox import enqueue, enqueue_many
from kernel.transparency import Recorded, record_many
from kernel.web.principal import Principal
from licenses import repository
from licenses.catalogue import LicenceType, licence_type
from licenses.log.sources import ACT, act_content
from licenses.models import Licence, LicenceBatch, LicenceOperation
from licenses.recording import FACTS_TOPIC, actor_name
from licenses.seal import Signer
from licenses.states import LicenceState, Operation
from licenses.status_list import tell_changed
from licenses.trust import require_may_issue
from licenses.writing import Writer, content, facts_payload, number, numbers_of

#: Of a chunk, to be told of: by message, so that the list does not wait for inboxes.
ISSUED_TOPIC = "licence.issued"
#: About fifty milliseconds of the writer on SQLite: other people's transactions come between.
CHUNK = 128
#: So many SM2 seals are one piece of work: handing each over by itself costs a tenth of making it.
SEALS_AT_ONCE = 16
REFUSALS_KEPT = 1000


class BatchRow(msgspec.Struct, frozen=True):
    """One holder, by the national number or the credit code, and what the licence says."""

    identifier: str
    fields: dict[str, Any]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """``refusals``: (row, why) of those that could not be issued, rows counted from one."""

    total: int
    done: int
    issued: int
    unchanged: int
    refusals: list[tuple[int, str]]


def issue_batch(
    house: House,
    *,
    type_id: str,
    key: str,
    rows: Sequence[BatchRow],
    actor: Principal | str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> BatchResult:
    """Issue to everyone on the list, once for ever under ``key``: interrupted, it goes on where it stopped; finished,
    it answers as before. A row that does not fit is refused by itself.

    Opens transactions of its own. Raises ``Conflict`` when the key was used for another list, ``Forbidden`` for who may
    not issue this type.
    """
    kind = licence_type(type_id)
    require_may_issue(actor, kind, kind.issuer, house.clock.today())
    if kind.is_plural:
        raise InvalidInput("一人可持有多份的证照请逐份签发。")
    digest = hashlib.sha256(msgspec.json.encode(rows)).hexdigest()
    with house.database.write() as session:
        _open(session, house, kind, key, digest, len(rows), actor)
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="dongchu-seal") as beside:
        while True:
            with house.database.write(timeout=60) as session:
                batch = repository.batch_by_key(session, key, for_update=True)
                if batch is None or batch.digest != digest:
                    raise Conflict("这个批次号已用于另一份名单，请换一个批次号。")
                if batch.done < batch.total:
                    _issue_chunk(session, house, kind, batch, rows[batch.done : batch.done + CHUNK], beside)
                    _close_if_done(session, house, batch, actor)
                result = _result(batch)
            on_progress(result.done, result.total)
            if result.done >= result.total:
                return result


def _open(
    session: Session,
    house: House,
    kind: LicenceType,
    key: str,
    digest: str,
    total: int,
    actor: Principal | str,
) -> None:
    if not 0 < len(key) <= 80:
        raise InvalidInput("请给这一批起一个不超过80字的批次号。")
    if repository.batch_by_key(session, key) is None:
        session.add(
            LicenceBatch(
                id=new_id(),
                type_id=kind.id,
                key=key,
                digest=digest,
                actor=actor_name(actor),
                total=total,
                done=0,
                issued=0,
                unchanged=0,
                refusals=[],
                created_at=house.clock.now(),
            )
        )


def _issue_chunk(
    session: Session,
    house: House,
    kind: LicenceType,
    batch: LicenceBatch,
    chunk: Sequence[BatchRow],
    beside: Executor,
) -> None:
    scheme = "id_number" if kind.holder == "person" else "uscc"
    refused: list[tuple[int, str]] = []
    wanted: dict[int, tuple[int, BatchRow]] = {}
    holders = registry.find_many(session, scheme, [row.identifier for row in chunk], vault=house.vault)
    for place, row in enumerate(chunk, batch.done + 1):
        holder_id = holders.get(row.identifier)
        fault = _fault(kind, row, holder_id, wanted)
        if fault is not None or holder_id is None:
            refused.append((place, fault or ""))
        else:
            wanted[holder_id] = (place, row)
    former = repository.current_of_many(session, wanted.keys(), kind.id)
    for holder_id, licence in former.items():
        if licence.state == LicenceState.WITHHELD:
            refused.append((wanted.pop(holder_id)[0], "持有人的证照正在暂扣"))
    kept = {
        holder_id: row
        for holder_id, (_place, row) in wanted.items()
        if holder_id not in former or not _is_same(house, former[holder_id], row)
    }
    _write(session, house, kind, batch, kept, former, beside)
    batch.done += len(chunk)
    batch.issued += len(kept)
    batch.unchanged += len(wanted) - len(kept)
    batch.refusals = [*batch.refusals, *sorted(refused)][:REFUSALS_KEPT]


def _fault(
    kind: LicenceType, row: BatchRow, holder_id: int | None, wanted: dict[int, tuple[int, BatchRow]]
) -> str | None:
    if holder_id is None:
        return "没有查到这个号码的持有人"
    if holder_id in wanted:
        return "名单中重复"
    try:
        kind.check_fields(row.fields)
    except DongchuError as error:
        return "；".join([error.detail, *(one.what for one in error.errors)])
    return None


def _is_same(house: House, licence: Licence, row: BatchRow) -> bool:
    if licence.state != LicenceState.VALID or content(house, licence).fields != row.fields:
        return False
    return licence.valid_until is None or licence.valid_until >= house.clock.today()


def _write(
    session: Session,
    house: House,
    kind: LicenceType,
    batch: LicenceBatch,
    kept: dict[int, BatchRow],
    former: dict[int, Licence],
    beside: Executor,
) -> None:
    """Signed rows, their history, their facts and what the log commits to, each in one statement."""
    writer = Writer.open(session, house)
    numbers = _numbers(session, house, kind, kept, former)
    licences = _signed(session, writer, kind, batch, kept, former, numbers, beside)
    history = [_history(one, batch, writer.now) for one in licences]
    messages = [
        (f"subject:{one['holder_id']}", payload)
        for one, act in zip(licences, history, strict=True)
        if (payload := _facts(kind, one, act, kept, numbers, writer.now)) is not None
    ]
    superseded = {one["previous_id"] for one in licences if one["previous_id"] is not None}
    if superseded:
        repository.supersede(session, superseded, writer.now)
        tell_changed(session, {one.id: one.status_index for one in former.values() if one.id in superseded})
    repository.insert_many(session, Licence, licences)
    repository.insert_many(session, LicenceOperation, history)
    enqueue_many(session, FACTS_TOPIC, messages, now=writer.now)
    acts = [
        Recorded(ACT, act["id"], act_content(act, licence))
        for act, licence in zip(history, licences, strict=True)
    ]
    record_many(session, acts, now=writer.now)
    if licences:
        issued = {"licences": [one["id"] for one in licences]}
        enqueue(session, ISSUED_TOPIC, f"licence-batch:{batch.id}", issued, now=writer.now)


def _signed(
    session: Session,
    writer: Writer,
    kind: LicenceType,
    batch: LicenceBatch,
    kept: dict[int, BatchRow],
    former: dict[int, Licence],
    numbers: dict[int, str],
    beside: Executor,
) -> list[dict[str, Any]]:
    """The SM2 seals, which take longer than all the rest together, are made beside it on every processor there is."""
    places = repository.reserve(session, len(kept))
    licences: list[dict[str, Any]] = []
    waiting: list[bytes] = []
    sealing: list[Future[list[bytes]]] = []
    for status_index, (holder_id, row) in zip(places, kept.items(), strict=True):
        before = former.get(holder_id)
        if before is not None and before.state not in (LicenceState.VALID, LicenceState.EXPIRED):
            before = None
        licences.append(
            writer.row(
                kind,
                issuer=kind.issuer,
                holder_id=holder_id,
                number=numbers[holder_id],
                fields=row.fields,
                status_index=status_index,
                former=before,
                source_event=f"batch:{batch.id}:{holder_id}",
                seal=waiting.append,
            )
        )
        if len(waiting) == SEALS_AT_ONCE or len(licences) == len(kept):
            sealing.append(beside.submit(_sealed, writer.signer, waiting))
            waiting = []
    seals = chain.from_iterable(one.result() for one in sealing)
    for licence, seal in zip(licences, seals, strict=True):
        licence["seal"] = seal
    return licences


def _sealed(signer: Signer, payloads: Sequence[bytes]) -> list[bytes]:
    return [signer.sign(one) for one in payloads]


def _facts(
    kind: LicenceType,
    licence: dict[str, Any],
    act: dict[str, Any],
    kept: dict[int, BatchRow],
    numbers: dict[int, str],
    now: datetime,
) -> dict[str, Any] | None:
    holder_id = licence["holder_id"]
    return facts_payload(
        kind,
        act_id=act["id"],
        holder_id=holder_id,
        valid_until=licence["valid_until"],
        fields=kept[holder_id].fields,
        number=numbers[holder_id],
        now=now,
    )


def _numbers(
    session: Session,
    house: House,
    kind: LicenceType,
    kept: dict[int, BatchRow],
    former: dict[int, Licence],
) -> dict[int, str]:
    """A later version keeps its number."""
    new = numbers_of(session, house, kind, [one for one in kept if one not in former])
    return new | {one: number(house, former[one]) for one in kept if one in former}


def _history(licence: dict[str, Any], batch: LicenceBatch, now: datetime) -> dict[str, Any]:
    operation = Operation.ISSUE if licence["previous_id"] is None else Operation.CHANGE
    return {
        "id": new_id(),
        "licence_id": licence["id"],
        "operation": operation.value,
        "state": licence["state"],
        "reason": f"批次 {batch.key}",
        "effective_on": licence["issued_on"],
        "recorded_at": now,
        "actor": batch.actor,
    }


def _close_if_done(session: Session, house: House, batch: LicenceBatch, actor: Principal | str) -> None:
    if batch.done < batch.total:
        return
    batch.finished_at = house.clock.now()
    detail = {"type": batch.type_id, "issued": batch.issued, "unchanged": batch.unchanged}
    record(
        session,
        actor=actor,
        action="licence.batch",
        object_kind="licence_batch",
        object_id=batch.id,
        detail={**detail, "refused": len(batch.refusals)},
        now=house.clock.now(),
    )


def _result(batch: LicenceBatch) -> BatchResult:
    refusals = [(int(place), str(why)) for place, why in batch.refusals]
    return BatchResult(
        total=batch.total,
        done=batch.done,
        issued=batch.issued,
        unchanged=batch.unchanged,
        refusals=refusals,
    )
