"""Working days of the People's Republic of China, lunar holidays and 调休 included (State Council's yearly notice)."""

from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar

#: Statutory holidays with a fixed date (全国年节及纪念日放假办法, 2024), for years whose yearly notice is still to come.
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def is_working_day(day: date) -> bool:
    """Whether offices work on ``day``. Years whose notice is not published yet: Monday to Friday but fixed holidays."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5 and (day.month, day.day) not in FIXED_HOLIDAYS


def add_working_days(day: date, count: int) -> date:
    """The working day that is ``count`` working days after ``day``; the day itself does not count (民法典 Art. 201)."""
    if count < 0:
        raise ValueError("a time limit cannot be negative")
    while count > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            count -= 1
    return day


def last_working_day(day: date) -> date:
    """``day`` itself, or the last one before it on which offices worked."""
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


@lru_cache(maxsize=4096)
def working_days_between(start: date, end: date) -> int:
    """How many working days lie after ``start`` up to and including ``end``; negative when ``end`` is earlier."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))
