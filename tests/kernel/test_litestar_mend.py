"""The mend of Litestar in ``kernel.web`` is needed and works."""

import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import warnings
    warnings.simplefilter("ignore")
    {mend}
    from litestar import Litestar, Response, get, post
    from litestar.testing import TestClient

    @get("/form", sync_to_thread=True)
    def page() -> Response[str]:
        return Response("page")

    @post("/form", sync_to_thread=True)
    def answer() -> str:
        return "answer"

    with TestClient(Litestar([page, answer])) as client:
        print(client.get("/form").status_code, client.post("/form").status_code)
"""


@pytest.mark.parametrize(("mend", "expected"), [("import kernel.web", "200 201"), ("", "500 201")])
def test_a_page_and_its_form_may_share_a_path(mend: str, expected: str) -> None:
    script = textwrap.dedent(SCRIPT.format(mend=mend))
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert expected in run.stdout.splitlines(), (
        "if it works without, take the mend out of kernel/web/__init__.py"
    )
