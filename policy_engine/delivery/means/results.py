"""What a check found of a household together, and how it becomes known to the policies until the authorisation ends."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from policy_engine.delivery.means.models import MeansCheck
from policy_engine.delivery.ports import Ports
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes

SOURCE = "means_test"
INCOME, ASSETS = "household.monthly_income", "household.assets"
#: How long a result counts; the authorisation says so.
VALID_DAYS = 180


class MeansResult(msgspec.Struct, frozen=True, kw_only=True):
    """Of the household together; ``missing`` names what did not answer."""

    monthly_income_fen: int
    assets_fen: int
    homes: int
    members: int
    missing: tuple[str, ...]


def result_of(ports: Ports, check: MeansCheck) -> MeansResult | None:
    """The result while it counts."""
    if check.result_sealed is None:
        return None
    opened = ports.vault.open(check.result_sealed, context=f"means_check/result_sealed/{check.id}")
    return msgspec.json.decode(opened, type=MeansResult)


def seal_result(ports: Ports, check: MeansCheck, result: MeansResult) -> bytes:
    content = msgspec.json.encode(result).decode()
    return ports.vault.seal(content, context=f"means_check/result_sealed/{check.id}")


def learn(session: Session, check: MeansCheck, result: MeansResult, *, now: datetime) -> None:
    """The household's unknown facts become known, until the authorisation ends."""
    known = profiles.load_subjects(session, {check.household_id}).get(check.household_id)
    if known is None or known.kind != "household":
        return
    told = [
        FactChange(
            subject_id=check.household_id,
            attribute=attribute,
            value=value,
            source=SOURCE,
            event_id=f"means/{check.id}",
            observed_at=now,
            valid_until=check.valid_until_on,
        )
        for attribute, value in ((INCOME, result.monthly_income_fen), (ASSETS, result.assets_fen))
    ]
    apply_changes(session, told, now=now)
