"""The composition root knows the templates of every package: a page that nobody registered would only fail when asked for."""

import re

from kernel.house import House
from portals.main import ROOT, TEMPLATES, open_services
from portals.worker import build_worker
from portals.zhengtong.words import TASKS

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


def test_every_background_task_has_a_name_for_administrators(house: House) -> None:
    assert sorted(build_worker(open_services(house)).topics - TASKS.keys()) == []
