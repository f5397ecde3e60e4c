"""People whom one test brings and no other touches, and how they come in by phone."""

import functools
import itertools
from dataclasses import dataclass

import httpx

from identity.accounts import service as accounts
from identity.accounts.passwords import PasswordPool
from identity.registry import service as registry
from tests.identity.conftest import City, id_number
from tests.identity.relying_party import PASSWORD, Surfer


@dataclass(frozen=True)
class Someone:
    login: str
    phone: str
    id_number: str
    name: str
    subject_id: int


_NUMBERS = itertools.count(1)


@functools.cache
def _hashed() -> str:
    """The password of all of them, hashed once."""
    return PasswordPool().hash(PASSWORD)


def someone(
    city: City, name: str = "王秀英", *, is_real_name: bool = True, has_phone: bool = True
) -> Someone:
    """A person of this test alone, with an account."""
    number = next(_NUMBERS)
    login, phone = f"someone-{number}", f"1391111{number:04d}"
    identifier = id_number(f"4299001970010{number % 900 + 1000:04d}")
    with city.house.database.write() as session:
        subject_id = registry.ensure(
            session,
            kind="person",
            name=name,
            identifier_kind="id_number",
            identifier=identifier,
            vault=city.house.vault,
            now=city.clock.now(),
        )
        accounts.create_account(
            session,
            subject_id=subject_id,
            login_name=login,
            password=None,
            password_hash=_hashed(),
            phone=phone if has_phone else None,
            is_real_name=is_real_name,
            passwords=city.app.state.hall.passwords,
            vault=city.house.vault,
            now=city.clock.now(),
        )
    return Someone(login, phone, identifier, name, subject_id)


def phone_code(city: City, phone: str) -> str:
    assert city.outside is not None
    return city.outside.code_to(phone)


def ask_for_code(surfer: Surfer, phone: str, page: httpx.Response | None = None) -> httpx.Response:
    return surfer.submit(page or surfer.open("/identity/login"), "/identity/login/code", phone=phone)


def enter_by_phone(city: City, surfer: Surfer, phone: str) -> httpx.Response:
    page = ask_for_code(surfer, phone)
    return surfer.submit(page, "/identity/login/code/check", code=phone_code(city, phone))


def sign_in(city: City, login: str) -> Surfer:
    """A browser of this person, by password."""
    surfer = city.surfer()
    surfer.sign_in(surfer.open("/identity/login"), login)
    return surfer
