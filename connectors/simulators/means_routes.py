"""The simulated means-test centre: takes inquiries, and answers when its sources have had their days.

What people have is made up from their number, so that a person is as rich tomorrow as today; homes and wages that the
simulated departments know of count as they stand there.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from connectors.means_test.messages import IncomeItem, MeansInquiry, MeansQuestion, MeansState, Source
from connectors.simulators.guards import fail_on_purpose, require_token
from connectors.simulators.refusals import Refused
from connectors.simulators.world import World
from kernel.clock import business_date

SYSTEM = "means_test"
_PENSION_AGE, _OLD_AGE = 60, 80
#: How long each source takes.
DAYS: dict[Source, int] = {"social_insurance": 1, "subsidies": 1, "tax": 2, "housing": 3, "banks": 4}


@post("/inquiries", status_code=200, sync_to_thread=True, summary="Hand in an inquiry")
def submit(data: JSONBody[MeansInquiry], world: NamedDependency[World]) -> MeansState:
    """The same number is the same inquiry; its content must not differ."""
    if world.store.row("SELECT 1 FROM person WHERE id_number = ?", data.id_number) is None:
        raise Refused("person_unknown", "查无此人", status=422)
    with world.store.transaction() as store:
        known = store.row("SELECT * FROM means_inquiry WHERE number = ?", data.number)
        if known is None:
            store.run(
                "INSERT INTO means_inquiry (number, source, id_number, accepted_at) VALUES (?, ?, ?, ?)",
                data.number,
                data.source,
                data.id_number,
                world.clock.now().isoformat(),
            )
        elif (known["source"], known["id_number"]) != (data.source, data.id_number):
            raise Refused("number_taken", "同一编号已用于另一查询", status=422)
    return _state(data.number, world)


@post("/inquiries/query", status_code=200, sync_to_thread=True, summary="What came of an inquiry")
def query(data: JSONBody[MeansQuestion], world: NamedDependency[World]) -> MeansState:
    return _state(data.number, world)


def _state(number: str, world: World) -> MeansState:
    known = world.store.row("SELECT * FROM means_inquiry WHERE number = ?", number)
    if known is None:
        return MeansState(number, "unknown")
    source: Source = known["source"]
    ready_at = datetime.fromisoformat(known["accepted_at"]) + timedelta(days=DAYS[source])
    now = world.clock.now()
    if now < ready_at:
        return MeansState(number, "pending")
    id_number = known["id_number"]
    chance = int.from_bytes(hashlib.sha256(f"{source}/{id_number}".encode()).digest()[:4])
    if source == "banks":
        assets = sum(
            row["balance_fen"]
            for row in world.store.rows("SELECT * FROM account WHERE holder_identifier = ?", id_number)
        )
        return _answered(number, now, assets_fen=assets + chance % 3_000_000)
    if source == "housing":
        is_owner = world.desk.newest("housing", id_number, ("home_registered",)) is not None
        return _answered(number, now, homes=int(is_owner))
    if source == "tax":
        return _answered(number, now, {"经营收入": chance % 40_000})
    age = business_date(now).year - int(id_number[6:10])
    if source == "social_insurance":
        return _answered(number, now, _insured(chance, age))
    return _answered(number, now, _subsidies(world, id_number, chance, age))


def _insured(chance: int, age: int) -> dict[str, int]:
    """Wages under sixty; then a worker's pension for some, the residents' basic pension for the others."""
    if age < _PENSION_AGE:
        return {"工资和劳务收入": chance % 250_000}
    return {"职工养老金": 120_000 + chance % 130_000} if chance % 3 == 0 else {"城乡居民基础养老金": 15_900}


def _subsidies(world: World, id_number: str, chance: int, age: int) -> dict[str, int]:
    """What public bodies pay as allowances, and a few kinds that hardly anybody has."""
    found = {"高龄津贴": 6_000} if age >= _OLD_AGE else {}
    if world.desk.newest("disabled_federation", id_number, ("certificate_issued",)) is not None:
        found["困难残疾人生活补贴"] = 5_000
    if chance % 23 == 0:
        found["优待抚恤金"] = 50_000 + chance % 50_000
    return found


def _answered(
    number: str,
    now: datetime,
    income: Mapping[str, int] = MappingProxyType({}),
    *,
    assets_fen: int = 0,
    homes: int = 0,
) -> MeansState:
    return MeansState(
        number,
        "answered",
        as_of=business_date(now),
        monthly_income=_yuan(sum(income.values())),
        income=tuple(IncomeItem(kind, _yuan(fen)) for kind, fen in income.items()),
        assets=_yuan(assets_fen),
        homes=homes,
    )


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


means_router = Router(
    f"/{SYSTEM}",
    route_handlers=[submit, query],
    guards=[require_token(SYSTEM)],
    before_request=fail_on_purpose(SYSTEM),
    tags=[SYSTEM],
)
