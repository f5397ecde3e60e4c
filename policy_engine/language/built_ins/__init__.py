"""The built-in functions of FEEL (DMN 1.5 §10.3.4), one module for each family; null for arguments they are not meant for."""

from policy_engine.language.built_ins import (
    contexts,
    conversion,
    dates,
    lists,
    numbers,
    ranges,
    statistics,
    strings,
)
from policy_engine.language.built_ins.numbers import ROUNDINGS
from policy_engine.language.built_ins.registry import BUILT_INS, BuiltIn, built_in_value
from policy_engine.language.temporal import months_between

#: The modules register their functions as they are imported.
FAMILIES = (contexts, conversion, dates, lists, numbers, ranges, statistics, strings)

__all__ = ["BUILT_INS", "FAMILIES", "ROUNDINGS", "BuiltIn", "built_in_value", "months_between"]
