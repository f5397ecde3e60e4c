"""The PDF signature (PAdES, ETSI EN 319 142): made with the city's certificate, checked against every one it ever had.

Importing this takes more than a second (pyHanko brings its network clients): callers import it when they need it.
"""

import asyncio
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from licenses.document.drawing import A4, FONT

_T = TypeVar("_T")
_ENTRY = "/DongchuLicence"


class Carried(msgspec.Struct, frozen=True):
    """What the file says for programs: the credential with the fields shown, and what this copy is for."""

    credential: str
    purpose: str
    user: str
    made_at: datetime
    good_until: datetime


def signed_pdf(content: bytes, carried: Carried, *, private: bytes, certificate: bytes, title: str) -> bytes:
    """One page with this content stream, and a signature over the whole file."""
    writer = PdfFileWriter()
    name = generic.NameObject
    resources = generic.DictionaryObject(
        {name("/Font"): generic.DictionaryObject({name(f"/{FONT}"): writer.add_object(_font())})}
    )
    stream = writer.add_object(generic.StreamObject(stream_data=content))
    writer.insert_page(PageObject(contents=stream, media_box=(0, 0, *A4), resources=resources))
    info = {
        name("/Title"): generic.TextStringObject(title),
        name(_ENTRY): generic.TextStringObject(msgspec.json.encode(carried).decode()),
    }
    writer.set_info(writer.add_object(generic.DictionaryObject(info)))
    unsigned = io.BytesIO()
    writer.write(unsigned)
    signer = signers.SimpleSigner(
        signing_cert=_certificate(certificate),
        signing_key=_private_key(private),
        cert_registry=SimpleCertificateStore(),
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="Seal", md_algorithm="sha256", reason=carried.purpose, subfilter=SigSeedSubFilter.PADES
    )
    signed = _awaited(signers.async_sign_pdf(IncrementalPdfFileWriter(unsigned), metadata, signer))
    return signed.getvalue()


def read_pdf(content: bytes, certificates: list[bytes]) -> Carried | None:
    """What a file carries, ``None`` unless one of our signatures covers all of it and nothing was added."""
    try:
        reader = PdfFileReader(io.BytesIO(content))
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            return None
        context = ValidationContext(
            trust_roots=[_certificate(one) for one in certificates], allow_fetching=False
        )
        status = _awaited(async_validate_pdf_signature(signatures[0], context))
        info: Any = reader.trailer["/Info"]
        if not status.bottom_line or status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
            return None
        return msgspec.json.decode(str(info[_ENTRY]), type=Carried)
    except (PdfError, KeyError, ValueError, TypeError, msgspec.DecodeError):
        return None


def _awaited(work: Coroutine[Any, Any, _T]) -> _T:
    """What pyHanko works out, on a thread of its own: it wants an event loop, and the caller's may be running already."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, work).result()


def _font() -> generic.DictionaryObject:
    """A Chinese font that is not embedded (ISO 32000-2 §9.7.5.2): readers bring their own, and the file stays small."""
    name = generic.NameObject
    number = generic.NumberObject
    descriptor = generic.DictionaryObject(
        {
            name("/Type"): name("/FontDescriptor"),
            name("/FontName"): name("/STSong-Light"),
            name("/Flags"): number(6),
            name("/FontBBox"): generic.ArrayObject(map(number, (-25, -254, 1000, 880))),
            name("/ItalicAngle"): number(0),
            name("/Ascent"): number(880),
            name("/Descent"): number(-120),
            name("/CapHeight"): number(880),
            name("/StemV"): number(93),
        }
    )
    system = generic.DictionaryObject(
        {
            name("/Registry"): generic.TextStringObject("Adobe"),
            name("/Ordering"): generic.TextStringObject("GB1"),
            name("/Supplement"): number(4),
        }
    )
    descendant = generic.DictionaryObject(
        {
            name("/Type"): name("/Font"),
            name("/Subtype"): name("/CIDFontType0"),
            name("/BaseFont"): name("/STSong-Light"),
            name("/CIDSystemInfo"): system,
            name("/FontDescriptor"): descriptor,
            name("/DW"): number(1000),
            name("/W"): generic.ArrayObject(map(number, (1, 95, 500))),
        }
    )
    return generic.DictionaryObject(
        {
            name("/Type"): name("/Font"),
            name("/Subtype"): name("/Type0"),
            name("/BaseFont"): name("/STSong-Light-UniGB-UTF16-H"),
            name("/Encoding"): name("/UniGB-UTF16-H"),
            name("/DescendantFonts"): generic.ArrayObject([descendant]),
        }
    )


def _certificate(pem: bytes) -> asn1_x509.Certificate:
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    return asn1_x509.Certificate.load(der)


def _private_key(pem: bytes) -> asn1_keys.PrivateKeyInfo:
    key = serialization.load_pem_private_key(pem, None)
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return asn1_keys.PrivateKeyInfo.load(der)
