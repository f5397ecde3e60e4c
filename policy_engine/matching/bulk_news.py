"""What a bulk match says that was not known: the difference between what is kept of a policy and the city matched anew."""

from collections.abc import Mapping

import msgspec

from policy_engine.matching.bulk import match_city
from policy_engine.matching.effects import MatchEffect
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.snapshot import Snapshot


class BulkNews(msgspec.Struct, frozen=True):
    """``effects``: new and changed matches, and those that no longer hold. ``open_subjects`` had a match that is unknown
    now: columns do not tell which facts are missing, so their families want to be judged one by one."""

    effects: tuple[MatchEffect, ...]
    open_subjects: frozenset[int]


def bulk_news(
    snapshot: Snapshot,
    published: PublishedSet,
    policy_id: str,
    kept: Mapping[tuple[int, int], tuple[int, int | None]],
) -> BulkNews:
    """``kept``: of each subject and unit with a match, its version and amount.

    Where a new version is rolled out beside an older one each subject is matched by its own; where the first version is,
    everybody is matched, reached or not. After a policy's last day nothing holds any more.
    """
    newest = published.named(policy_id)
    if newest is None:
        return BulkNews((), frozenset())
    versions = [one for one in published.effective_on(snapshot.as_of) if one.document.id == policy_id]
    found = match_city(snapshot, published, snapshot.as_of, policies=[policy_id], is_rollout_kept=True)
    open_rows = set(found.unknown.select("subject_id", "unit_id").iter_rows())

    def version_of(subject_id: int) -> int:
        if len(versions) < 2:
            return newest.document.version
        fitting = (one for one in versions if one.covers(subject_id))
        return next(fitting, newest).document.version

    def effect(subject_id: int, unit_id: int, amount_fen: int | None, *, is_eligible: bool) -> MatchEffect:
        return MatchEffect(
            policy_id=policy_id,
            version=version_of(subject_id),
            subject_id=subject_id,
            unit_id=unit_id,
            verdict="eligible" if is_eligible else "ineligible",
            amount_fen=amount_fen,
            sequence=snapshot.sequence,
            as_of=snapshot.as_of,
        )

    holding = {
        (subject_id, unit_id): amount_fen
        for subject_id, unit_id, amount_fen in found.eligible.drop("policy_id").iter_rows()
    }
    news = [
        effect(*key, amount_fen, is_eligible=True)
        for key, amount_fen in holding.items()
        if kept.get(key) != (version_of(key[0]), amount_fen)
    ]
    lost = kept.keys() - holding.keys()
    news += [effect(*key, None, is_eligible=False) for key in sorted(lost - open_rows)]
    return BulkNews(tuple(news), frozenset(subject_id for subject_id, _ in lost & open_rows))
