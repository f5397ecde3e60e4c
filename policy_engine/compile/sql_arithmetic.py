"""Exact divisions and lengths of time in SQL, of whole numbers only; null in, null out."""

from sqlglot import exp


def number(value: int) -> exp.Expr:
    return exp.cast(exp.Literal.number(value), "BIGINT")


def rounded(over: exp.Expr, under: exp.Expr, mode: str, dialect: str) -> exp.Expr:
    """``over / under`` rounded to a whole number by FEEL's name of a rounding; null by zero.

    Dialects differ in the signs of a quotient and its rest: both are taken of absolute values.
    """
    divisor = _divisor(under)
    dividend = exp.Abs(this=over)
    rest = exp.Paren(this=exp.Mod(this=dividend, expression=divisor))
    less = exp.Paren(this=exp.Sub(this=dividend, expression=rest))
    quotient = _whole(less, divisor, dialect)
    is_negative: exp.Expr = exp.Paren(this=exp.LT(this=over, expression=number(0)))
    missing: exp.Expr = exp.Is(this=over, expression=exp.null())
    if divisor != under:
        is_negative = exp.NEQ(
            this=is_negative, expression=exp.Paren(this=exp.LT(this=under, expression=number(0)))
        )
        is_none = exp.Is(this=under, expression=exp.null())
        missing = exp.or_(missing, is_none, exp.EQ(this=under, expression=number(0)), copy=False)
    step = _step(mode, rest, divisor, quotient, is_negative)
    size = exp.Paren(this=exp.Add(this=quotient, expression=step))
    signed = exp.case().when(is_negative, exp.Neg(this=size), copy=False).else_(size, copy=False)
    return exp.case().when(missing, exp.null(), copy=False).else_(signed, copy=False)


def _divisor(under: exp.Expr) -> exp.Expr:
    """Its absolute value, and something to divide by where there is none; a positive number is its own."""
    if isinstance(under, exp.Cast) and isinstance(under.this, exp.Literal) and under.this.name != "0":
        return under
    positive = exp.Nullif(this=exp.Abs(this=under), expression=number(0))
    return exp.Coalesce(this=positive, expressions=[number(1)])


def _whole(over: exp.Expr, under: exp.Expr, dialect: str) -> exp.Expr:
    """The quotient of what divides evenly. sqlglot has ClickHouse divide in floats here."""
    if dialect == "clickhouse":
        return exp.Anonymous(this="intDiv", expressions=[over, under])
    return exp.cast(exp.IntDiv(this=over, expression=under), "BIGINT", copy=False)


def _step(
    mode: str,
    rest: exp.Expr,
    divisor: exp.Expr,
    quotient: exp.Expr,
    is_negative: exp.Expr,
) -> exp.Expr:
    """By how much the absolute value grows."""
    double = exp.Paren(this=exp.Mul(this=rest, expression=number(2)))
    some = exp.GT(this=rest, expression=number(0))
    above = exp.GT(this=double, expression=divisor)
    half = exp.EQ(this=double, expression=divisor)
    odd = exp.EQ(this=exp.Paren(this=exp.Mod(this=quotient, expression=number(2))), expression=number(1))
    grows = {
        "round half up": exp.or_(above, half, copy=False),
        "round half down": above,
        "round half even": exp.or_(above, exp.and_(half, odd, copy=False), copy=False),
        "round up": some,
        "round down": exp.false(),
        "floor": exp.and_(some, is_negative, copy=False),
        "ceiling": exp.and_(some, exp.Not(this=exp.Paren(this=is_negative)), copy=False),
    }[mode]
    return exp.case().when(grows, number(1), copy=False).else_(number(0), copy=False)


def duration(start: exp.Expr, end: exp.Expr, part: str) -> exp.Expr:
    """Whole years from one day to another, or the whole months beyond them; negative backwards."""
    years = exp.Paren(this=exp.Sub(this=_part(end, "YEAR"), expression=_part(start, "YEAR")))
    if part == "years":
        return _finished(years, start, end, _day_of_year(start), _day_of_year(end))
    months = exp.Paren(this=exp.Sub(this=_part(end, "MONTH"), expression=_part(start, "MONTH")))
    total = exp.Add(this=exp.Mul(this=years, expression=number(12)), expression=months)
    whole = _finished(exp.Paren(this=total), start, end, _part(start, "DAY"), _part(end, "DAY"))
    beyond = exp.Paren(this=exp.Mod(this=exp.Abs(this=whole), expression=number(12)))
    is_backwards = exp.LT(this=whole, expression=number(0))
    return exp.case().when(is_backwards, exp.Neg(this=beyond), copy=False).else_(beyond, copy=False)


def _part(day: exp.Expr, unit: str) -> exp.Expr:
    return exp.cast(exp.Extract(this=exp.var(unit), expression=day), "BIGINT", copy=False)


def _day_of_year(day: exp.Expr) -> exp.Expr:
    """In the order of months and days, the same in every year."""
    months = exp.Mul(this=_part(day, "MONTH"), expression=number(32))
    return exp.Paren(this=exp.Add(this=months, expression=_part(day, "DAY")))


def _finished(
    whole: exp.Expr,
    start: exp.Expr,
    end: exp.Expr,
    at_start: exp.Expr,
    at_end: exp.Expr,
) -> exp.Expr:
    """One less where the last year or month is not complete, counted from the side on which one stands."""
    forwards = exp.LTE(this=start, expression=end)
    late = exp.and_(forwards, exp.LT(this=at_end, expression=at_start), copy=False)
    backwards = exp.Not(this=exp.Paren(this=forwards))
    early = exp.and_(backwards, exp.LT(this=at_start, expression=at_end), copy=False)
    turn = exp.case().when(late, number(-1), copy=False).when(early, number(1), copy=False)
    turn = turn.else_(number(0), copy=False)
    return exp.Paren(this=exp.Add(this=whole, expression=turn))


__all__ = ["duration", "number", "rounded"]
