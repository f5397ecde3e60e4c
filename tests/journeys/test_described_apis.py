"""Every described operation of every service, signed in and not, under generated input: never a 5xx."""

from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.journeys.conftest import Demo
from tests.journeys.visitor import signed_in

#: Whose session is used on which service; the others are asked by nobody in particular.
WHO = {"tong": "resident", "rongtong": "agent", "zhengtong": "civil_affairs"}
SERVICES = ("licenses", "connectors", "public", "tong", "rongtong", "zhengtong")
EXAMPLES = 8


@pytest.mark.parametrize("service", SERVICES)
def test_no_described_operation_fails_on_generated_input(demo: Demo, service: str) -> None:
    address = f"{demo.base}/{service}/schema/openapi.json"
    assert httpx.get(address).json()["openapi"].startswith("3.1")
    schema = schemathesis.openapi.from_url(address)
    operations: list[Any] = [operation.ok() for operation in cast(Any, schema).get_all_operations()]
    assert operations
    visitors = [demo.visitor(timeout=60)]
    if service in WHO:
        visitors.append(signed_in(demo, WHO[service]))
    for operation in operations:
        for visitor in visitors:
            _probe(operation, demo.base, visitor)


def _probe(operation: Any, base: str, visitor: httpx.Client) -> None:
    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def never_fails(case: Any) -> None:
        cookies = {cookie.name: cookie.value or "" for cookie in visitor.cookies.jar}
        headers = {"X-CSRF-Token": visitor.headers.get("X-CSRF-Token", "")} if cookies else {}
        answer = case.call(base_url=base, cookies=cookies, headers=headers)
        assert answer.status_code < 500, (case.method, case.path, answer.status_code, answer.text[:400])

    never_fails()
