"""Numbers with right check digits that can belong to nobody: they stand under a division code never assigned.

Hubei's codes begin with 42; its prefectures use 4201 to 4228 and its directly governed counties 4290, so 429999 has
never been given out. Telephone numbers begin with 100, which no network issues; accounts are made masked.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from policy_engine.profiles.city.drawing import Bools, Ints

UNASSIGNED_DIVISION = "429999"
#: GB 11643: weights of the first seventeen digits, and the check character by remainder.
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
#: GB 32100: the alphabet without I, O, S, V, Z, and weights 3**i mod 31; GB 11714: weights of the organisation code.
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(3**place % 31 for place in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
ORGANISATION_CHECKS = "0123456789X"

MOST_BIRTHS_A_DAY = 500


def id_numbers(born: Ints, is_female: Bools) -> pl.Series:
    """Eighteen characters each; men have odd sequence numbers, women even ones.

    Raises ValueError when more than 500 of one sex share a birthday: the sequence has three digits.
    """
    sequence = 2 * _rank_within(born.astype(np.int64) * 2 + is_female) + ~is_female
    if len(sequence) and sequence.max() >= 2 * MOST_BIRTHS_A_DAY:
        raise ValueError("more than 500 people of one sex share a birthday: ask for fewer residents")
    birthday = _as_eight_digits(born)
    body = int(UNASSIGNED_DIVISION) * 10**11 + birthday * 1000 + sequence
    remainder = _weighted_digits(body, ID_WEIGHTS) % 11
    return _text(body) + _characters(ID_CHECKS, remainder)


def credit_codes(serials: npt.NDArray[np.int64], category: npt.NDArray[np.int64]) -> pl.Series:
    """Unified social credit codes: registered by market regulation (9), ``category`` 1 firm, 2 sole trader, 3 co-op.

    ``serials`` are below 10**8 and become the organisation code, which carries a check of its own (GB 11714).
    """
    organisation = 11 - _weighted_digits(serials, ORGANISATION_WEIGHTS) % 11
    organisation[organisation == 11] = 0
    prefix = 9 * 10**7 + category * 10**6 + int(UNASSIGNED_DIVISION)
    total = _weighted_digits(prefix, USCC_WEIGHTS[:8]) + _weighted_digits(serials, USCC_WEIGHTS[8:16])
    # The organisation's check may be X, which counts with its place in the alphabet of GB 32100.
    check_values = np.array([USCC_ALPHABET.index(one) for one in ORGANISATION_CHECKS])
    total += check_values[organisation] * USCC_WEIGHTS[16]
    check = (31 - total % 31) % 31
    middle = _padded(serials, 8) + _characters(ORGANISATION_CHECKS, organisation)
    return _text(prefix) + middle + _characters(USCC_ALPHABET, check)


def scattered(count: int, start: int, digits: int) -> npt.NDArray[np.int64]:
    """``count`` different numbers below ``10**digits``, in no visible order."""
    step = 618_033_989  # odd and not divisible by 5, so that the walk meets every number once
    return (start + np.arange(count, dtype=np.int64) * step) % 10**digits


def serial_text(prefix: str, numbers: npt.NDArray[np.int64], digits: int) -> pl.Series:
    """``prefix`` and the number filled up with zeros."""
    return pl.Series([prefix], dtype=pl.String).gather(np.zeros(len(numbers), np.uint32)) + _padded(
        numbers, digits
    )


def _padded(numbers: npt.NDArray[np.int64], digits: int) -> pl.Series:
    return _text(numbers + 10**digits).str.slice(1)


def _text(numbers: npt.NDArray[np.int64]) -> pl.Series:
    return pl.Series(numbers).cast(pl.String)


def _characters(alphabet: str, positions: npt.NDArray[np.int64]) -> pl.Series:
    return pl.Series(list(alphabet), dtype=pl.String).gather(pl.Series(positions.astype(np.uint32)))


def _weighted_digits(numbers: npt.NDArray[np.int64], weights: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The sum of digits times weights, the first weight on the leftmost of ``len(weights)`` digits."""
    rest, total = numbers.copy(), np.zeros(len(numbers), np.int64)
    for weight in reversed(weights):
        total += rest % 10 * weight
        rest //= 10
    return total


def _rank_within(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, 2, … within each run of equal keys."""
    order = np.argsort(keys, kind="stable")
    is_first = np.r_[True, np.diff(keys[order]) != 0][: len(keys)]
    position = np.arange(len(keys))
    rank = np.empty(len(keys), np.int64)
    rank[order] = position - np.maximum.accumulate(np.where(is_first, position, 0))
    return rank


def _as_eight_digits(born: Ints) -> npt.NDArray[np.int64]:
    day = pl.Series(born).cast(pl.Date)
    return (
        day.dt.year().cast(pl.Int64) * 10_000 + day.dt.month().cast(pl.Int64) * 100 + day.dt.day()
    ).to_numpy()
