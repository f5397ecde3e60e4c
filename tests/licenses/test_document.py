"""加注件: pyHanko itself validates the file; it serves one purpose for a while; nothing can be changed or added in it."""

import asyncio
import io
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws
from litestar import Litestar
from litestar.testing import TestClient
from pyhanko.pdf_utils.generic import NameObject, TextStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from kernel.clock import FixedClock
from kernel.errors import Conflict, InvalidInput
from kernel.house import House
from kernel.web.pages import Pages
from licenses import keys, service
from licenses.app import TEMPLATES, create_app
from licenses.document.certificate import new_certificate
from licenses.document.service import make_for_holder, verify_document
from licenses.document.signing import read_pdf, signed_pdf
from licenses.models import Licence, LicenceUse
from licenses.schemas import Verification
from licenses.states import Operation
from licenses.writing import content
from tests.licenses.samples import FIELDS


@pytest.fixture
def licence(house: House, holder_here: int) -> Licence:
    with house.database.write() as session:
        return service.issue(
            session,
            house,
            type_id="driving-licence",
            holder_id=holder_here,
            fields=FIELDS["driving-licence"],
            actor="test",
        )


def _make(house: House, holder: int, licence: Licence, days: int = 30) -> bytes:
    with house.database.write() as session:
        return make_for_holder(
            session, house, [holder], licence.id, user="某租车公司", purpose="租车", days=days
        )


def _verify(house: House, data: bytes) -> Verification:
    with house.database.read() as session:
        return verify_document(session, house, data)


def test_the_library_validates_our_signature_over_the_whole_file(
    house: House, holder_here: int, licence: Licence
) -> None:
    data = _make(house, holder_here, licence)
    with house.database.read() as session:
        [pem] = keys.document_certificates(session)
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    context = ValidationContext(trust_roots=[asn1_x509.Certificate.load(der)], allow_fetching=False)
    [signature] = PdfFileReader(io.BytesIO(data)).embedded_signatures
    with ThreadPoolExecutor(1) as beside:  # a browser test may have left a loop running on this thread
        status = beside.submit(validate_pdf_signature, signature, context).result()
    assert (status.bottom_line, status.coverage) == (True, SignatureCoverageLevel.ENTIRE_FILE)


def test_the_copy_verifies_says_what_it_is_for_and_was_recorded(
    house: House, holder_here: int, licence: Licence
) -> None:
    answer = _verify(house, _make(house, holder_here, licence))
    assert (answer.result, answer.made_for) == ("valid", "某租车公司：租车")
    assert {field.id for field in answer.fields} == {"class", "first_issued_on"}
    with house.database.read() as session:
        use = session.scalars(sa.select(LicenceUse)).one()
    assert (use.kind, use.verifier, use.purpose) == ("document", "某租车公司", "租车")


def test_it_may_be_made_and_read_where_an_event_loop_runs(
    house: House, holder_here: int, licence: Licence
) -> None:
    async def made_and_read() -> Verification:
        return _verify(house, _make(house, holder_here, licence))

    with ThreadPoolExecutor(1) as beside:
        assert beside.submit(asyncio.run, made_and_read()).result().result == "valid"


def test_what_it_is_for_stands_across_the_page(house: House, holder_here: int, licence: Licence) -> None:
    reader = PdfFileReader(io.BytesIO(_make(house, holder_here, licence)))
    page = reader.root["/Pages"]["/Kids"][0]["/Contents"].data
    assert page.count("某租车公司".encode("utf-16-be").hex().encode()) == 10
    assert page.count(b" re\n") > 200


def test_its_time_passes_and_its_licence_may_end_before(
    house: House, clock: FixedClock, holder_here: int, licence: Licence
) -> None:
    short, long = _make(house, holder_here, licence, 1), _make(house, holder_here, licence, 30)
    clock.move(timedelta(days=2))
    assert [_verify(house, one).result for one in (short, long)] == ["not_valid", "valid"]
    with house.database.write() as session:
        service.operate(session, house, licence.id, Operation.REVOKE_LICENCE, reason="x", actor="test")
    assert "吊销" in _verify(house, long).reasons[0]
    with pytest.raises(Conflict):
        _make(house, holder_here, licence)


def test_nothing_can_be_changed_or_added(house: House, holder_here: int, licence: Licence) -> None:
    data = _make(house, holder_here, licence)
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    info: Any = writer.trailer["/Info"]
    info[NameObject("/Title")] = TextStringObject("别的证照")
    writer.update_container(info)
    added = io.BytesIO()
    writer.write(added)
    third = len(data) // 3
    other = bytes([data[third] ^ 1])
    for forged in (added.getvalue(), data[:third] + other + data[third + 1 :], data[:-20], b"%PDF-1.7", b""):
        assert _verify(house, forged).result == "not_valid"


