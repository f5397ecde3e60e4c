"""How many a policy version would reach, and what that costs, before anybody publishes it."""

import threading
import uuid
from collections.abc import Mapping
from datetime import date

import msgspec
import polars as pl
from sqlalchemy.orm import Session

from kernel.errors import InvalidInput, NotFound
from kernel.house import House
from kernel.i18n import gettext as _
from policy_engine.catalogue import Standing
from policy_engine.compile.names import NotLowerable
from policy_engine.delivery.offers.repository import count_by_state
from policy_engine.matching.bulk import match_city
from policy_engine.matching.full_year import yearly_cost
from policy_engine.matching.simulation import PLACE, Simulation, simulate
from policy_engine.policies import repository
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hashing import document_of
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.published import PublishedPolicies, PublishedSet, for_everybody, with_version
from policy_engine.profiles.snapshot import Snapshot, cached
from portals.shared.places import division_name

#: Months in a period; what is paid once has no monthly cost.
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_COUNTY_DIGITS = 6


class ReachInPlace(msgspec.Struct, frozen=True, kw_only=True):
    """``cost_fen`` per period of the policy."""

    division: str
    name: str
    eligible: int
    unknown: int
    cost_fen: int


class ReachEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a version reaches on a day, by the facts as they are now.

    ``cost_fen`` is for one period, ``monthly_fen`` the same spread over months (null for what is paid once or not at
    all), ``yearly_fen`` what limits and yearly caps let pass in a full year. ``unknown`` are those of whom a fact is
    missing: they are asked, not promised. ``reached`` have heard of the policy already, from this version or an earlier
    one.
    """

    policy_id: str
    version: int
    as_of: date
    facts_sequence: int
    population: int
    eligible: int
    unknown: int
    reached: int
    period: str
    cost_fen: int
    monthly_fen: int | None
    yearly_fen: int
    defects: int
    places: tuple[ReachInPlace, ...]


class Reach:
    """Estimates for one portal; the city's columns are read by one request at a time."""

    def __init__(self, house: House, published: PublishedPolicies) -> None:
        self._house = house
        self._published = published
        self._reading = threading.Lock()

    def of_version(self, version_id: uuid.UUID) -> ReachEstimate:
        """Raises ``NotFound``, and ``InvalidInput`` for a policy that cannot be worked out over the whole city."""
        today = self._house.clock.today()
        with self._house.database.read() as session:
            version = repository.find_version(session, version_id)
            if version is None:
                raise NotFound(_("没有找到这个政策版本。"))
            document = document_of(version)
            as_of = max(today, document.effective_from)
            proposed = with_version(self._published.current(session), document, _standing(version))
            snapshot = self._snapshot(session, as_of)
        return estimate(snapshot, proposed, self._present(version.policy_id), document, as_of)

    def simulate(self, version_id: uuid.UUID, standards: Mapping[str, int]) -> Simulation:
        """The version against what is in force, both for everybody; ``standards`` changed in per mille.

        Raises as ``of_version`` does, and ``InvalidInput`` for a name that is no standard.
        """
        today = self._house.clock.today()
        with self._house.database.read() as session:
            version = repository.find_version(session, version_id)
            if version is None:
                raise NotFound(_("没有找到这个政策版本。"))
            document = document_of(version)
            as_of = max(today, document.effective_from)
            current = self._published.current(session)
            proposed = with_version(current, document, _standing(version))
            snapshot = self._snapshot(session, as_of)
        try:
            return simulate(
                snapshot, for_everybody(current), proposed, document, as_of=as_of, standards=standards
            )
        except KeyError as problem:
            raise InvalidInput(_("没有名为“%(name)s”的标准。", name=problem.args[0])) from problem
        except NotLowerable as problem:
            raise _not_over_the_city(problem) from problem

    def _snapshot(self, session: Session, as_of: date) -> Snapshot:
        with self._reading:
            return cached(session, self._house.settings.home / "snapshot", as_of)

    def _present(self, policy_id: str) -> int:
        """Who has an offer or more of this policy already."""
        with self._house.database.read() as session:
            return sum(count_by_state(session, policy_id).values())


def estimate(
    snapshot: Snapshot, published: PublishedSet, reached: int, document: PolicyDocument, as_of: date
) -> ReachEstimate:
    """Count and add up over the whole city. Raises ``InvalidInput`` when a condition has no columnar form."""
    try:
        found = match_city(snapshot, published, as_of, policies=[document.id])
    except NotLowerable as problem:
        raise _not_over_the_city(problem) from problem
    cost = int(found.eligible["amount_fen"].sum() or 0)
    period = document.benefit.period if document.benefit is not None else "none"
    months = _MONTHS.get(period)
    return ReachEstimate(
        policy_id=document.id,
        version=document.version,
        as_of=as_of,
        facts_sequence=snapshot.sequence,
        population=snapshot.frames[document.entity].height,
        eligible=found.eligible.height,
        unknown=found.unknown.height,
        reached=reached,
        period=period,
        cost_fen=cost,
        monthly_fen=None if months is None else round(cost / months),
        yearly_fen=0 if document.benefit is None else yearly_cost(document, found.eligible, snapshot),
        defects=found.defects.get(document.id, 0),
        places=_by_place(snapshot, document, found.eligible, found.unknown),
    )


def _standing(version: PolicyVersion) -> Standing:
    return msgspec.convert(version.standing, Standing)


def _not_over_the_city(problem: NotLowerable) -> InvalidInput:
    return InvalidInput(
        _("这项政策的条件不能批量测算：%(reason)s。请在起草时改写该条件。", reason=str(problem))
    )


def _by_place(
    snapshot: Snapshot, document: PolicyDocument, eligible: pl.DataFrame, unknown: pl.DataFrame
) -> tuple[ReachInPlace, ...]:
    """By county, in the order of their codes; those whose place nobody knows come last."""
    column = PLACE[document.audience]
    county = pl.col(column).cast(pl.String).str.slice(0, _COUNTY_DIGITS).alias("county")
    homes = snapshot.frames[document.audience].select("subject_id", county)
    counted = (
        eligible.join(homes, on="subject_id", how="left")
        .group_by("county")
        .agg(pl.len().alias("eligible"), pl.col("amount_fen").sum().alias("cost"))
    )
    asked = unknown.join(homes, on="subject_id", how="left").group_by("county").agg(pl.len().alias("unknown"))
    rows = counted.join(asked, on="county", how="full", coalesce=True, nulls_equal=True)
    ordered = rows.sort("county", nulls_last=True).fill_null(0).iter_rows(named=True)
    return tuple(
        ReachInPlace(
            division=row["county"] or "",
            name=division_name(row["county"]) if row["county"] else _("未知"),
            eligible=row["eligible"],
            unknown=row["unknown"],
            cost_fen=row["cost"],
        )
        for row in ordered
    )
