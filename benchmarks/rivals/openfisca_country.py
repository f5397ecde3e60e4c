"""The made policies as a country of OpenFisca: people in households, a variable for each fact, status and benefit.

Texts are whole numbers, as OpenFisca keeps its enumerations, and what may be none is -1 where it is.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from benchmarks.plain_policies import PlainCondition, PlainPolicy
from benchmarks.rivals.sample import Person, name_of, name_of_status

MONTH = "2026-11"
Column = npt.NDArray[Any]


class InOpenFisca:
    """A tax and benefit system; ``paid`` runs a simulation of the people given."""

    def __init__(
        self, policies: Sequence[PlainPolicy], people: Sequence[Person], homes: Sequence[int]
    ) -> None:
        self._homes = np.array(homes)
        self._codes: dict[str, int] = {"": 0}
        self._facts = {name: self._column([one[name] for one in people]) for name in people[0]}
        self._first = np.unique(self._homes, return_index=True)[1]
        self._benefits = {name_of_status(one): one.id for one in policies if not one.is_status}
        person = build_entity(key="person", plural="persons", label="", is_person=True)
        home = build_entity(key="household", plural="households", label="", roles=[{"key": "member"}])
        self._system = TaxBenefitSystem([person, home])  # type: ignore[arg-type]  its own word for both kinds
        self._entities = {"own": person, "home": home}
        for name, column in self._facts.items():
            kind = bool if column.dtype == np.bool_ else int
            self._add(name, kind, None)
        for policy in policies:
            self._add(name_of_status(policy), bool if policy.is_status else int, self._formula(policy))

    def paid(self) -> dict[str, Column]:
        """By benefit, what each person gets, in fen."""
        builder = SimulationBuilder()
        builder.create_entities(self._system)
        builder.declare_person_entity("person", range(len(self._homes)))
        homes = builder.declare_entity("household", np.unique(self._homes))
        builder.join_with_persons(homes, self._homes, roles=["member"] * len(self._homes))
        simulation = builder.build(self._system)
        for name, column in self._facts.items():
            simulation.set_input(name, MONTH, column if name.startswith("own_") else column[self._first])
        return {policy_id: simulation.calculate(name, MONTH) for name, policy_id in self._benefits.items()}

    def _add(self, name: str, kind: type, formula: Callable[..., Column] | None) -> None:
        body = {
            "value_type": kind,
            "entity": self._entities[name.partition("_")[0]],
            "definition_period": DateUnit.MONTH,
            "label": name,
        }
        variable: Any = type(name, (Variable,), body if formula is None else {**body, "formula": formula})
        self._system.add_variable(variable)

    def _formula(self, policy: PlainPolicy) -> Callable[..., Column]:
        codes = self._codes

        def formula(population: Any, period: Any) -> Column:
            def fact(name: str) -> Column:
                is_above = name.startswith("home_") and policy.kind == "person"
                found: Column = (population.household if is_above else population)(name, period)
                return found

            holds = reduce(np.logical_and, (_holds(one, fact, codes) for one in policy.conditions))
            if policy.is_status:
                return holds
            large, small = np.int64(policy.large_home_fen or 0), np.int64(policy.small_home_fen or 0)
            amount = np.where(fact("home_member_count") >= 4, large, small)
            return holds * amount

        return formula

    def _column(self, values: list[Any]) -> Column:
        if any(isinstance(one, str) for one in values):
            return np.array([self._codes.setdefault(one, len(self._codes)) for one in values])
        return np.array([-1 if one is None else one for one in values])


def _holds(condition: PlainCondition, fact: Callable[[str], Column], codes: dict[str, int]) -> Column:
    column, value = fact(name_of(condition)), condition.value
    match condition.test:
        case "is":
            return column
        case "is not":
            return np.logical_not(column)
        case "is or is not":
            return np.ones_like(column, dtype=bool)
        case "=" | "!=":
            same: Column = column == codes.get(str(value), -1)
            return same if condition.test == "=" else np.logical_not(same)
        case "none or <=" | "<=":
            within: Column = column <= value
            return within
        case "none or >=":
            beyond: Column = (column < 0) | (column >= value)
            return beyond
        case _:
            above: Column = column >= value
            return above


__all__ = ["InOpenFisca"]