def test_another_certificate_of_the_same_name_is_not_ours(
    house: House, holder_here: int, licence: Licence
) -> None:
    with house.database.read() as session:
        _make(house, holder_here, licence)
        ours = keys.document_certificates(session)
    private, theirs = new_certificate("黄石市电子证照服务（演示）", house.clock.now())
    carried = read_pdf(_make(house, holder_here, licence), ours)
    assert carried is not None
    forged = signed_pdf(b"", carried, private=private, certificate=theirs, title="x")
    assert read_pdf(forged, [theirs]) == carried
    assert read_pdf(forged, ours) is None


def test_a_copy_needs_a_user_and_a_purpose(house: House, holder_here: int, licence: Licence) -> None:
    with house.database.write() as session, pytest.raises(InvalidInput):
        make_for_holder(session, house, [holder_here], licence.id, user="", purpose="租车")


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages({"licenses": TEMPLATES})


@pytest.fixture
def client(house: House, pages: Pages) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(house, pages), base_url="http://dongchu.test") as opened:
        yield opened


def test_anyone_uploads_a_file_to_the_page_or_the_api(
    house: House, client: TestClient[Litestar], holder_here: int, licence: Licence
) -> None:
    data = _make(house, holder_here, licence)
    for path in ("/licenses/verify-file", "/licenses/api/v1/verifications/file"):
        answer = client.post(path, files={"file": ("licence.pdf", data, "application/pdf")})
        assert answer.status_code == 200
        assert "某租车公司：租车" in answer.text
    assert client.post("/licenses/verify-file", files={"file": ("", b"")}).status_code in (400, 422)


def test_a_report_is_signed_by_the_keys_that_are_published(
    house: House, client: TestClient[Litestar], licence: Licence
) -> None:
    sd_jwt = service.content(house, licence).sd_jwt
    told = client.post("/licenses/api/v1/verification-reports", json={"credential": sd_jwt}).json()
    with house.database.read() as session:
        [key] = keys.public_credential_keys(session).values()
    signed = jws.deserialize_compact(told["report"], key, algorithms=["ES256"])
    assert msgspec.json.decode(signed.payload)["verification"] == told["answer"]
    assert told["answer"]["result"] == "valid"


def test_the_page_gives_the_signed_report_to_take_away(
    house: House, client: TestClient[Litestar], licence: Licence
) -> None:
    page = client.post("/licenses/verify", data={"credential": service.content(house, licence).sd_jwt}).text
    found = re.search(r'name="report" value="([^"]+)"', page)
    assert found is not None
    file = client.post("/licenses/verify-report", data={"report": found[1]})
    assert file.headers["content-disposition"].startswith("attachment")
    told = file.json()
    with house.database.read() as session:
        [key] = keys.public_credential_keys(session).values()
    signed = jws.deserialize_compact(told["report"], key, algorithms=["ES256"])
    assert msgspec.json.decode(signed.payload)["verification"] == told["verification"]
    assert told["verification"]["result"] == "valid"
    sd_jwt = service.content(house, licence).sd_jwt
    for foreign in ("", "x.y.z", found[1][:-3] + "abc", sd_jwt.split("~")[0]):
        refused = client.post("/licenses/verify-report", data={"report": foreign})
        assert refused.status_code == 400


def _ofd(root: str = "OFD.xml") -> bytes:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as written:
        written.writestr(root, '<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>')
    return package.getvalue()


def test_what_cannot_be_judged_is_undetermined_and_a_credential_may_come_as_a_file(
    house: House, holder_here: int, licence: Licence
) -> None:
    with house.database.write() as session:
        sd_jwt = content(house, licence).sd_jwt

        def judged(data: bytes) -> Verification:
            return verify_document(session, house, data)

        unknown = judged(_ofd())
        assert (unknown.result, "OFD" in unknown.reasons[0], unknown.fields) == ("undetermined", True, [])
        assert judged(f"\n{sd_jwt}\n".encode()).result == "valid"
        assert judged(sd_jwt.replace("~", "~x", 1).encode()).result == "not_valid"
        for other in (_ofd("other.xml"), b"PK\x03\x04", b"", b"eyJ.a.b~" + b"\x00"):
            assert judged(other).result == "not_valid"
