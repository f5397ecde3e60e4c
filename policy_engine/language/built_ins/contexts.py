"""Contexts (§10.3.4.10): their entries by name, new ones put in, several made one."""

from typing import Any

from policy_engine.language.built_ins.registry import ANY, CONTEXT, LIST, TEXT, built_in
from policy_engine.language.effort import spend

Entries = dict[str, Any]


@built_in(
    "get value",
    {"m": CONTEXT, "key": TEXT},
    named=({"m": CONTEXT, "key": TEXT}, {"context": CONTEXT, "key": TEXT}),
)
def get_value(context: Entries, key: str) -> Any:
    return context.get(key)


@built_in("get entries", {"m": CONTEXT}, named=({"m": CONTEXT}, {"context": CONTEXT}))
def get_entries(context: Entries) -> list[Entries]:
    spend(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@built_in("context", {"entries": LIST})
def context_of(entries: list[Any]) -> Entries | None:
    """From entries with ``key`` and ``value``; null where one lacks them or a key comes twice."""
    found: Entries = {}
    spend(len(entries))
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str) or "value" not in entry:
            return None
        if entry["key"] in found:
            return None
        found[entry["key"]] = entry["value"]
    return found


@built_in(
    "context put",
    {"context": CONTEXT, "key": (str, list), "value": ANY},
    named=(
        {"context": CONTEXT, "key": TEXT, "value": ANY},
        {"context": CONTEXT, "keys": LIST, "value": ANY},
    ),
)
def context_put(context: Entries, key: str | list[Any], value: Any) -> Entries | None:
    """One entry new or changed; a list of keys leads into contexts inside."""
    spend(1 + len(context))
    if isinstance(key, str):
        return {**context, key: value}
    if not key or not isinstance(key[0], str):
        return None
    if len(key) == 1:
        return {**context, key[0]: value}
    inner = context.get(key[0])
    if not isinstance(inner, dict):
        return None
    changed = context_put(inner, key[1:], value)
    return None if changed is None else {**context, key[0]: changed}


@built_in("context merge", {"contexts": LIST})
def context_merge(contexts: list[Any]) -> Entries | None:
    """All entries; of the same key the last one counts."""
    merged: Entries = {}
    for one in contexts:
        if not isinstance(one, dict):
            return None
        spend(1 + len(one))
        merged.update(one)
    return merged
