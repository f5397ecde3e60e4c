"""Who meets a publication first: a fixed share of the subjects, drawn anew for every policy."""

import hashlib

#: Buckets are thousandths.
BUCKETS = 1000


def rollout_bucket(policy_id: str, subject_id: int) -> int:
    """A number from 0 to 999, fixed for a policy and a subject and unrelated between policies."""
    digest = hashlib.sha256(f"{policy_id}:{subject_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % BUCKETS
