"""Lowerings of checked expressions; each must equal the reference evaluator, verdict by verdict and fen by fen. PURE."""

from policy_engine.compile.polars_conditions import PolarsCondition, condition_to_polars
from policy_engine.compile.polars_values import (
    COUNT_SUFFIX,
    UNKNOWN_SUFFIX,
    NotLowerable,
    PolarsNumber,
    number_to_polars,
)

__all__ = [
    "COUNT_SUFFIX",
    "UNKNOWN_SUFFIX",
    "NotLowerable",
    "PolarsCondition",
    "PolarsNumber",
    "condition_to_polars",
    "number_to_polars",
]
