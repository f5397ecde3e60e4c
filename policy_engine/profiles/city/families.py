"""Who belongs to whom: couples of similar age, children of plausible parents, elders with or without their children.

People are drawn first, exactly as many as asked for and in the published age bands; families are then matched among
them. All links are positions in the arrays, NOBODY where there is none.
"""

from dataclasses import dataclass, fields

import numpy as np

from policy_engine.profiles.city import calibration as figures
from policy_engine.profiles.city.drawing import NOBODY, Bools, Ints, Numbers, happens, weighted

YEAR = 365.2425
SHORTEST_SPACING_DAYS = 300
MOST_CHILDREN_AT_HOME = 3
LARGEST_COMFORTABLE_HOUSEHOLD = 8

HEAD, SPOUSE, CHILD, PARENT, GRANDCHILD, SIBLING, OTHER = range(7)
RELATIONS = ("户主", "配偶", "子女", "父母", "孙子女", "兄弟姐妹", "其他")


@dataclass
class People:
    """The residents, household by household, heads first."""

    born: Ints  # day numbers
    age: Ints
    is_female: Bools
    mother: Ints
    father: Ints
    spouse: Ints
    is_orphan: Bools
    household: Ints  # 0 … households - 1
    relation: Ints

    def __len__(self) -> int:
        return len(self.born)


def draw_people(rng: np.random.Generator, count: int, today: int) -> People:
    """Exactly ``count`` people, in families."""
    people = _draw_ages(rng, count, today)
    _marry(rng, people)
    _give_parents(rng, people)
    _settle_households(rng, people)
    return _in_household_order(people)


def _draw_ages(rng: np.random.Generator, count: int, today: int) -> People:
    band = weighted(rng, [share for _, _, share in figures.AGE_BANDS], count)
    youngest = np.array([low for low, _, _ in figures.AGE_BANDS])[band]
    years = np.array([high - low + 1 for low, high, _ in figures.AGE_BANDS])[band]
    lived = ((youngest + rng.random(count) * years) * YEAR).astype(np.int32)
    age = (lived / YEAR).astype(np.int32)
    return People(
        born=(today - lived).astype(np.int32),
        age=age,
        is_female=happens(rng, figures.FEMALE, age),
        mother=np.full(count, NOBODY, np.int32),
        father=np.full(count, NOBODY, np.int32),
        spouse=np.full(count, NOBODY, np.int32),
        is_orphan=np.zeros(count, bool),
        household=np.zeros(count, np.int32),
        relation=np.zeros(count, np.int32),
    )


def _marry(rng: np.random.Generator, people: People) -> None:
    """Pair brides and grooms in order of age, each blurred by a year or two."""
    brides = np.flatnonzero(people.is_female & happens(rng, figures.WOMEN_MARRIED, people.age))
    grooms = np.flatnonzero(~people.is_female & happens(rng, figures.MEN_MARRIED, people.age))
    couples = min(len(brides), len(grooms))
    brides = rng.permutation(brides)[:couples]
    grooms = rng.permutation(grooms)[:couples]
    brides = brides[np.argsort(people.born[brides] + rng.normal(0, 600, couples), kind="stable")]
    grooms = grooms[np.argsort(people.born[grooms] + rng.normal(0, 600, couples), kind="stable")]
    people.spouse[brides] = grooms
    people.spouse[grooms] = brides


def _give_parents(rng: np.random.Generator, people: People) -> None:
    is_child = people.age < 18
    people.is_orphan = is_child & (rng.random(len(people)) < figures.ORPHANS_AMONG_CHILDREN)
    has_mother_here = happens(rng, figures.MOTHER_IN_CITY, people.age)
    is_wife = people.is_female & (people.spouse != NOBODY)
    is_widow = people.is_female & (people.age >= 55) & (people.spouse == NOBODY)
    _link(rng, people, np.flatnonzero(is_child & ~people.is_orphan), np.flatnonzero(is_wife), is_minor=True)
    grown = np.flatnonzero(~is_child & has_mother_here)
    _link(rng, people, grown, np.flatnonzero(is_wife | is_widow), is_minor=False)
    _divorce_some(rng, people)


