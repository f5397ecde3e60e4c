"""FEEL, the expression language of DMN 1.5: text to tree, types, the reference evaluator, and judging under unknown facts.

PURE: no web, database, network, clock or settings.
"""

from policy_engine.language.check import check
from policy_engine.language.evaluation import evaluate
from policy_engine.language.evaluator import value_of
from policy_engine.language.judge import judge, judge_amount, unknown_names
from policy_engine.language.parser import parse, parse_tests, parse_unary_tests
from policy_engine.language.problems import Problem, ProblemList
from policy_engine.language.tables import DecisionTable, decide
from policy_engine.language.temporal import DateTime, Months, Seconds, Time
from policy_engine.language.types import Binding, FeelType, Scope, TableFunction, TableRow
from policy_engine.language.values import UNKNOWN, Function, Span, Truth

__all__ = [
    "UNKNOWN",
    "Binding",
    "DateTime",
    "DecisionTable",
    "FeelType",
    "Function",
    "Months",
    "Problem",
    "ProblemList",
    "Scope",
    "Seconds",
    "Span",
    "TableFunction",
    "TableRow",
    "Time",
    "Truth",
    "check",
    "decide",
    "evaluate",
    "judge",
    "judge_amount",
    "parse",
    "parse_tests",
    "parse_unary_tests",
    "unknown_names",
    "value_of",
]
