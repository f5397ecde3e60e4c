"""HTTP Message Signatures (RFC 9421) with digests of the body (RFC 9530): who said this, word for word, and when.

A token says who calls; a signature over method, address, digest and token says that *this* was said, and stays a proof
when the connection is gone. An answer is signed over the request's own signature, so that it answers nothing else.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc.jwk import ECKey, Key, OKPKey

#: Every signature between a bank and the city names its purpose (§2.3), so that none made elsewhere counts here.
TAG: Final = "dongchu-financing"
WINDOW: Final = timedelta(minutes=2)
LABEL: Final = "sig1"
#: What must be covered. Headers that are sent must be covered too where they change what is done.
OF_REQUEST: Final = ("@method", "@target-uri", "authorization")
OF_BODY: Final = ("content-digest", "content-type")
OF_NEWS: Final = ("@method", "@target-uri", *OF_BODY)
OF_ANSWER: Final = ("@status", *OF_BODY, '"@method";req', '"@target-uri";req', '"signature";req')
IF_SENT: Final = ("idempotency-key", "bank-officer")

_NAME = re.compile(r'"(@?[a-z0-9*\-_.]+)"(;req)?')
_INPUT = re.compile(
    r"([a-z*][a-z0-9_\-.*]*)=(\(([^()]*)\)((?:;[a-z]+=(?:\d{1,15}|\"[\x20\x21\x23-\x5b\x5d-\x7e]*\"))*))"
)
_PARAMETER = re.compile(r";([a-z]+)=(?:(\d{1,15})|\"([^\"]*)\")")
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_\-.*]*)=:([A-Za-z0-9+/=]{1,1400}):")
_LONGEST = 4096


class SignatureRefused(Exception):
    """``reason`` is a code: which part of the proof is missing or does not hold."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Spoken:
    """A request (``status`` is None) or an answer, as it went over the wire; header names in lower case."""

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes = b""
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Presented:
    """A signature and what it claims, not yet verified. ``written`` is the text it was made over last (§2.3)."""

    components: tuple[str, ...]
    written: str
    signature: bytes
    created: int
    keyid: str
    alg: str
    nonce: str
    tag: str


FindKey = Callable[[str], Key | None]


def digest(body: bytes) -> str:
    """The ``Content-Digest`` of a body (RFC 9530 §2)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign_request(key: Key, request: Spoken, *, now: datetime, nonce: str) -> dict[str, str]:
    """The headers that go with a request besides its own: digest, input and signature."""
    headers, components = dict(request.headers), [name for name in OF_REQUEST if _is_there(name, request)]
    added: dict[str, str] = {}
    if request.body:
        added["content-digest"] = digest(request.body)
        components += OF_BODY
    components += [name for name in IF_SENT if name in headers]
    whole = _with(request, added)
    return added | _signed(key, whole, None, components, now=now, nonce=nonce)


def sign_answer(key: Key, answer: Spoken, request: Spoken, *, now: datetime, nonce: str) -> dict[str, str]:
    """The same for an answer; it names the request it answers by that request's signature."""
    added = {"content-digest": digest(answer.body)}
    return added | _signed(key, _with(answer, added), request, OF_ANSWER, now=now, nonce=nonce)


def check_request(
    request: Spoken, find_key: FindKey, *, now: datetime, needed: Iterable[str] = OF_REQUEST
) -> Presented:
    """The signature of a request, verified: ours by tag, made now, over all that must be covered.

    Whether its ``nonce`` is new is for the caller to see. Raises ``SignatureRefused``.
    """
    wanted = [
        *needed,
        *(OF_BODY if request.body else ()),
        *(one for one in IF_SENT if one in request.headers),
    ]
    return _checked(request, None, find_key, wanted, now)


def check_answer(answer: Spoken, request: Spoken, find_key: FindKey, *, now: datetime) -> Presented:
    """The signature of an answer to exactly this request. Raises ``SignatureRefused``."""
    return _checked(answer, request, find_key, OF_ANSWER, now)


def read(headers: Mapping[str, str]) -> Presented:
    """The one signature of a message. Raises ``SignatureRefused`` when there is none, or it cannot be read."""
    given, made = headers.get("signature-input", ""), headers.get("signature", "")
    if not given or not made:
        raise SignatureRefused("signature_missing")
    if max(len(given), len(made)) > _LONGEST:
        raise SignatureRefused("signature_unreadable")
    asked, found = _INPUT.fullmatch(given.strip()), _SIGNATURE.fullmatch(made.strip())
    if asked is None or found is None or asked[1] != found[1]:
        raise SignatureRefused("signature_unreadable")
    names = asked[3].split()
    if not names or any(_NAME.fullmatch(name) is None for name in names) or len(set(names)) != len(names):
        raise SignatureRefused("signature_unreadable")
    values = {name: number or text for name, number, text in _PARAMETER.findall(asked[4])}
    try:
        signature = base64.b64decode(found[2], validate=True)
        created = int(values.get("created", ""))
    except (binascii.Error, ValueError):
        raise SignatureRefused("signature_unreadable") from None
    return Presented(
        components=tuple(names),
        written=asked[2],
        signature=signature,
        created=created,
        keyid=values.get("keyid", ""),
        alg=values.get("alg", ""),
        nonce=values.get("nonce", ""),
        tag=values.get("tag", ""),
    )


