"""The forward chainer: durable-rules, kept to the one pattern that held under test, behind one class.

What the library does badly and how this file avoids it: values compare loosely and big rulesets hang, so there is one
rule for each stratum and it compares one integer; facts leak and sids collide, so there are only consumed events under
one constant sid; equal events pending together are dropped, so each carries a number that never repeats; exceptions in
actions are swallowed, so an action catches everything and a flag tells; a ruleset after an error is not trusted, so a new
one is made and the change tried again once; a firing costs some tens of microseconds, so one event asks for everything
that is due in its stratum.
"""

import itertools
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec
from durable import engine

MOST_STRATA = 32
_SID = "1"


class Concept(msgspec.Struct, frozen=True):
    """Something that is worked out: an aggregate, a status or a match. ``stratum`` is above that of all its inputs."""

    key: str
    stratum: int
    inputs: frozenset[str]


class Firing(msgspec.Struct, frozen=True):
    """One concept worked out in a chain; ``because`` is the input whose change came first."""

    key: str
    because: str
    before: Any
    after: Any

    @property
    def has_changed(self) -> bool:
        return self.before != self.after


class ChainFailed(Exception):
    """A concept could not be worked out, or the chain did not come to rest."""


class Network:
    """Who depends on whom: built once for a family and a published set. Raises ``ValueError`` on a broken stratum."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts = {one.key: one for one in concepts}
        self._dependents: dict[str, list[str]] = {}
        for one in self.concepts.values():
            if not 0 <= one.stratum < MOST_STRATA:
                raise ValueError(f"stratum {one.stratum} of {one.key}: at most {MOST_STRATA} are allowed")
            for name in one.inputs:
                under = self.concepts.get(name)
                if under is not None and under.stratum >= one.stratum:
                    raise ValueError(f"{one.key} stands on {name}, which is not below it")
                self._dependents.setdefault(name, []).append(one.key)

    def dependents(self, name: str) -> Collection[str]:
        return self._dependents.get(name, ())


class Chain:
    """One ruleset per thread: ``run`` may be called from any number of threads at once."""

    def __init__(self) -> None:
        self._local = threading.local()

    def run(
        self,
        network: Network,
        changed: Iterable[str],
        evaluate: Callable[[str], Any],
        before: Callable[[str], Any],
    ) -> list[Firing]:
        """Work out what depends on the ``changed`` names, each concept once, the lower strata first.

        ``evaluate`` may look at what was worked out earlier; ``before`` says the former value (``UNSET``, when nobody
        knows it, counts as changed): what comes to the same as before goes no further. The firings in order are the
        trail: why now. Raises ``ChainFailed``.
        """
        names = list(dict.fromkeys(changed))
        try:
            return self._try(network, names, evaluate, before)
        except ChainFailed:
            self._local.ruleset = None
            return self._try(network, names, evaluate, before)

    def _try(
        self,
        network: Network,
        changed: list[str],
        evaluate: Callable[[str], Any],
        before: Callable[[str], Any],
    ) -> list[Firing]:
        run = _Run(network, evaluate, before)
        ruleset = self._ruleset()
        ruleset.run = run
        try:
            for name in changed:
                run.post_dependents(ruleset, name)
            while run.due and run.error is None:
                fired = len(run.firings)
                ruleset.rules.dispatch()
                if len(run.firings) == fired and run.error is None:
                    raise ChainFailed(f"strata {sorted(run.due)} were posted and never fired")
        finally:
            ruleset.run = None
        if run.error is not None:
            self._local.ruleset = None
            raise ChainFailed(str(run.error)) from run.error
        return run.firings

    def _ruleset(self) -> "_Ruleset":
        ruleset: _Ruleset | None = getattr(self._local, "ruleset", None)
        if ruleset is None:
            ruleset = self._local.ruleset = _Ruleset()
        return ruleset


class _Ruleset:
    """The library's ruleset of one thread, and the run it is working for."""

    _names = itertools.count()

    def __init__(self) -> None:
        self.run: _Run | None = None
        self.counter = itertools.count(1)
        rules = {
            f"stratum_{number}": {"all": [{"m": {"stratum": number}}], "pri": number, "run": self._fire}
            for number in range(MOST_STRATA)
        }
        self.rules = engine.Ruleset(f"dongchu_{next(self._names)}", None, rules)

    def post(self, stratum: int) -> None:
        self.rules.assert_event({"stratum": stratum, "n": next(self.counter), "sid": _SID})

    def _fire(self, closure: Any) -> None:
        run = self.run
        if run is None or run.error is not None:
            return
        try:
            run.fire(self, closure.m.stratum)
        except Exception as error:
            run.error = error


class _Run:
    """The state of one chain; ``due`` are the concepts posted and not yet worked out, by stratum, with their causes."""

    def __init__(
        self, network: Network, evaluate: Callable[[str], Any], before: Callable[[str], Any]
    ) -> None:
        self.network = network
        self.evaluate = evaluate
        self.before = before
        self.firings: list[Firing] = []
        self.due: dict[int, list[tuple[str, str]]] = {}
        self.error: Exception | None = None
        self._posted: set[str] = set()

    def post_dependents(self, ruleset: _Ruleset, name: str) -> None:
        """Post each dependent once: posted again it would be worked out twice for the same inputs."""
        for key in self.network.dependents(name):
            if key not in self._posted:
                self._posted.add(key)
                stratum = self.network.concepts[key].stratum
                if stratum not in self.due:
                    self.due[stratum] = []
                    ruleset.post(stratum)
                self.due[stratum].append((key, name))

    def fire(self, ruleset: _Ruleset, stratum: int) -> None:
        """Nothing in a stratum stands on anything else in it, and all that is below has come to rest."""
        for key, because in self.due.pop(stratum):
            firing = Firing(key, because, self.before(key), self.evaluate(key))
            self.firings.append(firing)
            if firing.has_changed:
                self.post_dependents(ruleset, key)
