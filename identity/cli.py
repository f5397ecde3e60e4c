"""``dongchu client`` and ``dongchu keys``: the identity service from the shell."""

import os

import click

from identity import tables
from identity.clients.service import SCOPES, new_secret, register_client
from identity.oauth.keys import rotate_keys
from kernel.errors import InvalidInput
from kernel.house import House, open_house
from kernel.settings import Settings

KNOWN_TABLES = tables.TABLES


def _house() -> House:
    return open_house(Settings.from_environ(os.environ))


@click.group("client")
def client_commands() -> None:
    """Programs that may ask people to sign in (OAuth clients)."""


@client_commands.command("add")
@click.option("--id", "client_id", required=True, help="2 to 64 letters, digits, dots, dashes.")
@click.option("--name", default="", help="What people read on the consent page.")
@click.option(
    "--redirect-uri", "redirect_uris", required=True, multiple=True, help="Exact address; may be repeated."
)
@click.option(
    "--post-logout-redirect-uri", "logout_uris", multiple=True, help="Where to go after signing out."
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(list(SCOPES)),
    help="Ceiling; default openid profile.",
)
@click.option(
    "--secret", default=None, help="Its secret; without one (and without --public) one is made and shown."
)
@click.option("--public", "is_public", is_flag=True, help="A client that cannot keep a secret: PKCE alone.")
@click.option("--introspect", "may_introspect", is_flag=True, help="May ask about other clients' tokens.")
def add_client(
    client_id: str,
    name: str,
    redirect_uris: tuple[str, ...],
    logout_uris: tuple[str, ...],
    scopes: tuple[str, ...],
    secret: str | None,
    is_public: bool,
    may_introspect: bool,
) -> None:
    """Register a client, or replace the settings of a known one.

    Example: dongchu client add --id demo-app --redirect-uri http://127.0.0.1:9000/callback
    """
    if is_public and secret:
        raise click.UsageError("--public and --secret exclude each other: a public client has no secret.")
    made = None if is_public else secret or new_secret()
    house = _house()
    try:
        with house.database.write() as session:
            register_client(
                session,
                client_id=client_id,
                name=name,
                redirect_uris=redirect_uris,
                post_logout_redirect_uris=logout_uris,
                secret=made,
                scopes=scopes or ("openid", "profile"),
                may_introspect=may_introspect,
                vault=house.vault,
                now=house.clock.now(),
            )
    except InvalidInput as error:
        raise click.ClickException(error.detail) from error
    finally:
        house.database.close()
        house.ephemeral.close()
    click.echo(f"client_id      {client_id}")
    if made is None:
        click.echo("client_secret  none (public client)")
    elif secret is None:
        click.echo(f"client_secret  {made}   (shown once; only its HMAC is stored)")
    click.echo(f"issuer         {house.settings.issuer}")


@client_commands.command("rotate-keys")
def rotate_signing_keys() -> None:
    """Let the next signing key become active; tokens signed before still verify."""
    house = _house()
    try:
        with house.database.write() as session:
            rotate_keys(session, vault=house.vault, now=house.clock.now())
    finally:
        house.database.close()
        house.ephemeral.close()
    click.echo("The next key signs now; the former one is published until nothing needs it.")