def verify(presented: Presented, key: Key, message: Spoken, request: Spoken | None = None) -> bool:
    """Whether this key made the signature over this message (§3.2); what it covers is another question."""
    if presented.alg and presented.alg != algorithm_of(key):
        return False
    base = signature_base(presented.components, presented.written, message, request)
    public = _public(key)
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(presented.signature, base)
        else:
            if len(presented.signature) != 64:
                return False
            parts = (int.from_bytes(half) for half in (presented.signature[:32], presented.signature[32:]))
            public.verify(encode_dss_signature(*parts), base, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def algorithm_of(key: Key) -> str:
    """The name in the registry of RFC 9421 §6.2. Raises ``SignatureRefused`` for a kind of key not used here."""
    if isinstance(key, OKPKey) and key.curve_name == "Ed25519":
        return "ed25519"
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return "ecdsa-p256-sha256"
    raise SignatureRefused("key_kind")


def signature_base(
    components: Iterable[str], written: str, message: Spoken, request: Spoken | None = None
) -> bytes:
    """What is signed (§2.5), line by line. Raises ``SignatureRefused`` for what the message has not."""
    lines = [f"{_quoted(name)}: {_value(name, message, request)}" for name in components]
    lines.append(f'"@signature-params": {written}')
    try:
        return "\n".join(lines).encode("ascii")
    except UnicodeEncodeError:
        raise SignatureRefused("not_ascii") from None


def _checked(
    message: Spoken, request: Spoken | None, find_key: FindKey, needed: Iterable[str], now: datetime
) -> Presented:
    presented = read(message.headers)
    if presented.tag != TAG or not 16 <= len(presented.nonce) <= 128:
        raise SignatureRefused("signature_of_another_kind")
    if abs(now.timestamp() - presented.created) > WINDOW.total_seconds():
        raise SignatureRefused("signature_too_old")
    if not {_quoted(name) for name in needed} <= set(presented.components):
        raise SignatureRefused("too_little_signed")
    sent = message.headers.get("content-digest", "")
    if (message.body or sent) and not hmac.compare_digest(sent.encode(), digest(message.body).encode()):
        raise SignatureRefused("digest_wrong")
    key = find_key(presented.keyid)
    if key is None or not verify(presented, key, message, request):
        raise SignatureRefused("signature_wrong")
    return presented


def _signed(
    key: Key, message: Spoken, request: Spoken | None, components: Iterable[str], *, now: datetime, nonce: str
) -> dict[str, str]:
    names = [_quoted(name) for name in components]
    alg = algorithm_of(key)
    written = (
        f'({" ".join(names)});created={int(now.timestamp())};keyid="{key.kid}";alg="{alg}"'
        f';nonce="{nonce}";tag="{TAG}"'
    )
    made = _make(key, signature_base(names, written, message, request))
    return {
        "signature-input": f"{LABEL}={written}",
        "signature": f"{LABEL}=:{base64.b64encode(made).decode()}:",
    }


def _make(key: Key, base: bytes) -> bytes:
    private = key.private_key if isinstance(key, ECKey | OKPKey) else None
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(base)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        first, second = decode_dss_signature(private.sign(base, ec.ECDSA(hashes.SHA256())))
        return first.to_bytes(32) + second.to_bytes(32)
    raise SignatureRefused("key_kind")


def _public(key: Key) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
    public = key.public_key if isinstance(key, ECKey | OKPKey) else None
    if isinstance(public, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        return public
    raise SignatureRefused("key_kind")


def _quoted(name: str) -> str:
    return name if name.startswith('"') else f'"{name}"'


def _is_there(name: str, message: Spoken) -> bool:
    return name.startswith("@") or name in message.headers


def _with(message: Spoken, headers: Mapping[str, str]) -> Spoken:
    return Spoken(message.method, message.uri, {**message.headers, **headers}, message.body, message.status)


def _value(name: str, message: Spoken, request: Spoken | None) -> str:
    found = _NAME.fullmatch(_quoted(name))
    if found is None:
        raise SignatureRefused("signature_unreadable")
    plain, of_request = found[1], bool(found[2])
    source = request if of_request else message
    if source is None:
        raise SignatureRefused("component_unknown")
    if plain.startswith("@"):
        return _derived(plain, source)
    if plain not in source.headers:
        raise SignatureRefused("component_missing")
    return source.headers[plain].strip()


def _derived(name: str, source: Spoken) -> str:
    """Components of the message that are no headers (§2.2)."""
    _, _, rest = source.uri.partition("://")
    authority, slash, tail = rest.partition("/")
    path, mark, query = (slash + tail).partition("?")
    if name == "@status" and source.status is not None:
        return str(source.status)
    if source.status is not None:
        raise SignatureRefused("component_unknown")
    known = {
        "@method": source.method,
        "@target-uri": source.uri,
        "@authority": authority.lower(),
        "@path": path or "/",
        "@query": mark + query or "?",
    }
    if name not in known:
        raise SignatureRefused("component_unknown")
    return known[name]
