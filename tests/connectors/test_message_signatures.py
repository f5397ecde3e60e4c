"""HTTP Message Signatures: the RFC's own examples hold, and nothing that was changed does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from joserfc.jwk import ECKey, Key, OKPKey

from connectors.lenders.rfc9421_signatures import (
    SignatureRefused,
    Spoken,
    check_answer,
    check_request,
    digest,
    read,
    sign_answer,
    sign_request,
    verify,
)

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
BANK = ECKey.generate_key("P-256", parameters={"kid": "bank-1"})
CITY = OKPKey.generate_key("Ed25519", parameters={"kid": "city-1"})
KEYS: Mapping[str, Key] = {"bank-1": BANK, "city-1": CITY}

# RFC 9421 appendix B.1.3 and B.1.4: public halves.
EXAMPLE_P256 = ECKey.import_key(
    {
        "kty": "EC",
        "crv": "P-256",
        "kid": "test-key-ecc-p256",
        "x": "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
        "y": "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0",
    }
)
EXAMPLE_ED25519 = OKPKey.import_key(
    {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "test-key-ed25519",
        "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
    }
)


def test_the_example_of_a_request_signed_with_ed25519() -> None:
    """Appendix B.2.6."""
    request = Spoken(
        "POST",
        "https://example.com/foo?param=Value&Pet=dog",
        {
            "date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "content-type": "application/json",
            "content-length": "18",
            "signature-input": 'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
            ';created=1618884473;keyid="test-key-ed25519"',
            "signature": "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
        },
        b'{"hello": "world"}',
    )
    assert verify(read(request.headers), EXAMPLE_ED25519, request)
    assert not verify(read(request.headers), EXAMPLE_ED25519, replace(request, method="PUT"))


def test_the_example_of_an_answer_signed_with_p256() -> None:
    """Appendix B.2.4."""
    answer = Spoken(
        "",
        "",
        {
            "content-type": "application/json",
            "content-digest": "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJg"
            "Jc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:",
            "content-length": "23",
            "signature-input": 'sig-b24=("@status" "content-type" "content-digest" "content-length")'
            ';created=1618884473;keyid="test-key-ecc-p256"',
            "signature": "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:",
        },
        b'{"message": "good dog"}',
        200,
    )
    assert verify(read(answer.headers), EXAMPLE_P256, answer)
    assert not verify(read(answer.headers), EXAMPLE_P256, replace(answer, status=201))


def asked(body: bytes = b'{"amount":1}') -> Spoken:
    headers = {"authorization": "DPoP abc", "content-type": "application/json", "idempotency-key": "k-1"}
    plain = Spoken("POST", "https://city.example/rongtong/api/v1/bank/offers", headers, body)
    return replace(plain, headers=headers | sign_request(BANK, plain, now=NOW, nonce="n" * 16))


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"uri": "https://city.example/rongtong/api/v1/bank/contracts"},
        {"body": b'{"amount":2}'},
        {"headers": {**asked().headers, "authorization": "DPoP other"}},
        {"headers": {**asked().headers, "idempotency-key": "k-2"}},
        {"headers": {**asked().headers, "content-digest": digest(b"{}")}},
        {"headers": {**asked().headers, "signature": "sig1=:AAAA:"}},
        {"headers": {**asked().headers, "signature-input": "sig1=()"}},
        {"headers": {}},
    ],
)
def test_nothing_of_a_request_may_change(changed: dict[str, object]) -> None:
    request = asked()
    check_request(request, KEYS.get, now=NOW)
    with pytest.raises(SignatureRefused):
        check_request(replace(request, **changed), KEYS.get, now=NOW)  # type: ignore[bad-argument-type]


@pytest.mark.parametrize("apart", [timedelta(minutes=-3), timedelta(minutes=3)])
def test_a_signature_counts_when_it_is_made(apart: timedelta) -> None:
    with pytest.raises(SignatureRefused, match="too_old"):
        check_request(asked(), KEYS.get, now=NOW + apart)


def test_a_key_signs_by_its_own_algorithm_only() -> None:
    request = asked()
    lied = request.headers["signature-input"].replace("ecdsa-p256-sha256", "ed25519")
    with pytest.raises(SignatureRefused, match="signature_wrong"):
        check_request(
            replace(request, headers={**request.headers, "signature-input": lied}), KEYS.get, now=NOW
        )


def test_what_must_be_covered_cannot_be_left_out() -> None:
    bare = Spoken("POST", asked().uri, {"content-type": "application/json"}, b"{}")
    headers = {**bare.headers, **sign_request(BANK, bare, now=NOW, nonce="n" * 16)}
    with pytest.raises(SignatureRefused, match="too_little_signed"):
        check_request(replace(bare, headers={**headers, "authorization": "DPoP stolen"}), KEYS.get, now=NOW)


def test_an_answer_answers_one_request() -> None:
    request, other = asked(), asked(b'{"amount":3}')
    plain = Spoken("", "", {"content-type": "application/json"}, b'{"state":"offered"}', 201)
    answer = replace(
        plain, headers={**plain.headers, **sign_answer(CITY, plain, request, now=NOW, nonce="m" * 16)}
    )
    check_answer(answer, request, KEYS.get, now=NOW)
    with pytest.raises(SignatureRefused):
        check_answer(answer, other, KEYS.get, now=NOW)
    with pytest.raises(SignatureRefused):
        check_answer(replace(answer, body=b"{}"), request, KEYS.get, now=NOW)
