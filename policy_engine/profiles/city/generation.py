"""Draws the whole city and writes it as the Parquet frames that the snapshot reads and the demo loads."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from kernel.i18n import gettext as _
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS, EntityKind
from policy_engine.profiles.city import circumstances, enterprises, frames, residents, ventures
from policy_engine.profiles.city.drawing import day_number
from policy_engine.profiles.city.families import draw_people
from policy_engine.profiles.city.homes import draw_homes, household_columns
from policy_engine.profiles.city.registry import registry_frame
from policy_engine.profiles.layout import FRAME_NAMES

Progress = Callable[[str, float], None]
SMALLEST_CITY = 100


class CityWritten(msgspec.Struct, frozen=True):
    """What was generated: how many rows lie in each file of ``directory``."""

    directory: Path
    rows: dict[str, int]


def generate(
    residents_count: int,
    firms_count: int,
    seed: int,
    out_dir: Path,
    *,
    as_of: date,
    progress: Progress | None = None,
) -> CityWritten:
    """Write ``persons, households, firms, hires, loans, homes, projects, registry`` (.parquet) and ``city.json``.

    The same arguments give the same bytes. ``progress`` is called with what is being done and the share done.
    Raises ValueError for fewer than 100 residents or no firm at all.
    """
    if residents_count < SMALLEST_CITY or firms_count < 1:
        raise ValueError(f"a city needs at least {SMALLEST_CITY} residents and one firm")
    step = progress or (lambda _doing, _share: None)
    out_dir.mkdir(parents=True, exist_ok=True)
    known = catalogue()
    draws = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(12)]
    step(_("居民与家庭"), 0.0)
    people = draw_people(draws[0], residents_count, day_number(as_of))
    disabilities = residents.draw_disabilities(draws[1], people)
    homes = draw_homes(draws[2], people, disabilities.level > 0, known)
    work = residents.draw_work(draws[3], people, homes)
    step(_("居民事实"), 0.15)
    facts = residents.person_columns(draws[4], people, homes, disabilities, work, as_of)
    facts |= circumstances.more_of_persons(draws[9], people, homes, disabilities, work, as_of)
    facts |= circumstances.papers_of_persons(draws[10], people)
    rows = {"persons": _write(frames.persons(people, facts, known), out_dir / "persons.parquet")}
    step(_("家庭与市场主体"), 0.5)
    facts = household_columns(draws[5], homes, known, as_of)
    facts |= circumstances.more_of_households(draws[9], people, homes, as_of)
    bought = circumstances.homes_of_households(draws[11], facts, as_of)
    rows["households"] = _write(frames.households(facts, known), out_dir / "households.parquet")
    firms = enterprises.draw_firms(draws[6], firms_count, people, work, known)
    facts = enterprises.firm_columns(draws[6], firms, as_of)
    facts |= ventures.more_of_firms(draws[9], firms, facts, as_of)
    facts |= ventures.permits_of_firms(draws[10], firms)
    projects = ventures.projects_of_firms(draws[11], facts, as_of)
    rows["firms"] = _write(frames.firms(firms, facts, known), out_dir / "firms.parquet")
    hires = enterprises.draw_hires(draws[7], firms, people, work, as_of)
    hires.columns |= ventures.more_of_hires(draws[9], hires, people, as_of)
    rows["hires"] = _write(frames.items("hire", hires, known), out_dir / "hires.parquet")
    loans = enterprises.draw_loans(draws[7], firms, as_of)
    rows["loans"] = _write(frames.items("loan", loans, known), out_dir / "loans.parquet")
    rows["homes"] = _write(frames.items("home", bought, known), out_dir / "homes.parquet")
    rows["projects"] = _write(frames.items("project", projects, known), out_dir / "projects.parquet")
    step(_("姓名与证号"), 0.6)
    items: dict[EntityKind, int] = {kind: rows[FRAME_NAMES[kind]] for kind in ITEM_OWNERS}
    registry = registry_frame(draws[8], people, homes, firms, items)
    rows["registry"] = _write(registry, out_dir / "registry.parquet")
    note = {"as_of": as_of, "seed": seed, "rows": rows}
    (out_dir / "city.json").write_bytes(msgspec.json.format(msgspec.json.encode(note)))
    step(_("完成"), 1.0)
    return CityWritten(out_dir, rows)


def _write(frame: pl.DataFrame, path: Path) -> int:
    """Beside its place first, so that a broken run leaves no half file; returns the number of rows."""
    part = path.with_suffix(".part")
    frame.write_parquet(part, compression="zstd", compression_level=1)
    part.replace(path)
    return frame.height
