"""The benchmark of the identity service runs, small: every flow is answered as it should be, or it fails."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks import identity_flows

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def test_every_flow_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setattr(identity_flows, "SAMPLES", 5)
    home = tmp_path / "home"
    url = f"sqlite:///{home / 'dongchu.db'}"
    figures = list(identity_flows.measure_at(home, "sqlite", url, 20, 1, 0.3))
    assert {one["benchmark"] for one in figures} == {
        "identity_introspection",
        "identity_refresh",
        "identity_code_flow",
        "identity_password_login",
    }
    assert all(one["per_second_per_core"] > 0 for one in figures)
