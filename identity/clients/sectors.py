"""Several addresses that count as one party (OpenID Connect Core §8.1, Registration §5): the list must say so itself."""

from collections.abc import Sequence

from identity.clients.outward import Outward
from kernel.errors import FieldError, InvalidInput, OutsideFailure


def check_sector(outward: Outward, address: str | None, redirect_uris: Sequence[str]) -> None:
    """Fetches the list. Raises ``InvalidInput`` unless it names every redirect address. Never inside a transaction."""
    if address is None:
        return
    try:
        listed = outward.get_json(address)
    except OutsideFailure as error:
        problem = FieldError(
            "sector_identifier_uri", "取不到 sector_identifier_uri 的内容", "请确认它可以公开访问"
        )
        raise InvalidInput(
            "应用登记的内容有误：取不到 sector_identifier_uri 的内容", errors=[problem]
        ) from error
    if not isinstance(listed, list) or not set(redirect_uris) <= {
        one for one in listed if isinstance(one, str)
    }:
        problem = FieldError("sector_identifier_uri", "sector_identifier_uri 没有列出全部回调地址")
        raise InvalidInput("应用登记的内容有误：sector_identifier_uri 没有列出全部回调地址", errors=[problem])
