"""What others compute of our numbers and seals: python-stdnum and OpenSSL agree, or they do not."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_37_36

from identity.registry.identifiers import id_check_character, uscc_check_character
from kernel.house import House
from licenses import keys
from licenses.identifier import check_character, parse_identifier
from licenses.models import Licence
from licenses.writing import content, seal_payload

OPENSSL = shutil.which("openssl")
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(st.from_regex(r"[0-9]{17}", fullmatch=True))
def test_stdnum_agrees_on_the_check_of_a_citizens_number(body: str) -> None:
    assert id_check_character(body) == ric.calc_check_digit(f"{body}0")


@given(st.text(USCC, min_size=17, max_size=17))
def test_stdnum_agrees_on_the_check_of_a_credit_code(body: str) -> None:
    assert uscc_check_character(body) == uscc.calc_check_digit(body)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=80))
def test_stdnum_agrees_on_the_check_of_a_licence_identifier(body: str) -> None:
    assert check_character(body) == mod_37_36.calc_check_digit(body)


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
def test_openssl_verifies_the_sm2_seal_and_refuses_a_changed_licence(
    house: House, certificate_here: Licence, tmp_path: Path
) -> None:
    with house.database.read() as session:
        [public] = keys.public_seal_keys(session)
        signed = seal_payload(certificate_here.identifier, content(house, certificate_here).sd_jwt)
    files = {"key.pem": public.encode(), "seal.der": certificate_here.seal, "licence.txt": signed}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert parse_identifier(certificate_here.identifier)

    def verifies() -> bool:
        command = [
            str(OPENSSL),
            "dgst",
            "-sm3",
            "-verify",
            "key.pem",
            "-sigopt",
            "distid:1234567812345678",
            "-signature",
            "seal.der",
            "licence.txt",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ("Verified OK" in done.stdout) == (done.returncode == 0), done.stderr
        return done.returncode == 0

    assert verifies()
    (tmp_path / "licence.txt").write_bytes(signed.replace(b"1.2.156", b"1.2.157"))
    assert not verifies()
