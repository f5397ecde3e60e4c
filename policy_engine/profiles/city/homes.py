"""Where households live, and which of them civil affairs has recognised as poor."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from policy_engine.catalogue import Catalogue
from policy_engine.profiles.city import calibration as figures
from policy_engine.profiles.city.drawing import (
    Bools,
    Ints,
    day_number,
    days,
    flags,
    labels,
    numbers,
    weighted,
)
from policy_engine.profiles.city.families import HEAD, People
from policy_engine.profiles.city.identifiers import serial_text

HUKOU_TYPES = ("城镇", "农村")
ELSEWHERE = ("420000", "000000")  # registered elsewhere in Hubei, elsewhere in China
YUAN = 100  # fen


@dataclass
class Homes:
    """One entry per household; places are positions in ``divisions``, the last two outside the city."""

    divisions: tuple[str, ...]
    counties: tuple[str, ...]  # the county of each division; empty outside the city
    size: Ints
    head: Ints
    residence: Ints
    hukou: Ints
    is_rural: Bools
    is_dibao: Bools
    is_marginal: Bools

    def __len__(self) -> int:
        return len(self.size)


def township_weights(catalogue: Catalogue, *, favours_towns: bool = False) -> dict[str, float]:
    """A share for every township; farms and parks have few people, subdistricts and first towns many firms."""
    towns = [one for one in catalogue.divisions.values() if one.level == "township"]
    weight = {"其他": 0.15, "街道": 3.0 if favours_towns else 1.2}
    share = {one.code: weight.get(one.kind, 1.0) for one in towns}
    total: dict[str, float] = defaultdict(float)
    for one in towns:
        total[one.parent] += share[one.code]
    return {
        one.code: figures.COUNTY_WEIGHTS[one.parent] * share[one.code] / total[one.parent] for one in towns
    }


def draw_homes(rng: np.random.Generator, people: People, is_disabled: Bools, catalogue: Catalogue) -> Homes:
    """Places by the counties' weights; relief where elders, disabled people and lone parents are many."""
    weights = township_weights(catalogue)
    codes, count = list(weights), int(people.household.max(initial=-1)) + 1
    counties = (*(catalogue.divisions[code].parent for code in codes), *("" for _ in ELSEWHERE))
    residence = weighted(rng, list(weights.values()), count)
    hukou = residence.copy()
    moved = rng.random(count)
    within = moved < 0.08
    hukou[within] = weighted(rng, list(weights.values()), int(within.sum()))
    hukou[moved > 0.975] = len(codes)
    hukou[moved > 0.990] = len(codes) + 1
    rural_share = np.array([figures.RURAL_SHARE.get(county, 0.45) for county in counties])
    homes = Homes(
        divisions=(*codes, *ELSEWHERE),
        counties=counties,
        size=np.bincount(people.household, minlength=count).astype(np.int32),
        head=np.flatnonzero(people.relation == HEAD).astype(np.int32),
        residence=residence,
        hukou=hukou,
        is_rural=rng.random(count) < rural_share[hukou],
        is_dibao=np.zeros(count, bool),
        is_marginal=np.zeros(count, bool),
    )
    _recognise_relief(rng, people, is_disabled, homes)
    return homes


def _recognise_relief(rng: np.random.Generator, people: People, is_disabled: Bools, homes: Homes) -> None:
    def count_of(who: Bools) -> npt.NDArray[np.float64]:
        return np.bincount(people.household, weights=who, minlength=len(homes)).astype(np.float64)

    need = rng.gumbel(0, 1, len(homes)) + 0.7 * homes.is_rural
    need += 1.8 * np.minimum(count_of(is_disabled), 2) + 0.35 * np.minimum(count_of(people.age >= 65), 2)
    need += 0.5 * (count_of(people.age < 16) > 0) * (count_of((people.spouse >= 0) & (people.age < 60)) == 0)
    need[
        homes.hukou >= len(homes.divisions) - len(ELSEWHERE)
    ] = -np.inf  # applied for where one is registered
    poorest = np.argsort(-need, kind="stable")
    recognised = round(figures.DIBAO_HOUSEHOLDS * len(homes))
    marginal = round(figures.DIBAO_MARGINAL_HOUSEHOLDS * len(homes))
    homes.is_dibao[poorest[:recognised]] = True
    homes.is_marginal[poorest[recognised : recognised + marginal]] = True


def household_columns(
    rng: np.random.Generator, homes: Homes, catalogue: Catalogue, as_of: date
) -> dict[str, pl.Series]:
    """The base attributes of households. Means are known where they were lawfully checked, and nowhere else."""
    today, count = day_number(as_of), len(homes)
    authorised = rng.random(count) < figures.MEANS_TEST_AUTHORISED
    is_known = homes.is_dibao | homes.is_marginal | authorised
    standard = _standards(homes, catalogue, as_of)
    per_head = (
        np.where(homes.is_dibao, rng.uniform(0.10, 0.92, count), rng.uniform(1.02, 1.98, count)) * standard
    )
    per_head = np.where(
        authorised & ~homes.is_dibao & ~homes.is_marginal, rng.lognormal(12.2, 0.5, count), per_head
    )
    income = (per_head / YUAN).astype(np.int64) * homes.size * YUAN
    assets = (
        (rng.lognormal(8.6, 1.0, count) * np.where(homes.is_dibao, 0.4, 1.0)).astype(np.int64)
        * homes.size
        * YUAN
    )
    since = today - rng.integers(10, 6 * 365, count)
    until = today + rng.integers(20, 365, count)
    return {
        "hukou_division": labels(homes.divisions, homes.hukou),
        "hukou_type": labels(HUKOU_TYPES, homes.is_rural),
        "is_dibao": flags(homes.is_dibao),
        "dibao_number": _numbers_of_relief(homes),
        "dibao_from": days(_first_of_month(since), homes.is_dibao),
        "dibao_until": days(until, homes.is_dibao),
        "dibao_income": numbers(income, homes.is_dibao),
        "is_dibao_marginal": flags(homes.is_marginal),
        "monthly_income": numbers(income, is_known),
        "monthly_income__unknown": flags(~is_known),
        "housing_income": numbers(income, is_known),
        "housing_income__unknown": flags(~is_known),
        "assets": numbers(assets, is_known),
        "assets__unknown": flags(~is_known),
    }


def _standards(homes: Homes, catalogue: Catalogue, as_of: date) -> npt.NDArray[np.int64]:
    """The allowance standard (fen a month) of each household's place and register; 600 yuan where none is published."""
    parameter = catalogue.parameters["低保标准"]
    table = np.array(
        [
            [parameter.value_on(as_of, division, kind) or 600 * YUAN for kind in HUKOU_TYPES]
            for division in homes.divisions
        ]
    )
    return table[homes.hukou, homes.is_rural.astype(np.int8)]


def _numbers_of_relief(homes: Homes) -> pl.Series:
    """演 marks a number of this generator; then county and serial."""
    order = np.cumsum(homes.is_dibao)
    county = labels(tuple(county or "420200" for county in homes.counties), homes.hukou)
    number = pl.Series(["演低保"], dtype=pl.String).gather(np.zeros(len(homes), np.uint32)) + county
    frame = pl.DataFrame(
        {"number": number + serial_text("", order.astype(np.int64), 7), "held": homes.is_dibao}
    )
    return frame.select(pl.when("held").then("number")).to_series()


def _first_of_month(day: npt.NDArray[Any]) -> Ints:
    first = pl.Series(day.astype(np.int32)).cast(pl.Date).dt.month_start()
    return first.cast(pl.Int32).to_numpy()