def _link(
    rng: np.random.Generator, people: People, children: Numbers, women: Numbers, *, is_minor: bool
) -> None:
    """Give each child a mother who was of fitting age; siblings a year apart or twins, no crowds of small children."""
    if not len(women):
        return
    # Hours of birth: in a large city hundreds share a day, and each must be found as often as the others.
    womens_births = people.born[women] + rng.random(len(women))
    order = np.argsort(womens_births, kind="stable")
    women, womens_births = women[order], womens_births[order]
    open_cases = children
    for _ in range(8):
        age_at_birth = np.clip(rng.normal(27.5, 4.3, len(open_cases)), 19.5, 44)
        wanted = people.born[open_cases] - age_at_birth * YEAR
        near = np.searchsorted(womens_births, wanted) + rng.integers(-2, 3, len(open_cases))
        mother = women[np.clip(near, 0, len(women) - 1)]
        people.mother[open_cases] = mother
        people.father[open_cases] = people.spouse[mother]
        has_new_child = np.zeros(len(people), bool)
        has_new_child[mother] = True
        siblings = children[has_new_child[people.mother[children]]]
        open_cases = siblings[_is_implausible(people, siblings, is_minor)]
        if not len(open_cases):
            return
    people.mother[open_cases] = NOBODY
    people.father[open_cases] = NOBODY


def _is_implausible(people: People, children: Numbers, is_minor: bool) -> Bools:
    mother, father = people.mother[children], people.father[children]
    gap = people.born[children] - people.born[mother]
    fathers_gap = np.where(father == NOBODY, 30 * YEAR, people.born[children] - people.born[father])
    is_bad = (gap < 18 * YEAR) | (gap > 46 * YEAR) | (fathers_gap < 18 * YEAR) | (fathers_gap > 62 * YEAR)
    partner = people.spouse[children]
    is_bad |= (
        (partner != NOBODY) & (mother != NOBODY) & (people.mother[partner] == mother)
    )  # no brother marries his sister
    order = np.lexsort((people.born[children], mother))
    is_sibling = np.r_[False, mother[order][1:] == mother[order][:-1]]
    spacing = np.r_[0, np.diff(people.born[children][order])]
    crowded = is_sibling & (spacing > 1) & (spacing < SHORTEST_SPACING_DAYS)
    if is_minor:
        position = np.arange(len(order))
        first = np.maximum.accumulate(np.where(is_sibling, 0, position))
        crowded |= position - first >= MOST_CHILDREN_AT_HOME
    is_bad[order[crowded]] = True
    return is_bad


def _divorce_some(rng: np.random.Generator, people: People) -> None:
    wives = np.flatnonzero(
        people.is_female & (people.spouse != NOBODY) & (people.age >= 25) & (people.age < 60)
    )
    leaving = wives[rng.random(len(wives)) < figures.DIVORCED]
    people.spouse[people.spouse[leaving]] = NOBODY
    people.spouse[leaving] = NOBODY


def _settle_households(rng: np.random.Generator, people: People) -> None:
    """Point everybody at somebody of their household until only heads point at themselves."""
    count = len(people)
    everyone = np.arange(count, dtype=np.int32)
    lives_with = everyone.copy()
    wives = np.flatnonzero(people.is_female & (people.spouse != NOBODY))
    lives_with[wives] = people.spouse[wives]
    is_single = people.spouse == NOBODY
    stays = happens(rng, figures.AT_HOME, people.age) | (people.age < 18)
    at_home = is_single & stays & (people.mother != NOBODY)
    lives_with[at_home] = people.mother[at_home]
    _house_children_without_parents(rng, people, lives_with)
    _join_elders(rng, people, lives_with, at_home)
    sizes = np.bincount(_heads(lives_with), minlength=count)[_heads(lives_with)]
    moves_out = at_home & (people.age >= 22) & (sizes > LARGEST_COMFORTABLE_HOUSEHOLD)
    lives_with[moves_out] = everyone[moves_out]
    people.household = _heads(lives_with)  # still the head's position; numbered when put in order
    people.relation = _relations(people, people.household)


