"""Pages are compressed for whoever takes it; streams and answers to programs are left as they are."""

import gzip

import httpx
from litestar import Litestar
from litestar.testing import TestClient

GZIP = {"accept-encoding": "gzip", "accept": "text/html"}


def test_a_page_is_packed_and_says_so(site: str) -> None:
    with httpx.stream("GET", f"{site}/style?layout=phone", headers=GZIP) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(packed))
    assert "Accept-Encoding" in answer.headers["vary"]
    plain = httpx.get(
        f"{site}/style?layout=phone", headers={"accept-encoding": "identity", "accept": "text/html"}
    )
    assert "content-encoding" not in plain.headers
    assert len(gzip.decompress(packed)) == len(plain.content)
    assert len(packed) < len(plain.content) / 3


def test_an_answer_to_a_program_is_not(client: TestClient[Litestar]) -> None:
    answer = client.get("/wrong/input", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers
