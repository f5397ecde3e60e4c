"""The SM2 seal that gives a licence legal effect (电子签名法; GB/T 32918). A certified device plugs in at ``Signer``."""

from functools import lru_cache
from typing import Protocol

from tongsuopy.crypto import exceptions, hashes, serialization
from tongsuopy.crypto.asymciphers import ec


class Signer(Protocol):
    """Signs with SM2 over SM3 and the standard's default distinguishing id; DER signatures. Several threads may ask at once."""

    @property
    def public_pem(self) -> str: ...
    def sign(self, data: bytes) -> bytes: ...


class SoftwareSigner:
    """The software provider, for where no device is required."""

    def __init__(self, private_pem: bytes) -> None:
        self._key = serialization.load_pem_private_key(private_pem, None)

    @staticmethod
    def generate() -> bytes:
        """A new private key, PKCS #8 in PEM."""
        key = ec.generate_private_key(ec.SM2())
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def public_pem(self) -> str:
        public = self._key.public_key()
        return public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SM3()))


@lru_cache(maxsize=64)
def _public_key(pem: str) -> ec.EllipticCurvePublicKey:
    return serialization.load_pem_public_key(pem.encode())


def is_seal_genuine(public_pem: str, seal: bytes, data: bytes) -> bool:
    """Whether the seal is that key's over these bytes; what is no signature at all is not."""
    try:
        _public_key(public_pem).verify(seal, data, ec.ECDSA(hashes.SM3()))
    except (exceptions.InvalidSignature, exceptions.InternalError):  # the latter where it is not even DER
        return False
    return True
