"""What foreign verifiers trust us by: lists, keys that overlap, type metadata, each at the place its specification gives it."""

import base64
import hashlib
import itertools
import zlib
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from kernel.clock import FixedClock
from kernel.house import House
from licenses import credential, keys, service
from licenses.catalogue import licence_type, licence_types
from licenses.certificates import is_signed_by
from licenses.issuance.routes import root_metadata_handlers
from licenses.models import Licence
from licenses.presentation import service as presentation
from licenses.schemas import Verifier
from licenses.states import Operation
from licenses.status_list import PLACES, Places, pack, rounds_of, status_list_token
from licenses.writing import content
from tests.licenses.samples import FIELDS
from tests.licenses.wallet_app import decoded, payload, signed_by_its_certificate

ISSUER = "http://127.0.0.1:8000/licenses"
PLACE = Places(f"{ISSUER}/status/wallets", rounds_of(b"a secret of thirty-two bytes, say"))


@pytest.fixture
def origin(house: House, service_here: TestClient[Litestar]) -> Iterator[TestClient[Litestar]]:
    """The root of the origin; the service's own start has made the keys."""
    assert service_here.get("/licenses/jwks").json()["keys"]
    with TestClient(Litestar(root_metadata_handlers(house), openapi_config=None)) as client:
        yield client


@given(st.integers(0, 5 * PLACES))
def test_every_credential_has_a_place_of_its_own_and_is_found_by_it(sequence: int) -> None:
    claims = {"status": PLACE.claim(sequence)}
    assert PLACE.sequence_of(claims) == sequence
    assert 0 <= claims["status"]["status_list"]["idx"] < PLACES


def test_places_are_a_permutation_that_tells_no_order() -> None:
    first = [PLACE.index(sequence) for sequence in range(4096)]
    assert len(set(first)) == len(first)
    ups = sum(later > earlier for earlier, later in itertools.pairwise(first))
    assert 0.4 < ups / len(first) < 0.6
    other = {"status_list": {"uri": f"{ISSUER}/status/licences/1", "idx": 1}}
    for strange in (None, 1, {"status_list": 1}, other):
        assert PLACE.sequence_of({"status": strange}) is None


def test_packing_is_that_of_the_specification() -> None:
    """Token Status List, section 4.1: two bits each, the lowest first."""
    assert pack([(0, 1), (1, 2), (2, 0), (3, 3), (5, 1)], 8) == bytes((0b11_00_10_01, 0b00_00_01_00))


def test_a_list_is_signed_anew_only_when_a_status_has_changed(
    house: House, clock: FixedClock, certificate_here: Licence
) -> None:
    def token() -> str:
        with house.database.write() as session:
            made = status_list_token(session, house, "licences", 1, now=clock.now())
        assert made is not None
        return made

    first = token()
    header, claims = signed_by_its_certificate(first)
    assert (header["typ"], claims["sub"]) == ("statuslist+jwt", f"{ISSUER}/status/licences/1")
    assert 0 < claims["ttl"] <= claims["exp"] - claims["iat"]
    assert len(first) < 2000  # a million places of which none is used up says nothing and weighs nothing
    assert token() == first
    with house.database.write() as session:
        service.operate(session, house, certificate_here.id, Operation.REVOKE, reason="x", actor="test")
    second = token()
    index = Places.of(house, "licences").index(certificate_here.status_index)
    packed = zlib.decompress(decoded(payload(second)["status_list"]["lst"]))
    assert packed[index // 4] >> index % 4 * 2 & 3 == 1
    assert sum(map(bool, packed)) == 1
    clock.move(timedelta(minutes=2))
    assert token() != second


def test_lists_are_found_kept_and_asked_about_again(
    house: House, service_here: TestClient[Litestar], certificate_here: Licence
) -> None:
    assert service_here.get("/licenses/status").json() == {
        "status_lists": [f"{ISSUER}/status/licences/1", f"{ISSUER}/status/wallets/1"]
    }
    answer = service_here.get("/licenses/status/licences/1")
    assert answer.headers["content-type"] == "application/statuslist+jwt"
    assert answer.headers["cache-control"] == "public, no-cache"
    known = {"if-none-match": answer.headers["etag"]}
    assert service_here.get("/licenses/status/licences/1", headers=known).status_code == 304
    with house.database.write() as session:
        service.operate(session, house, certificate_here.id, Operation.WITHHOLD, reason="x", actor="test")
    assert service_here.get("/licenses/status/licences/1", headers=known).status_code == 200
    for path in ("licences/2", "licences/0", "others/1", "licences/99999999999999999999"):
        assert service_here.get(f"/licenses/status/{path}").status_code in (400, 404)


def test_a_new_key_is_published_a_day_before_it_signs_and_the_old_one_for_ever(
    house: House, clock: FixedClock, holder_here: int, origin: TestClient[Litestar]
) -> None:
    def issued() -> tuple[str, str]:
        with house.database.write() as session:
            licence = service.issue(
                session,
                house,
                type_id="food-permit",
                holder_id=holder_here,
                fields=FIELDS["food-permit"],
                actor="test",
            )
            sd_jwt = content(house, licence).sd_jwt
        return sd_jwt, credential.header_of(sd_jwt.split("~")[0])["kid"]

    before, old = issued()
    with house.database.write() as session:
        new = keys.rotate(session, house, "credentials", actor="test")
    assert issued()[1] == old
    document = origin.get("/.well-known/jwt-vc-issuer/licenses").json()
    assert document["issuer"] == ISSUER
    assert {one["kid"] for one in document["jwks"]["keys"]} == {old, new}
    clock.move(timedelta(days=1, seconds=1))
    with house.database.write() as session:
        session.execute(sa.update(Licence).values(state="04"))
    after, kid = issued()
    assert kid == new
    with house.database.read() as session:
        public = keys.public_credential_keys(session)
    for one in (before, after):
        assert credential.verify(one, public.get).claims["iss"] == ISSUER


def test_issuer_metadata_names_every_type_in_both_languages_and_comes_signed(
    house: House, origin: TestClient[Litestar]
) -> None:
    path = "/.well-known/openid-credential-issuer/licenses"
    plain = origin.get(path, headers={"accept": "application/json, application/jwt"})
    assert plain.headers["content-type"] == "application/json"
    known = plain.json()
    assert (known["credential_issuer"], known["batch_credential_issuance"]) == (ISSUER, {"batch_size": 10})
    driving = known["credential_configurations_supported"]["driving-licence"]
    assert [one["name"] for one in driving["credential_metadata"]["display"]] == [
        "机动车驾驶证",
        "Driving licence",
    ]
    claims = {one["path"][0]: one for one in driving["credential_metadata"]["claims"]}
    assert (claims["class"]["mandatory"], claims["portrait"]["mandatory"]) == (True, False)
    signed = origin.get(path, headers={"accept": "application/jwt"})
    assert signed.headers["content-type"] == "application/jwt"
    header, content_of = signed_by_its_certificate(signed.text)
    assert (header["typ"], content_of["sub"]) == ("openidvci-issuer-metadata+jwt", ISSUER)
    assert {name: content_of[name] for name in known} == known
    server = origin.get("/.well-known/oauth-authorization-server/licenses").json()
    assert server["issuer"] in known["authorization_servers"]
    assert house.settings.issuer in known["authorization_servers"]


def test_type_metadata_is_what_credentials_carry_the_digest_of(
    house: House, service_here: TestClient[Litestar], certificate_here: Licence
) -> None:
    claims = payload(content(house, certificate_here).sd_jwt.split("~")[0])
    answer = service_here.get(claims["vct"].removeprefix("http://127.0.0.1:8000"))
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert claims["vct#integrity"] == f"sha256-{digest}"
    document = answer.json()
    assert document["vct"] == claims["vct"]
    assert {one["locale"] for one in document["display"]} == {"zh-CN", "en"}
    kind = licence_type("disability-certificate")
    sd = {one["path"][0]: one["sd"] for one in document["claims"]}
    assert {sd[field.id] for field in kind.fields} == {"always"}
    for type_id in licence_types():
        assert service_here.get(f"/licenses/types/{type_id}/1").status_code == 200
    assert service_here.get("/licenses/types/driving-licence/9").status_code == 404
    assert service_here.get("/licenses/types/no-such-type/1").status_code == 404


def test_the_trust_anchor_is_a_root_that_signs_leaves_only(
    house: House, service_here: TestClient[Litestar]
) -> None:
    assert b"BEGIN CERTIFICATE" in service_here.get("/licenses/trust/anchor.pem").content
    with house.database.read() as session:
        root = keys.root_certificate(session, house)
        reader = keys.reader_key(session, house)
        assert reader.kid not in keys.public_credential_keys(session)
        [leaf] = keys.certificate_chain(session, house, reader)
    assert base64.b64decode(leaf)[:1] == b"0"
    assert root.issuer == root.subject


def test_lists_go_on_when_the_key_of_credentials_has_turned(
    house: House, clock: FixedClock, certificate_here: Licence, service_here: TestClient[Litestar]
) -> None:
    with house.database.write() as session:
        new = keys.rotate(session, house, "credentials", actor="test")
    clock.move(timedelta(days=1, seconds=1))
    answer = service_here.get("/licenses/status/licences/1")
    assert (answer.status_code, credential.header_of(answer.text)["kid"]) == (200, new)


def test_a_request_that_is_open_ends_under_the_key_it_began_with(
    house: House, clock: FixedClock, service_here: TestClient[Litestar]
) -> None:
    with house.database.write() as session:
        new = keys.rotate(session, house, "requests", actor="test")
    clock.move(timedelta(days=1) - timedelta(minutes=1))

    def asked() -> presentation.Asking:
        with house.database.read() as session:
            return presentation.ask(
                session,
                house,
                owner="test",
                verifier=Verifier("3号窗口", is_known=True, purpose="counter"),
                type_id="food-permit",
                claims=("business",),
                cause="核对",
            )

    def header(one: presentation.Asking) -> dict[str, object]:
        return credential.header_of(service_here.get(urlsplit(one.request_uri).path).text)

    before = asked()
    clock.move(timedelta(minutes=2))
    after = asked()
    assert before.client_id != after.client_id
    assert header(before)["kid"] != header(after)["kid"] == new
    for one in (before, after):
        [leaf] = header(one)["x5c"]  # type: ignore[misc]
        digest = base64.urlsafe_b64encode(hashlib.sha256(base64.b64decode(leaf)).digest()).rstrip(b"=")
        assert one.client_id == f"x509_hash:{digest.decode()}"


def test_a_new_root_stands_beside_the_old_one_and_certifies_a_day_later(
    house: House, clock: FixedClock, service_here: TestClient[Litestar]
) -> None:
    with house.database.write() as session:
        keys.rotate(session, house, "root", actor="test")
    pem = service_here.get("/licenses/trust/anchor.pem").content
    newest, oldest = x509.load_pem_x509_certificates(pem)

    def signer_of_leaf() -> x509.Certificate:
        with house.database.write() as session:
            keys.certify(session, house)
            [leaf] = keys.certificate_chain(session, house, keys.reader_key(session, house))
        return newest if is_signed_by(leaf, newest) else oldest

    assert signer_of_leaf() == oldest
    clock.move(timedelta(days=1, seconds=1))
    assert signer_of_leaf() == newest
    with house.database.write() as session:
        assert keys.certify(session, house) == 0
    assert newest.subject == oldest.subject
