"""推演: a version against what is in force, over the whole city, with a standard raised or lowered if one likes."""

import uuid
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from kernel.errors import InvalidInput
from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from policy_engine.catalogue import catalogue
from policy_engine.matching.simulation import age_band
from portals.shared.places import division_name
from portals.zhengtong import words
from portals.zhengtong.access import on_a_seat
from portals.zhengtong.policies import acts
from portals.zhengtong.reach import Reach
from portals.zhengtong.visit import Visiting

#: Nothing can be lowered below nothing; more than tenfold is a slip of the pen.
LOWEST_PERMILLE, HIGHEST_PERMILLE = -1000, 9000


def changed(standard: str, change_permille: int) -> Mapping[str, int]:
    """The change asked for, by the name of the standard; none without a name or a change. Raises ``InvalidInput``."""
    if not standard or not change_permille:
        return {}
    if not LOWEST_PERMILLE <= change_permille <= HIGHEST_PERMILLE:
        raise InvalidInput(_("标准的变动应在 -100% 到 +900% 之间。"))
    return {standard: change_permille}


@get(
    "/policies/{version_id:uuid}/simulation", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat]
)
def simulation_page(
    visit: Visiting,
    reach: NamedDependency[Reach],
    version_id: FromPath[uuid.UUID],
    standard: FromQuery[str] = "",
    change: FromQuery[str] = "",
) -> Response[str]:
    """``change`` is in per cent, as people write it: ``10`` or ``-5.5``."""
    file = acts.file_of(visit.services, visit.principal, version_id)
    found, problem = None, ""
    try:
        found = reach.simulate(version_id, changed(standard, _permille(change)))
    except InvalidInput as refused:
        problem = refused.detail
    return visit.page(
        "zhengtong/policies/simulation.html",
        file=file,
        found=found,
        problem=problem,
        standard=standard,
        change=change,
        standards=[(one.name, _said(one.name, one.label_en)) for one in catalogue().parameters.values()],
        periods=words.PERIODS,
        division_name=division_name,
        age_band=age_band,
        is_demonstration=file.line.is_demonstration,
    )


def _permille(percent: str) -> int:
    text = percent.strip().removesuffix("%").removesuffix("％").replace("＋", "+").replace("－", "-")
    if not text:
        return 0
    try:
        permille = Decimal(text) * 10
    except InvalidOperation as problem:
        raise InvalidInput(_("请用数字填写变动幅度，例如 10 或 -5.5。")) from problem
    if not permille.is_finite():
        raise InvalidInput(_("请用数字填写变动幅度，例如 10 或 -5.5。"))
    return int(max(min(permille, HIGHEST_PERMILLE + 1), LOWEST_PERMILLE - 1))


def _said(name: str, label_en: str) -> str:
    return label_en if current_locale() == ENGLISH and label_en else name


HANDLERS = [simulation_page]
