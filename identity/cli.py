"""``dongchu client``: the clients of the identity service from the shell."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from identity import tables
from identity.clients.outward import Outward
from identity.clients.schemas import (
    AUTH_METHODS,
    CLIENT_CREDENTIALS,
    CODE,
    DEVICE,
    EXCHANGE,
    REFRESH,
    ClientSettings,
)
from identity.clients.scopes import SCOPES, SERVICE_SCOPES
from identity.clients.sectors import check_sector
from identity.clients.service import change_secret, new_secret, register, resume_client, suspend_client
from identity.oauth.keys import ALGS, rotate_keys
from identity.oauth.provider import open_provider
from identity.oauth.rfc7591_registration import issue_ticket
from identity.oauth.rfc9396_details import DetailTypes
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.house import House, open_house
from kernel.settings import Settings

KNOWN_TABLES = tables.TABLES
#: Short names for the shell.
GRANTS = {
    "code": CODE,
    "refresh": REFRESH,
    "client-credentials": CLIENT_CREDENTIALS,
    "device": DEVICE,
    "exchange": EXCHANGE,
}
_SCOPE = click.Choice([*SCOPES, *SERVICE_SCOPES])
_GRANT = click.Choice(list(GRANTS))


@contextmanager
def _opened() -> Iterator[House]:
    """The house of the environment; what it refuses is said in one line."""
    house = open_house(Settings.from_environ(os.environ))
    try:
        yield house
    except (InvalidInput, NotFound, Conflict) as error:
        mends = [f"{one.where}: {one.mend}" for one in error.errors if one.mend]
        raise click.ClickException("\n".join((error.detail, *mends))) from error
    finally:
        house.database.close()
        house.ephemeral.close()


@click.group("client")
def client_commands() -> None:
    """Programs that may ask people to sign in (OAuth clients)."""


@client_commands.command("add")
@click.option("--id", "client_id", required=True, help="2 to 64 letters, digits, dots, dashes.")
@click.option("--name", default="", help="What people read on the consent page.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Exact address; may be repeated.")
@click.option(
    "--post-logout-redirect-uri",
    "post_logout_redirect_uris",
    multiple=True,
    help="Where to go after signing out.",
)
@click.option("--backchannel-logout-uri", default=None, help="Told when a sign-in is over, however it ended.")
@click.option(
    "--scope", "scopes", multiple=True, type=_SCOPE, help="Ceiling; default openid profile, or service."
)
@click.option(
    "--capacity",
    "capacities",
    multiple=True,
    default=("self",),
    show_default=True,
    type=click.Choice(["self", "person", "enterprise", "seat"]),
    help="For whom its people may act in it.",
)
@click.option(
    "--grant", "grants", multiple=True, type=_GRANT, help="How it may ask for tokens; default code refresh."
)
@click.option(
    "--secret", default=None, help="Its secret; without one (and without --public) one is made and shown."
)
@click.option("--public", "is_public", is_flag=True, help="A client that cannot keep a secret: PKCE alone.")
@click.option(
    "--auth-method", default=None, type=click.Choice(AUTH_METHODS), help="How it proves itself; see --jwks."
)
@click.option(
    "--jwks",
    "jwks_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with its public keys (private_key_jwt).",
)
@click.option("--jwks-uri", default=None, help="Where it publishes them instead.")
@click.option("--audience", "audiences", multiple=True, help="For whom it may exchange or ask tokens.")
@click.option(
    "--details-type",
    "details_types",
    multiple=True,
    help="Itemised authorisations it may ask for (RFC 9396).",
)
@click.option("--sector-identifier-uri", default=None, help="Lists the addresses that count as one party.")
@click.option(
    "--signing-alg", default="ES256", show_default=True, type=click.Choice(ALGS), help="Of its id_tokens."
)
@click.option(
    "--userinfo-alg", default=None, type=click.Choice(ALGS), help="Sign userinfo too; default plain JSON."
)
@click.option("--default-max-age", type=int, default=None, help="Seconds after which people sign in again.")
@click.option("--default-acr", "default_acr_values", multiple=True, help="Level it needs: L1 to L4.")
@click.option("--require-par", "requires_par", is_flag=True, help="Only pushed requests (RFC 9126).")
@click.option("--require-dpop", "requires_dpop", is_flag=True, help="Only tokens bound to a key (RFC 9449).")
@click.option("--introspect", "may_introspect", is_flag=True, help="May ask about other clients' tokens.")
def add_client(
    client_id: str,
    secret: str | None,
    is_public: bool,
    auth_method: str | None,
    jwks_file: Path | None,
    grants: tuple[str, ...],
    scopes: tuple[str, ...],
    details_types: tuple[str, ...],
    **given: Any,
) -> None:
    """Register a client, or replace the settings of a known one.

    \b
    Examples:
      dongchu client add --id demo-app --redirect-uri http://127.0.0.1:9000/callback
      dongchu client add --id phone-app --public --redirect-uri https://app.example/callback
      dongchu client add --id fares --grant client-credentials --audience timetable
    """
    method = _method(secret, is_public, auth_method, jwks_file, given["jwks_uri"])
    ways = tuple(GRANTS[one] for one in grants) or (CODE, REFRESH)
    default_scopes = ("openid", "profile") if {CODE, DEVICE} & set(ways) else ("service",)
    if unknown := set(details_types) - set(DetailTypes.load().names):
        raise click.UsageError(f"--details-type: not known: {', '.join(sorted(unknown))}")
    settings = msgspec.convert(
        {
            **given,
            "auth_method": method,
            "jwks": msgspec.json.decode(jwks_file.read_bytes()) if jwks_file else None,
            "grant_types": ways,
            "scopes": scopes or default_scopes,
            "authorization_details_types": details_types,
        },
        ClientSettings,
    )
    is_secret = method in ("client_secret_basic", "client_secret_post")
    made = secret or new_secret() if is_secret else None
    with _opened() as house:
        outward = Outward(house.settings)
        check_sector(outward, settings.sector_identifier_uri, settings.redirect_uris)
        outward.close()
        with house.database.write() as session:
            register(session, client_id, settings, secret=made, vault=house.vault, now=house.clock.now())
        issuer = house.settings.issuer
    click.echo(f"client_id      {client_id}")
    if made is None:
        click.echo(f"client_secret  none ({'public client' if method == 'none' else method})")
    elif secret is None:
        click.echo(f"client_secret  {made}   (shown once; only its HMAC is stored)")
    click.echo(f"issuer         {issuer}")


def _method(
    secret: str | None, is_public: bool, named: str | None, jwks_file: Path | None, jwks_uri: str | None
) -> str:
    """How the client will prove itself, from what was said about it."""
    if is_public and (secret or named not in (None, "none")):
        raise click.UsageError("--public and a secret or another method exclude each other.")
    if is_public:
        return "none"
    if secret and named in ("none", "private_key_jwt"):
        raise click.UsageError(f"--auth-method {named} uses no secret.")
    return named or ("private_key_jwt" if jwks_file or jwks_uri else "client_secret_basic")


@client_commands.command("change-secret")
@click.option("--id", "client_id", required=True)
@click.option(
    "--overlap-hours", default=24, show_default=True, help="For how long the former one still works."
)
def change_client_secret(client_id: str, overlap_hours: int) -> None:
    """Give a client a new secret; with --overlap-hours 0 the former one is dead at once."""
    with _opened() as house, house.database.write() as session:
        secret = change_secret(
            session,
            client_id,
            vault=house.vault,
            now=house.clock.now(),
            overlap=timedelta(hours=overlap_hours),
        )
    click.echo(f"client_secret  {secret}   (shown once; only its HMAC is stored)")


@client_commands.command("suspend")
@click.option("--id", "client_id", required=True)
def suspend(client_id: str) -> None:
    """Stop a client at once: no new sign-ins, and its live tokens die."""
    with _opened() as house, house.database.write() as session:
        suspend_client(session, client_id, now=house.clock.now())
    click.echo(f"{client_id} is suspended; its tokens are dead.")


@client_commands.command("resume")
@click.option("--id", "client_id", required=True)
def resume(client_id: str) -> None:
    """Let a suspended client begin again."""
    with _opened() as house, house.database.write() as session:
        resume_client(session, client_id, now=house.clock.now())
    click.echo(f"{client_id} may sign people in again.")


@client_commands.command("ticket")
@click.option("--label", required=True, help="Who gets it, for the audit trail.")
@click.option(
    "--scope", "scopes", multiple=True, type=_SCOPE, default=("openid", "profile"), show_default=True
)
@click.option("--grant", "grants", multiple=True, type=_GRANT, default=("code", "refresh"), show_default=True)
@click.option("--uses", default=1, show_default=True, help="How many clients it may register.")
@click.option("--days", default=7, show_default=True, help="How long it is good for.")
def add_ticket(label: str, scopes: tuple[str, ...], grants: tuple[str, ...], uses: int, days: int) -> None:
    """An initial access token, with which a program registers its own clients (RFC 7591)."""
    with _opened() as house:
        provider = open_provider(house)
        with house.database.write() as session:
            token = issue_ticket(
                session,
                provider,
                label=label,
                scopes=scopes,
                grant_types=tuple(GRANTS[one] for one in grants),
                uses=uses,
                lifetime=timedelta(days=days),
            )
        provider.outward.close()
        issuer = house.settings.issuer
    click.echo(f"initial_access_token   {token}   (shown once; only its HMAC is stored)")
    click.echo(f"registration_endpoint  {issuer}/clients")


@client_commands.command("rotate-keys")
def rotate_signing_keys() -> None:
    """Let the next signing keys become active; tokens signed before still verify."""
    with _opened() as house, house.database.write() as session:
        rotate_keys(session, vault=house.vault, now=house.clock.now())
    click.echo("The next keys sign now; the former ones are published until nothing needs them.")
