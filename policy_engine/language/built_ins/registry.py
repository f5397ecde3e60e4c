"""How a built-in function is declared: its parameters' names and kinds, so that each body may rely on its arguments."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgspec

from policy_engine.language.effort import spend
from policy_engine.language.temporal import DateTime, FarDate, Seconds
from policy_engine.language.values import Function

Kind: TypeAlias = type | tuple[type, ...]
ANY: Final = object
NUMBER: Final = Decimal
TEXT: Final = str
TRUTH: Final = bool
LIST: Final = list
CONTEXT: Final = dict
FUNCTION: Final = Function
DAY: Final = (date, FarDate)
DAY_OR_MOMENT: Final = (date, FarDate, DateTime)
LASTING: Final = Seconds

BUILT_INS: Final[dict[str, "BuiltIn"]] = {}
#: This many items or characters of arguments cost as much as one round of a loop.
_PER_ROUND: Final = 64


class BuiltIn(msgspec.Struct, frozen=True):
    """``signatures``: names, with their kinds, for the same places; ``is_variadic``: one list, or its items as arguments."""

    function: Callable[..., Any]
    kinds: tuple[Kind, ...]
    fewest: int
    signatures: tuple[Mapping[str, Kind], ...]
    is_variadic: bool = False

    def __call__(self, *arguments: Any) -> Any:
        """Null for a wrong number or kind of arguments (§10.3.2.13.2); one may be left out as null where it is optional."""
        if self.is_variadic:
            if not arguments:
                return None
            only = arguments[0] if len(arguments) == 1 else None
            items = only if isinstance(only, list) else list(arguments)
            spend(1 + len(items) // _PER_ROUND)
            return self.function(items)
        if not self.fewest <= len(arguments) <= len(self.kinds):
            return None
        given = []
        for place, (argument, kind) in enumerate(zip(arguments, self.kinds, strict=False)):
            if not isinstance(argument, kind):
                argument = _fitted(argument, kind)
                if argument is None and place < self.fewest:
                    return None
                if argument is None and arguments[place] is not None:
                    return None
            if isinstance(argument, (list, str)):
                spend(1 + len(argument) // _PER_ROUND)
            given.append(argument)
        return self.function(*given)

    def by_name(self, arguments: dict[str, Any]) -> Any:
        """Arguments under the names of one signature; one left out is null."""
        for signature in self.signatures:
            if arguments.keys() <= signature.keys():
                names = list(signature)
                while len(names) > self.fewest and names[-1] not in arguments:
                    names.pop()
                given = [arguments.get(name) for name in names]
                fitting = zip(given, signature.values(), strict=False)
                is_fitting = all(
                    one is None or kind is list or isinstance(one, kind) for one, kind in fitting
                )
                return self(*given) if is_fitting else None
        return None


def _fitted(argument: Any, kind: Kind) -> Any:
    """A list of one where its item is wanted, an item where a list is; else null."""
    if kind is list and argument is not None:
        return [argument]
    if isinstance(argument, list) and len(argument) == 1 and isinstance(argument[0], kind):
        return argument[0]
    return None


def built_in(
    name: str,
    parameters: Mapping[str, Kind],
    *,
    fewest: int | None = None,
    named: tuple[Mapping[str, Kind], ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares the function below under its FEEL name; ``fewest`` arguments must be given, all by default;
    ``named``: the signatures for arguments by name, where they are not just the parameters."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        needed = len(parameters) if fewest is None else fewest
        signatures = named or (parameters,)
        BUILT_INS[name] = BuiltIn(function, tuple(parameters.values()), needed, signatures)
        return function

    return declare


def of_list(name: str) -> Callable[[Callable[[list[Any]], Any]], Callable[[list[Any]], Any]]:
    """Declares a function of one list, which may also be written as several arguments."""

    def declare(function: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
        BUILT_INS[name] = BuiltIn(function, (list,), 1, ({"list": list},), is_variadic=True)
        return function

    return declare


def built_in_value(name: str) -> Function | None:
    """The built-in function of that name as a value."""
    found = BUILT_INS.get(name)
    if found is None:
        return None
    return Function(found, tuple(found.signatures[0]), takes_any=True, named=found.by_name)
