"""Names of divisions as people read them."""

from kernel.i18n import ENGLISH, current_locale
from policy_engine.catalogue import catalogue


def division_name(code: str) -> str:
    """``420203007`` as 西塞山区 and the street; the code itself where the catalogue does not know it."""
    divisions = catalogue().divisions
    division = divisions.get(code)
    if division is None:
        county = divisions.get(code[:6])
        return code if county is None else f"{_said(county.name, county.label_en)} {code}"
    if division.level != "township":
        return _said(division.name, division.label_en)
    county = divisions.get(code[:6])
    return division.name if county is None else f"{_said(county.name, county.label_en)} {division.name}"


def _said(name: str, label_en: str) -> str:
    return label_en if current_locale() == ENGLISH and label_en else name
