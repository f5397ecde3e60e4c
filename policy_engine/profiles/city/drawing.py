"""Ways to draw whole columns at once: by weight, by age, as labels and as days."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from policy_engine.profiles.city.calibration import ByAge

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]  # whole numbers of whatever width numpy chose
EPOCH = date(1970, 1, 1)
NOBODY = -1


def day_number(day: date) -> int:
    return (day - EPOCH).days


def weighted(rng: np.random.Generator, weights: Sequence[float], size: int) -> Ints:
    """Positions in ``weights``, each as often as its weight says."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.minimum(drawn, len(edges) - 1).astype(np.int32)


def happens(rng: np.random.Generator, share: ByAge, age: Numbers) -> Bools:
    """Whether it is so, for each age."""
    return rng.random(len(age)) < np.interp(age, share.ages, share.shares)


def labels(values: Sequence[str], positions: Numbers, known: Bools | None = None) -> pl.Series:
    """Text by position; null where ``known`` is false."""
    text = pl.Series(values, dtype=pl.String).gather(pl.Series(positions.astype(np.uint32)))
    return text if known is None else masked(text, known)


def days(numbers: Numbers, known: Bools | None = None) -> pl.Series:
    """Dates from day numbers; null where ``known`` is false."""
    dates = pl.Series(numbers.astype(np.int32)).cast(pl.Date)
    return dates if known is None else masked(dates, known)


def numbers(values: Numbers, known: Bools | None = None) -> pl.Series:
    """Whole numbers; null where ``known`` is false."""
    whole = pl.Series(values.astype(np.int64))
    return whole if known is None else masked(whole, known)


def flags(values: Bools, known: Bools | None = None) -> pl.Series:
    truth = pl.Series(values)
    return truth if known is None else masked(truth, known)


def masked(column: pl.Series, known: Bools) -> pl.Series:
    """The column with null wherever ``known`` is false."""
    frame = pl.DataFrame({"column": column, "known": pl.Series(known)})
    return frame.select(pl.when("known").then("column").alias("column")).to_series()
