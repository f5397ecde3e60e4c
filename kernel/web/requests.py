"""The type of a request, whatever its app keeps in it."""

from typing import Any, TypeAlias

from litestar import Request
from litestar.datastructures import State

WebRequest: TypeAlias = Request[Any, Any, State]
