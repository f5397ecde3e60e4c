"""Stylesheet, scripts and pictures: read once, named by their content, kept by browsers for a year."""

import gzip
import hashlib
import mimetypes
import re
from pathlib import Path
from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from kernel.errors import NotFound
from kernel.web.requests import WebRequest

STATIC_FOLDER: Final = Path(__file__).parent / "static"
_SERVED: Final = {".css", ".js", ".svg", ".png", ".webmanifest", ".ico"}
_FOREVER: Final = "public, max-age=31536000, immutable"


class StaticFile(msgspec.Struct, frozen=True):
    """One file as it goes over the wire; `digest` changes with every change of content."""

    body: bytes
    compressed: bytes
    media_type: str
    digest: str


def read_static(folder: Path = STATIC_FOLDER) -> dict[str, StaticFile]:
    """Every file that may be served, by its path under `folder`, compressed once."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _SERVED:
            body = compact(path.read_bytes()) if path.suffix == ".css" else path.read_bytes()
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found[path.relative_to(folder).as_posix()] = StaticFile(
                body=body,
                compressed=gzip.compress(body, 9, mtime=0),
                media_type=kind,
                digest=hashlib.sha256(body).hexdigest()[:12],
            )
    return found


def compact(css: bytes) -> bytes:
    """Our stylesheet without comments and needless blanks; no string in it holds a comment or a run of blanks."""
    text = re.sub(r"/\*.*?\*/", "", css.decode(), flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,>]) ?", r"\1", text)
    return re.sub(r": ", ":", text).replace(";}", "}").strip().encode()


class StaticFiles:
    """Serves `read_static` under `/static/<digest>/<path>`."""

    def __init__(self, folder: Path = STATIC_FOLDER) -> None:
        self._files = read_static(folder)

    def url(self, path: str) -> str:
        """The address of a file's present content; KeyError where there is no such file."""
        return f"/static/{self._files[path].digest}/{path}"

    def respond(self, request: WebRequest, digest: str, path: str) -> Response[bytes]:
        """The file, or 304; an address with an old digest gets today's content and no long life."""
        file = self._files.get(path)
        if file is None:
            raise NotFound
        headers = {
            "ETag": f'"{file.digest}"',
            "Cache-Control": _FOREVER if digest == file.digest else "no-cache",
            "Vary": "Accept-Encoding",
        }
        if f'"{file.digest}"' in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        body = file.body
        if "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = file.compressed, "gzip"
        return Response(body, headers=headers, media_type=file.media_type)


def static_route(files: StaticFiles) -> HTTPRouteHandler:
    """The one route that serves them."""

    @get("/static/{digest:str}/{path:path}", sync_to_thread=False, include_in_schema=False)
    def static_file(request: WebRequest, digest: FromPath[str], path: FromPath[str]) -> Response[bytes]:
        return files.respond(request, digest, path.lstrip("/"))

    return static_file
