"""Certificates for wallets that trust X.509: a root of the city's own, and leaves for who issues and who asks.

A city's own certification authority would sign the leaves instead; nothing but this module would change.
"""

import base64
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Root: TypeAlias = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]
ROOT_YEARS = 20
LEAF_YEARS = 10


def new_root(common_name: str, now: datetime) -> Root:
    """A key and its self-signed certificate, which may sign leaves and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    builder = _builder(name, name, key.public_key(), now, ROOT_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return key, builder.add_extension(_usage(is_root=True), critical=True).sign(key, hashes.SHA256())


def new_leaf(
    common_name: str,
    public_key: ec.EllipticCurvePublicKey,
    address: str,
    root: Root,
    now: datetime,
) -> x509.Certificate:
    """Signed by the root for one key; ``address`` is where its owner is found."""
    root_key, root_certificate = root
    builder = _builder(_name(common_name), root_certificate.subject, public_key, now, LEAF_YEARS)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    names = [x509.UniformResourceIdentifier(address), *_host_names(address)]
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_root=False), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def der_text(certificate: x509.Certificate) -> str:
    """As ``x5c`` wants it (RFC 7515 §4.1.6): base64 of the DER, not base64url."""
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def is_signed_by(leaf: str, root: x509.Certificate) -> bool:
    """Whether an ``x5c`` element was signed by this root: roots that follow one another bear one name."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(leaf))
    try:
        certificate.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError):
        return False
    return True


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=366 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host_names(address: str) -> list[x509.GeneralName]:
    host = urlsplit(address).hostname or ""
    try:
        return [x509.IPAddress(ip_address(host))]
    except ValueError:
        return [x509.DNSName(host)]


def _usage(*, is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )
