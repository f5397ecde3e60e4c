"""The PDF signature (PAdES, ETSI EN 319 142): made with the city's certificate, checked against every one it ever had."""

import io
from datetime import datetime, timedelta
from typing import Any

import msgspec
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from licenses.document.drawing import A4, FONT, font

CERTIFICATE_YEARS = 10
_ENTRY = "/DongchuLicence"


class Carried(msgspec.Struct, frozen=True):
    """What the file says for programs: the credential with the fields shown, and what this copy is for."""

    credential: str
    purpose: str
    user: str
    made_at: datetime
    good_until: datetime


def new_certificate(common_name: str, now: datetime) -> tuple[bytes, bytes]:
    """A private key (PKCS #8) and a self-signed certificate, both PEM. A city's own authority would sign it instead."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=366 * CERTIFICATE_YEARS))
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)


def signed_pdf(content: bytes, carried: Carried, *, private: bytes, certificate: bytes, title: str) -> bytes:
    """One page with this content stream, and a signature over the whole file."""
    writer = PdfFileWriter()
    name = generic.NameObject
    resources = generic.DictionaryObject(
        {name("/Font"): generic.DictionaryObject({name(f"/{FONT}"): writer.add_object(font())})}
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
    signed = signers.sign_pdf(IncrementalPdfFileWriter(unsigned), metadata, signer)
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
        status = validate_pdf_signature(signatures[0], context)
        info: Any = reader.trailer["/Info"]
        if not status.bottom_line or status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
            return None
        return msgspec.json.decode(str(info[_ENTRY]), type=Carried)
    except (PdfError, KeyError, ValueError, TypeError, msgspec.DecodeError):
        return None


def _certificate(pem: bytes) -> asn1_x509.Certificate:
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    return asn1_x509.Certificate.load(der)


def _private_key(pem: bytes) -> asn1_keys.PrivateKeyInfo:
    key = serialization.load_pem_private_key(pem, None)
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return asn1_keys.PrivateKeyInfo.load(der)
