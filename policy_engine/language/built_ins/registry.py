"""How a built-in function is declared: its parameters' names and kinds, so that each body may rely on its arguments."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgspec

from policy_engine.language.effort import spend
from policy_engine.language.temporal import DateTime, FarDate
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

BUILT_INS: Final[dict[str, "BuiltIn"]] = {}
#: This many items or characters of arguments cost as much as one round of a loop.
_PER_ROUND: Final = 64


class BuiltIn(msgspec.Struct, frozen=True):
    """``signatures``: names, with their kinds, for the same places; ``is_variadic``: one list, or its items as arguments;
    ``is_measured``: an argument may be long."""

    function: Callable[..., Any]
    kinds: tuple[Kind, ...]
    fewest: int
    signatures: tuple[Mapping[str, Kind], ...]
    is_variadic: bool = False
    is_measured: bool = True

    def __call__(self, *arguments: Any) -> Any:
        """Null for a wrong number or kind of arguments (§10.3.2.13.2); one may be left out as null where it is optional."""
        if self.is_variadic:
            return self._of_items(arguments)
        if not self.fewest <= len(arguments) <= len(self.kinds):
            return None
        for argument, kind in zip(arguments, self.kinds, strict=False):
            if not isinstance(argument, kind):
                return self._fitted(arguments)
            if self.is_measured and isinstance(argument, (str, list)) and len(argument) >= _PER_ROUND:
                spend(len(argument) // _PER_ROUND)
        return self.function(*arguments)

    def _of_items(self, arguments: tuple[Any, ...]) -> Any:
        if not arguments:
            return None
        only = arguments[0] if len(arguments) == 1 else None
        items = only if isinstance(only, list) else list(arguments)
        if len(items) >= _PER_ROUND:
            spend(len(items) // _PER_ROUND)
        return self.function(items)

    def _fitted(self, arguments: tuple[Any, ...]) -> Any:
        """Some argument is not of its kind: made to fit, left out as null where it may be, or all is null."""
        given: list[Any] = []
        for place, (argument, kind) in enumerate(zip(arguments, self.kinds, strict=False)):
            fits = argument if isinstance(argument, kind) else _fitted(argument, kind)
            if fits is None and argument is not None:
                return None
            if fits is None and place < self.fewest and not isinstance(None, kind):
                return None
            if isinstance(fits, (str, list)):
                spend(1 + len(fits) // _PER_ROUND)
            given.append(fits)
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


def _each(kind: Kind) -> tuple[type, ...]:
    return kind if isinstance(kind, tuple) else (kind,)


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
        kinds = tuple(parameters.values())
        is_measured = any({TEXT, LIST, ANY}.intersection(_each(kind)) for kind in kinds)
        BUILT_INS[name] = BuiltIn(function, kinds, needed, signatures, is_measured=is_measured)
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
