"""The proportions of the city, each with where it comes from. They serve this generator only and are not for quoting.

Published: the age bands and household size of Hubei's 2020 census, Huangshi's sex ratio, its high-tech firms of 2022,
the people of 90 to 94 in Yangxin. Where nothing is published for the city, national orders of magnitude stand in.
"""

from typing import Final, NamedTuple

REFERENCE_FIRMS: Final = 250_000

#: Residents by county: census and yearbook figures of 2019 to 2021, the remainder split by arithmetic.
COUNTY_WEIGHTS: Final = {
    "420202": 241_589,
    "420203": 195_500,
    "420204": 215_181,
    "420205": 59_600,
    "420222": 892_200,
    "420281": 865_000,
}
#: Share of households on the rural register; the two counties are half countryside.
RURAL_SHARE: Final = {
    "420202": 0.04,
    "420203": 0.14,
    "420204": 0.08,
    "420205": 0.10,
    "420222": 0.64,
    "420281": 0.52,
}

#: (youngest, oldest, per cent of residents). 0-14 is 16.3 %, 60+ 20.4 %, 65+ 14.6 %; births have fallen since 2017.
AGE_BANDS: Final = (
    (0, 2, 1.85),
    (3, 5, 2.66),
    (6, 9, 5.10),
    (10, 14, 6.70),
    (15, 19, 5.40),
    (20, 24, 5.20),
    (25, 29, 6.20),
    (30, 34, 8.20),
    (35, 39, 7.20),
    (40, 44, 6.60),
    (45, 49, 8.00),
    (50, 54, 8.80),
    (55, 59, 7.66),
    (60, 64, 5.83),
    (65, 69, 6.70),
    (70, 74, 4.06),
    (75, 79, 2.25),
    (80, 84, 1.09),
    (85, 89, 0.38),
    (90, 94, 0.100),
    (95, 99, 0.014),
    (100, 106, 0.0016),
)


class ByAge(NamedTuple):
    """A share that changes with age: the value at each age given, straight lines between."""

    ages: tuple[float, ...]
    shares: tuple[float, ...]


#: The census counts 107.87 men to 100 women; more boys among children, more women among the old.
FEMALE: Final = ByAge(
    (0, 14, 20, 55, 70, 80, 90, 106), (0.468, 0.468, 0.476, 0.485, 0.500, 0.530, 0.620, 0.750)
)
WOMEN_MARRIED: Final = ByAge(
    (19, 20, 24, 29, 35, 55, 65, 75, 85, 106), (0, 0.04, 0.30, 0.72, 0.90, 0.90, 0.80, 0.58, 0.25, 0.05)
)
MEN_MARRIED: Final = ByAge(
    (21, 22, 26, 31, 37, 57, 67, 77, 87, 106), (0, 0.04, 0.28, 0.66, 0.84, 0.86, 0.86, 0.76, 0.45, 0.15)
)
#: Unmarried grown-ups who live with their parents, among those whose parents are known.
AT_HOME: Final = ByAge((18, 22, 26, 32, 45, 106), (0.97, 0.91, 0.79, 0.60, 0.41, 0.0))
#: Grown-ups whose mother lives in the city.
MOTHER_IN_CITY: Final = ByAge((18, 30, 45, 60, 75, 106), (0.93, 0.76, 0.62, 0.36, 0.08, 0.0))

DIVORCED: Final = 0.05
ELDERS_WITH_CHILD: Final = 0.42
WIDOWED_ELDERS_WITH_CHILD: Final = 0.70

DISABILITY: Final = ByAge((0, 6, 17, 40, 60, 75, 106), (0.004, 0.008, 0.010, 0.017, 0.038, 0.060, 0.120))
DISABILITY_LEVELS: Final = (0.12, 0.26, 0.28, 0.34)
#: Order of the catalogue's kinds: sight, hearing, speech, limbs, intellect, mind, several.
DISABILITY_CATEGORIES: Final = (0.12, 0.13, 0.02, 0.46, 0.10, 0.11, 0.06)
#: Assessments reach a part of those of level 1 and 2; of the assessed most do need care.
CARE_ASSESSED: Final = 0.55
CARE_NEEDED: Final = 0.72

ORPHANS_AMONG_CHILDREN: Final = 0.0015
ORPHANS_IN_INSTITUTIONS: Final = 0.22
TEKUN_AMONG_LONE_ELDERS: Final = 0.14
DIBAO_HOUSEHOLDS: Final = 0.032
DIBAO_MARGINAL_HOUSEHOLDS: Final = 0.008
MEANS_TEST_AUTHORISED: Final = 0.004
DEATHS: Final = ByAge((0, 40, 60, 75, 90, 106), (0.0001, 0.0002, 0.0012, 0.006, 0.03, 0.08))

#: The year's recognitions of high-tech firms build up to the 478 that were valid in July 2022.
HITECH_FIRMS: Final = 478
HIRES_PER_FIRM: Final = 0.35
LOANS_PER_FIRM: Final = 0.030
