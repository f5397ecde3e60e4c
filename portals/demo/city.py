"""Makes the demonstration's city once: people and firms, their accounts, the policies in force, and the first matches."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session

from connectors.simulators import population
from connectors.simulators.store import Store
from kernel.house import House
from policy_engine.delivery.accounts.loading import RegisteredAccount, load_accounts
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.city import generate
from policy_engine.profiles.loading import load_city, read_registry
from portals.demo.accounts import write_accounts
from portals.demo.banks import OFFICERS
from portals.demo.cast import Cast, choose
from portals.demo.financing import offer_products
from portals.demo.licences import issue_licences
from portals.demo.policies import open_budgets, publish_library
from portals.demo.seats import SEATS
from portals.demo.settling import create_accounts
from portals.demo.upgrading import READY, bring_up_to_date, mark_edition
from portals.financing.rates.service import install_known

Step = Callable[[str, float], None]


class HalfMade(Exception):
    """The store was left while it was being made."""


def make_city_once(house: House, *, residents: int, firms: int, seed: int) -> None:
    """Make the city, or bring the one the store has up to this version. A store left half made is said to be so."""
    home = house.settings.home
    if (home / READY).exists():
        bring_up_to_date(house)
        return
    with house.database.read() as session:
        if profiles.has_profiles(session):
            raise HalfMade(f"The demo city in {home} was left half made. Delete that folder and start again.")
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        make_city(
            house,
            residents=residents,
            firms=firms,
            seed=seed,
            step=lambda doing, share: bar.update(task, description=doing, completed=share),
        )


def make_city(house: House, *, residents: int, firms: int, seed: int, step: Step) -> Cast:
    """Generate, load, seat the cast, publish the library and match everybody."""
    home, today = house.settings.home, house.clock.today()
    directory = home / "city"
    step("生成城市 making a city", 0.0)
    generate(residents, firms, seed, directory, as_of=today)
    cast = choose(directory, today, len(SEATS) + len(OFFICERS))
    step("载入居民和企业 loading residents and firms", 0.05)
    with house.database.write(timeout=60) as session:
        load_city(session, directory, vault=house.vault, now=house.clock.now())
    step("模拟外部系统 filling the simulated outside", 0.4)
    fill_simulators(home, directory)
    step("账户与席位 accounts and seats", 0.45)
    with house.database.write(timeout=60) as session:
        known = read_registry(directory).filter(pl.col("phone").is_not_null())
        phones = dict(known.select("subject_id", "phone").iter_rows())
        accounts = create_accounts(session, house, cast, phones)
        add_payee_accounts(session, house, directory)
    step("发布政策 publishing policies", 0.5)
    publish_library(house, cast, lambda share: step("匹配全城 matching everybody", 0.55 + 0.45 * share))
    with house.database.write(timeout=60) as session:
        open_budgets(session, house)
        offer_products(session, house)
        install_known(session, now=house.clock.now())
        issue_licences(session, house, cast)
    write_accounts(home, accounts)
    (home / "demo-cast.json").write_bytes(msgspec.json.encode(cast))
    mark_edition(home)
    shutil.rmtree(directory)
    return cast


def fill_simulators(home: Path, directory: Path) -> None:
    """The same people and firms in the simulated departments and bank, under the same numbers."""
    rows = read_registry(directory)
    persons = pl.read_parquet(directory / "persons.parquet").select(
        "subject_id", "owner_id", "hukou_division", "hukou_type"
    )
    firms = pl.read_parquet(directory / "firms.parquet").select(
        "subject_id", "registered_division", "legal_representative_id"
    )
    numbers = dict(rows.select("subject_id", "identifier").iter_rows())
    names = dict(rows.select("subject_id", "name").iter_rows())
    people = rows.filter(pl.col("kind") == "person", pl.col("identifier").is_not_null()).join(
        persons, on="subject_id", maintain_order="left"
    )
    companies = rows.filter(kind="firm").join(firms, on="subject_id", maintain_order="left")
    store = Store(home)
    population.load(
        store,
        [
            population.SimulatedPerson(
                id_number=row["identifier"],
                name=row["name"],
                household_number=numbers.get(row["owner_id"]) or str(row["owner_id"]),
                division=row["hukou_division"],
                register_kind="1" if row["hukou_type"] == "城镇" else "2",
                phone=row["phone"],
                has_account=bool(row["has_payee_account"]),
            )
            for row in people.iter_rows(named=True)
        ],
        [
            population.SimulatedFirm(
                uscc=row["identifier"],
                name=row["name"],
                division=row["registered_division"],
                representative_id_number=numbers.get(row["legal_representative_id"]),
                representative_name=names.get(row["legal_representative_id"]),
            )
            for row in companies.iter_rows(named=True)
        ],
    )
    store.close()


def add_payee_accounts(session: Session, house: House, directory: Path) -> None:
    """The 一卡通 account of everybody who has one, as the bank knows it."""
    rows = read_registry(directory).filter(
        pl.col("has_payee_account") | (pl.col("kind") == "firm"), pl.col("identifier").is_not_null()
    )
    accounts = (
        RegisteredAccount(subject_id, population.BANK, population.account_number_of(identifier), name)
        for subject_id, identifier, name in rows.select("subject_id", "identifier", "name").iter_rows()
    )
    load_accounts(session, house.vault, accounts, now=house.clock.now())
