"""Names for people and firms who do not exist, with the lengths and characters that real registers contain."""

import numpy as np
import polars as pl

from policy_engine.profiles.city.drawing import NOBODY, Bools, Ints, labels, masked, weighted
from policy_engine.profiles.city.families import People

SURNAMES = (
    *"李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田",
    *"任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文柯明费纪查褚",
    "欧阳", "上官", "司马", "诸葛", "皇甫", "尉迟",
)  # fmt: skip
GIVEN_MEN = (
    *"伟强磊军洋勇杰涛明超刚平辉鹏飞斌波宇浩凯健俊帆帅旭宁龙林阳建华亮成国庆志文海山东峰远航泽轩晨睿博航昊然梓铭",
)
GIVEN_WOMEN = (
    *"芳娜敏静丽艳娟霞秀英兰梅玲红燕萍雪琳晶洁颖倩婷慧莹雅婕薇蕾岚萱涵怡欣妍彤诗琪语嫣若汐月清荷莲桂凤珍菊",
)
#: Characters that many fonts, keyboards and length checks have never met; some lie outside the basic plane.
RARE = (*"堃喆犇淼焱垚翀昶祎頔旻䶮㛃𬱖𫖯𬴂",)
OTHER_NAMES = (
    "买买提·阿不都热合曼", "阿依古丽·吐尔逊", "迪丽娜尔·玉素甫", "扎西·尼玛次仁", "古丽米热·艾则孜", "巴特尔·宝力德",
)  # fmt: skip

PLACES = {
    "420202": "黄石港", "420203": "西塞", "420204": "下陆", "420205": "铁山", "420222": "阳新", "420281": "大冶",
}  # fmt: skip
BRANDS = (*"椴樟楠榉栎桤檀槿樾蘅芷荻菡蓼薜荠璟珩琛琰璞瑄珞珂砚铄镕钰铎澍澧沅漪沁湜濯翊翎翯",)


def person_names(rng: np.random.Generator, people: People) -> pl.Series:
    """A name for everyone; children carry their father's surname, or their mother's where no father is known."""
    surname = _surnames(rng, people)
    male = labels(GIVEN_MEN, rng.integers(0, len(GIVEN_MEN), len(people)))
    female = labels(GIVEN_WOMEN, rng.integers(0, len(GIVEN_WOMEN), len(people)))
    first = _where(people.is_female, female, male)
    first = _where(
        rng.random(len(people)) < 0.006, labels(RARE, rng.integers(0, len(RARE), len(people))), first
    )
    has_second = rng.random(len(people)) < 0.78
    second = labels((*GIVEN_MEN[:30], *GIVEN_WOMEN[:30]), rng.integers(0, 60, len(people)))
    second = _where(has_second, second, labels(("",), np.zeros(len(people))))
    name = labels(SURNAMES, surname) + first + second
    is_other = rng.random(len(people)) < 0.0008
    return _where(is_other, labels(OTHER_NAMES, rng.integers(0, len(OTHER_NAMES), len(people))), name)


def _surnames(rng: np.random.Generator, people: People) -> Ints:
    weights = 1 / (np.arange(len(SURNAMES)) + 6.0)
    surname = weighted(rng, weights.tolist(), len(people))
    named_after = np.where(people.father != NOBODY, people.father, people.mother)
    cohort = people.age // 15  # parents are at least eighteen years older: theirs is settled first
    for oldest in range(int(cohort.max(initial=0)), -1, -1):
        generation = np.flatnonzero((cohort == oldest) & (named_after != NOBODY))
        surname[generation] = surname[named_after[generation]]
    return surname


def firm_names(rng: np.random.Generator, county: pl.Series, trade: pl.Series, ending: pl.Series) -> pl.Series:
    """Place, invented brand, trade and legal form."""
    place = county.replace_strict(PLACES, return_dtype=pl.String)
    size = len(county)
    brand = [labels(BRANDS, rng.integers(0, len(BRANDS), size)) for _ in range(3)]
    return place + brand[0] + brand[1] + brand[2] + trade + ending


def _where(condition: Bools, yes: pl.Series, no: pl.Series) -> pl.Series:
    return masked(yes, condition).fill_null(no)
