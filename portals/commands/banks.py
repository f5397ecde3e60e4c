"""``dongchu bank``: the systems of lending banks from the shell: who is connected, with which keys, and whether it works."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec
from sqlalchemy.orm import Session

from identity.clients.outward import Outward
from identity.clients.service import find_client
from kernel import audit
from kernel.errors import Conflict, InvalidInput, NotFound, OutsideFailure
from kernel.house import House, open_house
from kernel.tls import authorities
from portals.commands.environment import read_settings
from portals.financing.banks import connecting, repository
from portals.financing.banks.models import Bank
from portals.financing.institutions import institutions

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("bank")
def bank_commands() -> None:
    """Systems of banks that lend through the financing API."""


@bank_commands.command("list")
def list_banks() -> None:
    """Every bank by its code, and whether its system is connected."""
    with _opened() as house, house.database.read() as session:
        for one in institutions().values():
            if one.kind != "bank":
                continue
            known = repository.bank(session, one.code)
            state = "not connected" if known is None else "suspended" if known.is_suspended else "connected"
            detail = "" if known is None else f"client {known.client_id}, news to {known.webhook_url or '-'}"
            click.echo(f"{one.code:12} {state:14} {one.name}  {detail}".rstrip())


@bank_commands.command("connect")
@click.argument("code")
@click.option(
    "--client-id", required=True, help="Its client id at the issuer: 2 to 64 letters, digits, dots, dashes."
)
@click.option("--jwks", "jwks_file", type=_FILE, help="File with its public keys (a JWK set).")
@click.option("--jwks-uri", default=None, help="Where it publishes them instead.")
@click.option("--webhook-url", default=None, help="Where it wants to be told of news, https.")
def connect(
    code: str, client_id: str, jwks_file: Path | None, jwks_uri: str | None, webhook_url: str | None
) -> None:
    """Connect a bank's system by its public keys, or change its keys and address."""
    if (jwks_file is None) == (jwks_uri is None):
        raise click.UsageError("Give either --jwks or --jwks-uri.")
    with _opened() as house, house.database.write() as session:
        connecting.connect(
            session,
            code,
            client_id=client_id,
            jwks=None if jwks_file is None else _keys_in(jwks_file),
            jwks_uri=jwks_uri,
            webhook_url=webhook_url,
            vault=house.vault,
            now=house.clock.now(),
        )
        _on_record(session, house, code, "connect")
    click.echo(f"{code} is connected as {client_id}. Then: dongchu bank test {code}")


@bank_commands.command("test")
@click.argument("code")
def test(code: str) -> None:
    """Look for a bank's keys and knock at its address for news; nothing is changed."""
    with _opened() as house:
        with house.database.read() as session:
            bank = _known(repository.bank(session, code), code)
            client = find_client(session, bank.client_id)
            if client is None:
                raise NotFound(
                    f"The client {bank.client_id} is gone. Run: dongchu bank connect {code} --help"
                )
            keys: Any = client.jwks
            keys_at = client.jwks_uri
        if bank.is_suspended:
            raise click.ClickException(f"{code} is suspended. Run: dongchu bank resume {code}")
        if keys_at:
            keys = _fetched(house, keys_at)
        count = len((keys or {}).get("keys", ()))
        if not count:
            raise click.ClickException(f"{code} has no keys: it cannot prove itself")
        click.echo(f"{code} has {count} keys" + (f" at {keys_at}" if keys_at else ""))
    click.echo(_knock(bank.webhook_url) if bank.webhook_url else f"{code} takes no news")


@bank_commands.command("suspend")
@click.argument("code")
def suspend(code: str) -> None:
    """No call, no news; its tokens die at once."""
    with _opened() as house, house.database.write() as session:
        connecting.suspend(session, code, now=house.clock.now())
        _on_record(session, house, code, "suspend")
    click.echo(f"{code} is suspended.")


@bank_commands.command("resume")
@click.argument("code")
def resume(code: str) -> None:
    """A suspended system may call again, with a new token."""
    with _opened() as house, house.database.write() as session:
        connecting.resume(session, code, now=house.clock.now())
        _on_record(session, house, code, "resume")
    click.echo(f"{code} may call again.")


@contextmanager
def _opened() -> Iterator[House]:
    """The house of the environment; what it refuses is said in one line."""
    importlib.import_module("portals.tables")
    house = open_house(read_settings())
    try:
        yield house
    except (InvalidInput, NotFound, Conflict) as error:
        raise click.ClickException(
            "\n".join((error.detail, *(f"{one.where}: {one.what}" for one in error.errors)))
        ) from error
    finally:
        house.database.close()
        house.ephemeral.close()


def _known(bank: Bank | None, code: str) -> Bank:
    if bank is None:
        raise click.ClickException(f"{code} is not connected. Run: dongchu bank connect {code} --help")
    return bank


def _keys_in(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise click.ClickException(f"{path} is no JWK set: {error}") from error


def _fetched(house: House, address: str) -> Any:
    outward = Outward(house.settings)
    try:
        return outward.get_json(address)
    except OutsideFailure as failure:
        raise click.ClickException(f"{address} gives no keys: {failure.detail}") from failure
    finally:
        outward.close()


def _knock(address: str) -> str:
    try:
        answer = httpx.options(address, timeout=5, verify=authorities(), follow_redirects=False)
    except httpx.HTTPError as error:
        raise click.ClickException(f"{address} cannot be reached: {error}") from error
    if answer.is_server_error:
        raise click.ClickException(f"{address} answers {answer.status_code}")
    return f"{address} answers"


def _on_record(session: Session, house: House, code: str, action: str) -> None:
    audit.record(
        session,
        actor="command",
        action=f"bank.{action}",
        object_kind="financing_bank",
        object_id=code,
        now=house.clock.now(),
    )
