"""One call at the portal: who is there, what is at hand, and the page that answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from litestar import Response
from litestar.di import NamedDependency

from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.services import Services

Given: TypeAlias = NamedDependency[Services]
Said: TypeAlias = NamedDependency[Principal]


@dataclass(frozen=True, slots=True)
class Visit:
    """What every page of an official needs; pages name it ``visit``."""

    request: WebRequest
    pages: Pages
    services: Services
    principal: Principal

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
    ) -> Response[str]:
        return self.pages.page(self.request, template, status=status, headers=headers, **context)


Visiting: TypeAlias = NamedDependency[Visit]


def visit_of(request: WebRequest, pages: NamedDependency[Pages], services: Given, principal: Said) -> Visit:
    """The dependency ``visit``."""
    return Visit(request, pages, services, principal)
