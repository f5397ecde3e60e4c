"""Where a claim stands, as one value that an act keeps: so it can be told whether anybody acted since, and undone."""

from datetime import date, datetime
from typing import Any

from policy_engine.delivery.claims.models import Claim


def place_of(claim: Claim) -> dict[str, Any]:
    """Everything that an act at a stage may change."""
    return {
        "state": claim.state,
        "stage_index": claim.stage_index,
        "visit": claim.visit,
        "entered_at": None if claim.stage_entered_at is None else claim.stage_entered_at.isoformat(),
        "due_on": None if claim.stage_due_on is None else claim.stage_due_on.isoformat(),
        "accepted_at": None if claim.accepted_at is None else claim.accepted_at.isoformat(),
        "amount_fen": claim.amount_fen,
        "supplement_request": claim.supplement_request,
        "assignments": claim.assignments,
    }


def put_back(claim: Claim, place: dict[str, Any]) -> None:
    """Stand where the claim stood before, its clock as it ran then."""
    claim.state = place["state"]
    claim.stage_index, claim.visit = place["stage_index"], place["visit"]
    claim.stage_entered_at = _instant(place["entered_at"])
    claim.stage_due_on = None if place["due_on"] is None else date.fromisoformat(place["due_on"])
    claim.accepted_at = _instant(place["accepted_at"])
    claim.amount_fen = place["amount_fen"]
    claim.supplement_request = place["supplement_request"]
    claim.assignments = place["assignments"]


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
