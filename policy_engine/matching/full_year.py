"""What a policy costs in a full year: each payment that its limits of times let pass, as much as its yearly caps leave.

Of a year in which all who are eligible now have the right from its first day, and nothing was paid before. Where a
limit leaves some of a subject's units out, those with most are counted: it is the most that may be spent. A cap shared with
other policies bounds this one by itself.
"""

from collections.abc import Mapping

import polars as pl

from policy_engine.policies.document import Limit, PolicyDocument, YearlyCap
from policy_engine.profiles.snapshot import Snapshot

#: Payments in a year; what is paid once is counted once.
PAYMENTS_A_YEAR: Mapping[str, int] = {"month": 12, "quarter": 4, "year": 1, "once": 1}
#: How many windows of a limit lie in a year.
_WINDOWS: Mapping[str, int] = {"month": 12, "quarter": 4, "year": 1, "life": 1}
_FEN = 100


def yearly_cost(document: PolicyDocument, eligible: pl.DataFrame, snapshot: Snapshot) -> int:
    """In fen; ``eligible`` has subject_id, unit_id and amount_fen, which are not null."""
    period = document.benefit.period if document.benefit is not None else "none"
    payments = PAYMENTS_A_YEAR.get(period, 0)
    by_amount = pl.col("amount_fen").rank("ordinal", descending=True).over("subject_id").cast(pl.Int64)
    rows = eligible.select("subject_id", "unit_id", "amount_fen", rank=by_amount, payments=pl.lit(payments))
    for limit in document.limits:
        allowed = _payments_within(limit, period, payments)
        rows = rows.with_columns(payments=pl.min_horizontal("payments", allowed))
    rows = rows.with_columns(yearly=pl.col("amount_fen") * pl.col("payments"))
    for cap in document.yearly_caps:
        rows = _within(cap, rows, snapshot)
    return int(rows["yearly"].sum() or 0)


def _payments_within(limit: Limit, period: str, payments: int) -> pl.Expr:
    """How many payments of a year a limit leaves each unit, the units with most coming first."""
    if period == "once":
        times = limit.times * (1 if limit.per == "life" else _WINDOWS[limit.per])
        windows, in_each = 1, 1
    else:
        windows = min(_WINDOWS[limit.per], payments)
        times, in_each = limit.times, payments // windows
    before = (pl.col("rank") - 1) * in_each if limit.scope == "subject" else pl.lit(0)
    return (pl.lit(times) - before).clip(0, in_each) * windows


def _within(cap: YearlyCap, rows: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """As much of each one's year as the cap leaves of the sum that it bounds, the first rows first."""
    rows = rows.with_columns(whose=pl.col("unit_id" if cap.scope == "unit" else "subject_id"))
    if cap.scope == "household":
        homes = snapshot.frames["person"].select(whose="subject_id", home="owner_id")
        rows = rows.join(homes, on="whose", how="left", maintain_order="left")
        rows = rows.with_columns(whose=pl.coalesce("home", "whose")).drop("home")
    before = pl.col("yearly").cum_sum().over("whose") - pl.col("yearly")
    left = (pl.lit(cap.yuan * _FEN) - before).clip(lower_bound=0)
    return rows.with_columns(yearly=pl.min_horizontal("yearly", left)).drop("whose")
