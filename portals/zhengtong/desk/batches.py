"""Pages of deciding many claims at once: preview with a forced sample, then the outcome of each."""

import random
import uuid

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kernel.errors import InvalidInput
from portals.zhengtong import forms, words
from portals.zhengtong.access import on_a_seat
from portals.zhengtong.desk import batching
from portals.zhengtong.desk.facts import named_facts
from portals.zhengtong.forms import Form
from portals.zhengtong.visit import Given, Said, Visit, Visiting

#: Nobody may foresee which files are drawn.
CHANCE = random.SystemRandom()


@post("/todo/batches", status_code=303, sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def prepare(services: Given, principal: Said, data: Form) -> Redirect:
    """Keep what was ticked and lead to its preview."""
    prepared = batching.prepare(
        services,
        principal,
        forms.numbers(data, "claim"),
        forms.one(data, "action"),
        forms.one(data, "reason"),
        CHANCE,
    )
    return Redirect(f"/zhengtong/todo/batches/{prepared.id}", status_code=303)


@get("/todo/batches/{batch_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def preview(visit: Visiting, batch_id: FromPath[uuid.UUID]) -> Response[str]:
    """What will be done, and the sample to read."""
    return _preview_page(visit, batch_id)


@post(
    "/todo/batches/{batch_id:uuid}",
    status_code=200,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[on_a_seat],
)
def decide(visit: Visiting, batch_id: FromPath[uuid.UUID], data: Form) -> Response[str]:
    """Do it, and say what became of each."""
    try:
        results = batching.decide(visit.services, visit.principal, batch_id, forms.numbers(data, "read"))
    except InvalidInput as problem:
        return _preview_page(visit, batch_id, problem=problem.detail, status=400)
    return visit.page(
        "zhengtong/desk/batch_done.html",
        results=results,
        done=sum(not result.problem for result in results),
    )


def _preview_page(
    visit: Visit, batch_id: uuid.UUID, *, problem: str = "", status: int = 200
) -> Response[str]:
    shown = batching.preview(visit.services, visit.principal, batch_id)
    return visit.page(
        "zhengtong/desk/batch.html",
        status=status,
        batch=shown,
        sample=[(file, named_facts(file)) for file in shown.sample],
        actions=words.CLAIM_ACTIONS,
        problem=problem,
    )


HANDLERS = [prepare, preview, decide]
