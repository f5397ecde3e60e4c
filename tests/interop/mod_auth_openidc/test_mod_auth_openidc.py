"""Debian's Apache with mod_auth_openidc: a whole web site behind our login, with logout from either side."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from identity.accounts.repository import by_login_name
from identity.clients.schemas import ClientSettings
from identity.sessions.service import end_sessions_of
from tests.identity.conftest import free_port
from tests.identity.relying_party import redirect_of
from tests.interop.cities import LivingCity, living_city

APACHE, MODULES = shutil.which("apache2", path="/usr/sbin:/usr/bin"), Path("/usr/lib/apache2/modules")
CLIENT, SECRET = "web-site", "what the site keeps to itself"
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        APACHE is None or not (MODULES / "mod_auth_openidc.so").exists(),
        reason="needs apache2 and libapache2-mod-auth-openidc",
    ),
]

CONFIGURATION = """
ServerRoot {root}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {root}/pid
ErrorLog {root}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
{user}
DocumentRoot {root}/site
DirectoryIndex index.html
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client}
OIDCClientSecret "{secret}"
OIDCRedirectURI http://127.0.0.1:{port}/inside/back
OIDCCryptoPassphrase "only for this run"
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCIDTokenSignedResponseAlg ES256
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCInfoHook userinfo access_token id_token session
OIDCStateMaxNumberOfCookies 5
<Location /inside>
  AuthType openid-connect
  Require valid-user
  Header set X-Seen-As %{{OIDC_CLAIM_capacity}}e
</Location>
"""


class Site:
    """The Apache server, and a browser at it."""

    def __init__(self, base: str, city: LivingCity) -> None:
        self.base, self.city = base, city
        self.http = httpx.Client(base_url=base, trust_env=False)

    def sign_in(self) -> httpx.Response:
        """Through the login and back to the page that was wanted."""
        sent = self.http.get("/inside/")
        back = self.city.sign_in(sent.headers["location"])
        landed = self.http.get("/inside/back", params=back)
        assert landed.is_redirect, landed.text
        return self.http.get(landed.headers["location"])

    def info(self, **more: str) -> httpx.Response:
        return self.http.get("/inside/back", params={"info": "json", **more})

    def is_inside(self) -> bool:
        return self.http.get("/inside/").status_code == 200


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    port = free_port()
    with TemporaryDirectory() as folder, living_city(tmp_path) as city:
        root = Path(folder)
        root.chmod(0o755)  # its children run as somebody else
        (root / "site" / "inside").mkdir(parents=True)
        (root / "site" / "inside" / "index.html").write_text("inside")
        base = f"http://127.0.0.1:{port}"
        settings = ClientSettings(
            redirect_uris=(f"{base}/inside/back",),
            post_logout_redirect_uris=(f"{base}/bye",),
            backchannel_logout_uri=f"{base}/inside/back?logout=backchannel",
        )
        city.register(CLIENT, settings, SECRET)
        (root / "apache.conf").write_text(
            CONFIGURATION.format(
                root=root,
                port=port,
                modules=MODULES,
                user=_user(),
                issuer=city.issuer,
                client=CLIENT,
                secret=SECRET,
            )
        )
        assert APACHE is not None
        server = subprocess.Popen([APACHE, "-D", "FOREGROUND", "-f", str(root / "apache.conf")])
        made = Site(base, city)
        try:
            _await(base, root)
            yield made
        finally:
            made.http.close()
            server.terminate()
            server.wait(timeout=10)


def _user() -> str:
    """Apache will not run its children as root; whoever else starts it needs no such line."""
    return "User www-data\nGroup www-data" if os.geteuid() == 0 else ""


def _await(base: str, root: Path) -> None:
    for _ in range(100):
        try:
            httpx.get(f"{base}/nothing", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError((root / "error.log").read_text())


def test_sign_in_userinfo_refresh_and_logout_from_the_site(site: Site) -> None:
    landed = site.sign_in()
    assert (landed.status_code, landed.text) == (200, "inside")
    info = site.info().json()
    assert info["userinfo"]["name"] == "陈桂英"
    assert info["id_token"]["iss"] == site.city.issuer
    refreshed = site.info(access_token_refresh_interval="0").json()
    assert refreshed["access_token"] != info["access_token"]
    out = site.http.get("/inside/back", params={"logout": f"{site.base}/bye"})
    address, asked = redirect_of(out)
    assert address == f"{site.city.issuer}/logout"
    gone = httpx.get(address, params=asked, trust_env=False)
    assert redirect_of(gone)[0] == f"{site.base}/bye"
    assert not site.is_inside()
    who = {"authorization": f"Bearer {refreshed['access_token']}"}
    assert httpx.get(f"{site.city.issuer}/userinfo", headers=who, trust_env=False).status_code == 401


def test_logout_from_the_city_reaches_the_site(site: Site) -> None:
    site.sign_in()
    assert site.is_inside()
    house = site.city.house
    with house.database.write() as session:
        account = by_login_name(session, "guiying")
        assert account is not None
        end_sessions_of(session, account.subject_id, reason="admin", now=house.clock.now())
    site.city.work()
    assert not site.is_inside()
