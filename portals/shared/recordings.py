"""A recording as it leaves the house: to be heard or kept, never read as a page, never stored on the way."""

from litestar import Response


def recording_answer(media_type: str, content: bytes) -> Response[bytes]:
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": "inline",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
