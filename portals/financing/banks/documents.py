"""Contracts on their way in and out over HTTP."""

from typing import Final

from litestar import Response

from portals.financing.banks import contracts

#: A contract of 20 MB, and what comes with it.
LARGEST_UPLOAD: Final = 21 * 1024 * 1024


def pdf_answer(content: bytes) -> Response[bytes]:
    """A contract to keep, never shown inside a page of ours."""
    return Response(
        content,
        media_type=contracts.MEDIA_TYPE,
        headers={
            "Content-Disposition": 'attachment; filename="contract.pdf"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
