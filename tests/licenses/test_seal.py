"""Others agree: `openssl` on the SM2 seal, python-stdnum on the numbers that licences stand on."""

import shutil
import subprocess
from pathlib import Path

import pytest
from stdnum.cn import ric, uscc

from identity.registry.identifiers import uscc_check_character
from kernel.house import House
from licenses import keys
from licenses.models import Licence
from licenses.seal import SoftwareSigner, is_seal_genuine
from licenses.writing import content, seal_payload
from tests.licenses.samples import id_number

#: GB/T 32918: the distinguishing id that is used where none was agreed.
DEFAULT_ID = "1234567812345678"


@pytest.mark.parametrize("is_changed", [False, True])
def test_openssl_verifies_the_seal_of_a_licence(
    house: House, certificate_here: Licence, tmp_path: Path, is_changed: bool
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command here")
    with house.database.read() as session:
        [public] = keys.public_seal_keys(session)
    payload = seal_payload(certificate_here.identifier, content(house, certificate_here).sd_jwt)
    (tmp_path / "key.pem").write_text(public)
    (tmp_path / "licence").write_bytes(payload + b"!" if is_changed else payload)
    (tmp_path / "seal").write_bytes(certificate_here.seal)
    options = ["-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{DEFAULT_ID}"]
    files = ["-inkey", "key.pem", "-in", "licence", "-sigfile", "seal"]
    command = [openssl, "pkeyutl", "-verify", "-pubin", *files, *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is not is_changed, done.stdout + done.stderr
    assert ("Signature Verified Successfully" in done.stdout) is not is_changed


def test_a_seal_that_is_no_signature_at_all_is_not_genuine() -> None:
    signer = SoftwareSigner(SoftwareSigner.generate())
    assert is_seal_genuine(signer.public_pem, signer.sign(b"x"), b"x")
    for broken in (b"", b"0", b"\x30\x06\x02\x01\x01\x02\x01\x01", b"x" * 71):
        assert not is_seal_genuine(signer.public_pem, broken, b"x")


@pytest.mark.parametrize("serial", [1, 999, 1500, 2750])
def test_stdnum_agrees_on_check_digits_of_citizens_numbers(serial: int) -> None:
    number = id_number(serial)
    assert ric.calc_check_digit(number) == number[17]


@pytest.mark.parametrize("code", ["91110000600037341L", "91310000775785552L"])
def test_stdnum_agrees_on_credit_codes(code: str) -> None:
    assert uscc.is_valid(code)
    assert uscc_check_character(code[:17]) == code[17]
