"""The made policies as rules of CLIPS: a resident is one fact, a status another; the higher strata fire later."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import clips

from benchmarks.plain_policies import PlainCondition, PlainPolicy
from benchmarks.rivals.sample import Person, name_of, name_of_status


class InClips:
    """Negation is safe because rules of lower strata fire first (salience)."""

    def __init__(self, policies: Sequence[PlainPolicy], names: Sequence[str]) -> None:
        self._environment = clips.Environment()
        self._names = names
        slots = " ".join(f"(slot {name})" for name in names)
        self._environment.build(f"(deftemplate resident {slots})")
        self._environment.build("(deftemplate status (slot name))")
        self._environment.build("(deftemplate award (slot policy) (slot fen))")
        for policy in policies:
            self._environment.build(_rule(policy))
        self._resident = self._environment.find_template("resident")

    def paid(self, person: Person) -> dict[str, int]:
        """By benefit, in fen."""
        self._environment.reset()
        self._resident.assert_fact(**{name: _value(person[name]) for name in self._names})
        self._environment.run()
        return {
            str(fact["policy"]): int(fact["fen"])
            for fact in self._environment.facts()
            if fact.template.name == "award"
        }


def _rule(policy: PlainPolicy) -> str:
    slots: dict[str, list[str]] = {}
    statuses: list[str] = []
    often = Counter(one.column for one in policy.conditions)
    for one in policy.conditions:
        if one.column.startswith("status-"):
            asked = f"(status (name {name_of(one)}))"
            statuses.append(asked if one.test == "is" else f"(not {asked})")
        else:
            slots.setdefault(name_of(one), []).extend(_constraint(one, often[one.column] > 1))
    if not policy.is_status:
        slots.setdefault("home_member_count", []).insert(0, "?home_member_count")
    resident = " ".join(f"({name} {'&'.join(tests)})" for name, tests in slots.items() if tests)
    then = f"(assert (status (name {name_of_status(policy)})))"
    if not policy.is_status:
        amount = f"(if (>= ?home_member_count 4) then {policy.large_home_fen} else {policy.small_home_fen})"
        then = f'(assert (award (policy "{policy.id}") (fen {amount})))'
    salience = f"(declare (salience {-policy.stratum}))"
    return f"(defrule {policy.id} {salience} (resident {resident}) {' '.join(statuses)} => {then})"


def _constraint(condition: PlainCondition, is_one_of_many: bool) -> list[str]:
    """CLIPS refuses a rule whose literals for a slot can never go together; of tests it does not know."""
    variable, value = f"?{name_of(condition)}", _text(condition.value)
    if condition.test == "is or is not":
        return []
    if condition.test.startswith("none or "):
        return [variable, f":(or (eq {variable} nil) ({condition.test[-2:]} {variable} {value}))"]
    if condition.test in ("<=", ">="):
        return [variable, f":({condition.test} {variable} {value})"]
    literal = {"is": "TRUE", "is not": "FALSE"}.get(condition.test, value)
    is_same = condition.test != "!="
    if is_one_of_many:
        return [variable, f":({'eq' if is_same else 'neq'} {variable} {literal})"]
    return [literal if is_same else f"~{literal}"]


def _text(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _value(value: Any) -> Any:
    return clips.Symbol("nil") if value is None else value


__all__ = ["InClips"]
