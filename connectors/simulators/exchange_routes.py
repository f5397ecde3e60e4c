"""The simulated provincial exchange: answers queries under a grant from the simulated departments, signed, once each."""

from typing import Any

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from connectors.events.signing import sign
from connectors.exchange.messages import ExchangeAnswer, ExchangeQuestion, SignedAnswer
from connectors.simulators.guards import fail_on_purpose, require_token
from connectors.simulators.refusals import Refused
from connectors.simulators.world import World

SYSTEM = "exchange"
#: Data set -> (department, kind of record) of the simulated world.
RECORDS = {
    "marriage-register": ("civil_affairs", "marriage_registered"),
    "property-register": ("housing", "home_registered"),
    "student-register": ("education", "student_enrolled"),
}


@post("/queries", status_code=200, sync_to_thread=True, summary="One query under a grant")
def ask(data: JSONBody[ExchangeQuestion], world: NamedDependency[World]) -> SignedAnswer:
    now = world.clock.now()
    known = _record(data, world)
    record = {name: str(known[name]) for name in data.fields if known.get(name) is not None}
    answer = ExchangeAnswer(data.query_id, f"R-{data.query_id}", now, record)
    body = msgspec.json.encode(answer)
    key = next(one for one in world.settings.outside.systems[SYSTEM].signing_keys if one.is_live(now))
    return SignedAnswer(body.decode(), sign(key, data.query_id, body, now=now))


def _record(question: ExchangeQuestion, world: World) -> dict[str, Any]:
    if question.dataset == "household-register":
        row = world.store.row("SELECT * FROM person WHERE id_number = ?", question.identifier)
        if row is None:
            return {}
        return {
            "xm": row["name"],
            "hh": row["household_number"],
            "hjxzqh": row["division"],
            "hklbdm": row["register_kind"],
        }
    if question.dataset not in RECORDS:
        raise Refused("dataset_withheld", "该数据集不予共享", status=422)
    department, kind = RECORDS[question.dataset]
    found = world.desk.newest(department, question.identifier, (kind,))
    return {} if found is None else msgspec.json.decode(found["message"])


exchange_router = Router(
    "/exchange",
    route_handlers=[ask],
    guards=[require_token(SYSTEM)],
    before_request=fail_on_purpose(SYSTEM),
    tags=["exchange"],
)
