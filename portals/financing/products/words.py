"""What the states of a product are called."""

from kernel.i18n import N_

STATE_LABELS: dict[str, str] = {
    "draft": N_("草稿"),
    "published": N_("已上架"),
    "superseded": N_("已被新版本取代"),
    "ended": N_("已下架"),
}
