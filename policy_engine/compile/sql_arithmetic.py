"""Exact divisions and lengths of time in SQL, of whole numbers only; null in, null out."""

from sqlglot import exp


def number(value: int) -> exp.Expr:
    return exp.cast(exp.Literal.number(value), "BIGINT")


def rounded(over: exp.Expr, under: exp.Expr, mode: str, dialect: str) -> exp.Expr:
    """``over / under`` rounded to a whole number by FEEL's name of a rounding; null by zero.

    Dialects differ in the signs of a quotient and its rest: both are taken of absolute values.
    """
    divisor = _divisor(under)
    dividend = exp.Abs(this=over.copy())
    rest = exp.paren(exp.Mod(this=dividend.copy(), expression=divisor.copy()))
    less = exp.paren(exp.Sub(this=dividend.copy(), expression=rest.copy()))
    quotient = _whole(less, divisor, dialect)
    is_negative: exp.Expr = exp.paren(over.copy() < number(0))
    missing: exp.Expr = exp.Is(this=over.copy(), expression=exp.null())
    if divisor != under:
        is_negative = exp.NEQ(this=is_negative, expression=exp.paren(under.copy() < number(0)))
        is_none = exp.Is(this=under.copy(), expression=exp.null())
        missing = exp.or_(missing, is_none, under.copy().eq(number(0)))
    step = _step(mode, rest, divisor, quotient, is_negative)
    size = exp.paren(exp.Add(this=quotient, expression=step))
    signed = exp.case().when(is_negative.copy(), exp.Neg(this=size.copy())).else_(size)
    return exp.case().when(missing, exp.null()).else_(signed)


def _divisor(under: exp.Expr) -> exp.Expr:
    """Its absolute value, and something to divide by where there is none; a positive number is its own."""
    if isinstance(under, exp.Cast) and isinstance(under.this, exp.Literal) and under.this.name != "0":
        return under
    positive = exp.Nullif(this=exp.Abs(this=under.copy()), expression=number(0))
    return exp.Coalesce(this=positive, expressions=[number(1)])


def _whole(over: exp.Expr, under: exp.Expr, dialect: str) -> exp.Expr:
    """The quotient of what divides evenly. sqlglot has ClickHouse divide in floats here."""
    if dialect == "clickhouse":
        return exp.Anonymous(this="intDiv", expressions=[over.copy(), under.copy()])
    return exp.cast(exp.IntDiv(this=over.copy(), expression=under.copy()), "BIGINT")


def _step(
    mode: str,
    rest: exp.Expr,
    divisor: exp.Expr,
    quotient: exp.Expr,
    is_negative: exp.Expr,
) -> exp.Expr:
    """By how much the absolute value grows."""
    double = exp.paren(exp.Mul(this=rest.copy(), expression=number(2)))
    some = exp.GT(this=rest.copy(), expression=number(0))
    above = exp.GT(this=double.copy(), expression=divisor.copy())
    half = exp.EQ(this=double.copy(), expression=divisor.copy())
    odd = exp.EQ(this=exp.paren(exp.Mod(this=quotient.copy(), expression=number(2))), expression=number(1))
    grows = {
        "round half up": exp.or_(above, half),
        "round half down": above,
        "round half even": exp.or_(above, exp.and_(half, odd)),
        "round up": some,
        "round down": exp.false(),
        "floor": exp.and_(some, is_negative),
        "ceiling": exp.and_(some, exp.not_(exp.paren(is_negative))),
    }[mode]
    return exp.case().when(grows, number(1)).else_(number(0))


def duration(start: exp.Expr, end: exp.Expr, part: str) -> exp.Expr:
    """Whole years from one day to another, or the whole months beyond them; negative backwards."""
    years = exp.paren(exp.Sub(this=_part(end, "YEAR"), expression=_part(start, "YEAR")))
    if part == "years":
        return _finished(years, start, end, _day_of_year(start), _day_of_year(end))
    months = exp.paren(exp.Sub(this=_part(end, "MONTH"), expression=_part(start, "MONTH")))
    total = exp.Add(this=exp.Mul(this=years, expression=number(12)), expression=months)
    whole = _finished(exp.paren(total), start, end, _part(start, "DAY"), _part(end, "DAY"))
    beyond = exp.paren(exp.Mod(this=exp.Abs(this=whole.copy()), expression=number(12)))
    return (
        exp.case().when(exp.LT(this=whole, expression=number(0)), exp.Neg(this=beyond.copy())).else_(beyond)
    )


def _part(day: exp.Expr, unit: str) -> exp.Expr:
    return exp.cast(exp.Extract(this=exp.var(unit), expression=day.copy()), "BIGINT")


def _day_of_year(day: exp.Expr) -> exp.Expr:
    """In the order of months and days, the same in every year."""
    months = exp.Mul(this=_part(day, "MONTH"), expression=number(32))
    return exp.paren(exp.Add(this=months, expression=_part(day, "DAY")))


def _finished(
    whole: exp.Expr,
    start: exp.Expr,
    end: exp.Expr,
    at_start: exp.Expr,
    at_end: exp.Expr,
) -> exp.Expr:
    """One less where the last year or month is not complete, counted from the side on which one stands."""
    forwards = exp.LTE(this=start.copy(), expression=end.copy())
    late = exp.and_(forwards, exp.LT(this=at_end.copy(), expression=at_start.copy()))
    early = exp.and_(
        exp.not_(exp.paren(forwards.copy())), exp.LT(this=at_start.copy(), expression=at_end.copy())
    )
    turn = exp.case().when(late, number(-1)).when(early, number(1)).else_(number(0))
    return exp.paren(exp.Add(this=whole, expression=turn))


__all__ = ["duration", "number", "rounded"]