def _heads(lives_with: Ints) -> Ints:
    """Follow the pointers to the end: no family here is deeper than eight steps."""
    for _ in range(3):
        lives_with = lives_with[lives_with]
    return lives_with


def _house_children_without_parents(rng: np.random.Generator, people: People, lives_with: Ints) -> None:
    children = np.flatnonzero((people.age < 18) & (people.mother == NOBODY))
    elders = np.flatnonzero(people.is_female & (people.age >= 50) & (people.age < 80))
    if not len(elders):
        elders = np.flatnonzero(people.age >= 18)
    if len(children) and len(elders):
        lives_with[children] = rng.choice(elders, len(children))


def _join_elders(rng: np.random.Generator, people: People, lives_with: Ints, at_home: Bools) -> None:
    """Some elders move in with one married child, sons before daughters."""
    is_host = (people.spouse != NOBODY) & (people.mother != NOBODY) & ~at_home
    hosts = np.flatnonzero(is_host)
    hosts = hosts[np.lexsort((rng.random(len(hosts)), people.is_female[hosts]))]
    mothers, first = np.unique(people.mother[hosts], return_index=True)
    hosts = hosts[first]
    is_widow = people.spouse[mothers] == NOBODY
    share = np.where(is_widow, figures.WIDOWED_ELDERS_WITH_CHILD, figures.ELDERS_WITH_CHILD)
    share = np.where(people.age[mothers] < 55, 0.25, share)
    moves = rng.random(len(mothers)) < share
    # One couple hosts one side of the family only.
    _, one_side = np.unique(lives_with[hosts], return_index=True)
    is_first_side = np.zeros(len(hosts), bool)
    is_first_side[one_side] = True
    moves &= is_first_side
    mothers, hosts = mothers[moves], hosts[moves]
    lives_with[lives_with[mothers]] = hosts


def _relations(people: People, head: Ints) -> Ints:
    everyone = np.arange(len(people))
    partner = people.spouse[head]

    def is_one_of(relative: Ints) -> Bools:
        return (relative != NOBODY) & ((relative == head) | (relative == partner))

    def parent_of(person: Ints, parent: Ints) -> Ints:
        return np.where(person == NOBODY, NOBODY, parent[person])

    is_child = is_one_of(people.mother) | is_one_of(people.father)
    is_parent = np.zeros(len(people), bool)
    for parents in (people.mother, people.father):
        is_parent |= (parents[head] == everyone) | (parent_of(partner, parents) == everyone)
    is_grandchild = np.zeros(len(people), bool)
    for own in (people.mother, people.father):
        for theirs in (people.mother, people.father):
            is_grandchild |= is_one_of(parent_of(own, theirs))
    is_sibling = np.zeros(len(people), bool)
    for side in (head, partner):
        sides_mother = parent_of(side, people.mother)
        is_sibling |= (sides_mother != NOBODY) & (sides_mother == people.mother)
    relation = np.full(len(people), OTHER, np.int32)
    for code, holds in (
        (SIBLING, is_sibling),
        (GRANDCHILD, is_grandchild | (people.age < 18)),
        (PARENT, is_parent),
        (CHILD, is_child),
        (SPOUSE, partner == everyone),
        (HEAD, head == everyone),
    ):
        relation[holds] = code
    return relation


def _in_household_order(people: People) -> People:
    """The same people, household by household: neighbours in the frame are neighbours in life."""
    order = np.lexsort((people.born, people.relation, people.household))
    place = np.empty(len(people) + 1, np.int32)
    place[order] = np.arange(len(people), dtype=np.int32)
    place[NOBODY] = NOBODY
    moved = People(**{field.name: getattr(people, field.name)[order] for field in fields(people)})
    for link in ("mother", "father", "spouse"):
        setattr(moved, link, place[getattr(moved, link)])
    is_new = np.r_[True, moved.household[1:] != moved.household[:-1]]
    moved.household = (np.cumsum(is_new) - 1).astype(np.int32)
    return moved
