"""A loss divided by shares, and what is recovered divided back by the same shares, to the fen. PURE."""

from collections.abc import Mapping

from portals.financing.guarantees.pool.rules import PARTIES, Party


def divide(amount_fen: int, weights: Mapping[Party, int]) -> dict[Party, int]:
    """``amount_fen`` in proportion to ``weights``; fen left over go to the largest remainders, in the order of parties.

    The parts add up exactly. No part exceeds its weight where the amount does not exceed their sum.
    """
    total = sum(weights.values())
    parties = [party for party in PARTIES if weights.get(party)]
    if amount_fen < 0 or total <= 0:
        raise ValueError("only a sum that is not below nothing can be divided, and by weights above nothing")
    parts = {party: amount_fen * weights[party] // total for party in parties}
    rests = sorted(parties, key=lambda party: (-(amount_fen * weights[party] % total), PARTIES.index(party)))
    for party in rests[: amount_fen - sum(parts.values())]:
        parts[party] += 1
    return parts


def give_back(recovered_fen: int, still_borne: Mapping[Party, int]) -> dict[Party, int]:
    """What each party gets of a recovery: in proportion to what it still bears, so by the shares of the loss.

    Weighing by what is still borne keeps the shares and lets the last recovery end everybody at nothing, exactly.
    """
    return divide(recovered_fen, still_borne)
