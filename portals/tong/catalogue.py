"""What residents can have: the policies in force, found by their words or by pinyin."""

from datetime import date

import msgspec

from policy_engine.policies.published import PublishedPolicy, PublishedSet


class ServiceView(msgspec.Struct, frozen=True):
    """One line of 办事."""

    policy_id: str
    title: str
    title_en: str
    summary: str
    department: str
    is_demonstration: bool


def services_for(published: PublishedSet, today: date) -> list[ServiceView]:
    """Policies for persons and households in force today, by title."""
    found = {
        one.document.id: service_of(one)
        for one in published.effective_on(today)
        if one.document.audience != "firm"
    }
    return sorted(found.values(), key=lambda one: one.title)


def service_of(policy: PublishedPolicy) -> ServiceView:
    document = policy.document
    return ServiceView(
        document.id,
        document.title,
        document.title_en,
        document.summary,
        document.department_named.said,
        policy.is_demonstration,
    )


def search(services: list[ServiceView], asked: str) -> list[ServiceView]:
    """Those whose title or text holds what was asked, in characters or in pinyin (whole or first letters)."""
    wanted = "".join(asked.lower().split())
    if not wanted:
        return services
    return [one for one in services if any(wanted in form for form in _forms(one))]


def _forms(service: ServiceView) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin  # large dictionaries, and only a search needs them

    syllables = lazy_pinyin(service.title)
    initials = "".join(syllable[:1] for syllable in syllables)
    texts = (service.title, service.summary, service.title_en.lower().replace(" ", ""))
    return (*texts, "".join(syllables).lower(), initials.lower())
