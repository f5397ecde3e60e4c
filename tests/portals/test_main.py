"""The composition root knows the templates of every package: a page that nobody registered would only fail when asked for."""

import re

from portals.main import ROOT, TEMPLATES

_NAMED = re.compile(r"[\"']([a-z_]+)/([a-z_/]+\.html)[\"']")


def test_every_template_that_the_code_or_a_template_names_is_found() -> None:
    folders = {"kernel": ROOT / "kernel" / "web" / "templates", **TEMPLATES}
    named = {
        (prefix, name, path.relative_to(ROOT).as_posix())
        for top in ("kernel", "connectors", "identity", "licenses", "policy_engine", "portals")
        for pattern in ("*.py", "*.html")
        for path in (ROOT / top).rglob(pattern)
        for prefix, name in _NAMED.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 100
    lost = sorted(
        f"{prefix}/{name} named in {where}"
        for prefix, name, where in named
        if prefix not in folders
        or not any((folder / name).exists() for folder in (folders[prefix] / prefix, folders[prefix]))
    )
    assert lost == []
