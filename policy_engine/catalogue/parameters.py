"""Standards that governments publish by place and date, each with how well it is known and where from."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Literal

import msgspec

from policy_engine.catalogue.attributes import SCALES, AttributeType
from policy_engine.catalogue.divisions import encloses, enclosing_prefixes, prefix_of

Standing = Literal["official", "press", "other_place", "unverified"]
#: From the best known to the least; a document stands as badly as its worst figure.
STANDINGS: tuple[Standing, ...] = ("official", "press", "other_place", "unverified")


class Source(msgspec.Struct, frozen=True):
    """Where a figure was read, and when somebody last looked."""

    title: str
    url: str
    standing: Standing
    checked_on: date
    document_number: str | None = None


class ParameterArgument(msgspec.Struct, frozen=True):
    name: str
    type: AttributeType
    values: tuple[str, ...] = ()


class DatedValue(msgspec.Struct, frozen=True):
    """``value`` is a raw scaled integer (fen); None repeals what stood before."""

    division: str
    keys: tuple[str, ...]
    since: date
    value: int | None
    source: Source


class Parameter(msgspec.Struct, frozen=True, dict=True):
    """Called in FEEL by its name with a division first, then its other keys, as of the date in question."""

    id: str
    name: str
    label_en: str
    type: AttributeType
    unit: str
    arguments: tuple[ParameterArgument, ...]
    values: tuple[DatedValue, ...]

    @property
    def scale(self) -> int:
        return SCALES.get(self.type, 1)

    @cached_property
    def by_place(self) -> Mapping[tuple[str, tuple[str, ...]], tuple[DatedValue, ...]]:
        """By prefix and keys, the dated values with the latest first."""
        places: dict[tuple[str, tuple[str, ...]], list[DatedValue]] = {}
        for one in sorted(self.values, key=lambda one: one.since, reverse=True):
            places.setdefault((prefix_of(one.division), one.keys), []).append(one)
        return {place: tuple(values) for place, values in places.items()}

    def entry_on(self, on: date, division: str, *keys: str) -> DatedValue | None:
        """The entry in force: nearest enclosing division first, then the latest date; None when there is none.

        A repeal in the nearer division is found before the value of an outer one: it says that nothing applies.
        """
        for prefix in enclosing_prefixes(division):
            for one in self.by_place.get((prefix, keys), ()):
                if one.since <= on:
                    return one
        return None

    def value_on(self, on: date, division: str, *keys: str) -> int | None:
        """The raw value in force, or None where no standard is (or is any longer) published."""
        entry = self.entry_on(on, division, *keys)
        return None if entry is None else entry.value

    def standing_in(self, division: str, on: date) -> Standing:
        """The worst standing among the values in force on ``on`` in or around ``division``."""
        met = [
            one.source.standing
            for one in self.values
            if one.since <= on and (encloses(division, one.division) or encloses(one.division, division))
        ]
        return max(met, key=STANDINGS.index, default="unverified")
