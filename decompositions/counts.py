"""Numbers of calls, coalitions and the like as a person reads them, however large."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

FLOATS = 10**300  # whole numbers below are floats, too
TOO_LONG = "a number of more than 4300 digits"
WRITTEN_OUT = 10**12  # up to which all digits are said


def count(number: int) -> str:
    """A whole number: its digits if they are few, a power of two as such, else two digits and a power of ten.

    >>> count(1048576), count(2**3072), count(48 * 2**64), count(10**30 + 1)
    ('1,048,576', '2^3072', '3·2^68', 'about 1.0·10^30')
    """
    if abs(number) <= WRITTEN_OUT:
        return f"{number:,}"
    if number < 0:
        return f"−{count(-number)}"
    twos = (number & -number).bit_length() - 1
    odd = number >> twos
    if odd <= WRITTEN_OUT and twos > odd.bit_length():
        return f"2^{twos}" if odd == 1 else f"{odd:,}·2^{twos}"
    shift = max(0, number.bit_length() - 60)
    logarithm = math.log10(number >> shift) + shift * math.log10(2)
    power = math.floor(logarithm)
    return f"about {10 ** (logarithm - power):.1f}·10^{power}"


def several(number: int, noun: str) -> str:
    """A number of things.

    >>> several(1, "player"), several(1200, "model call")
    ('1 player', '1,200 model calls')
    """
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def rounded(value: Any, sign: bool = False) -> str:
    """A number to four significant digits, an exact one beyond the floats, too.

    >>> rounded(2.5, sign=True), rounded(-(10**400))
    ('+2.5', '-1.000e+400')
    """
    form = "+.4g" if sign else ".4g"
    above, below = getattr(value, "numerator", 0), getattr(value, "denominator", 1)
    if abs(above) < FLOATS and below < FLOATS:
        return f"{float(value):{form}}"
    return f"{Decimal(int(above)) / Decimal(int(below)):{form}}"


def exactly(value: Any) -> str:
    """An exact number or expression with all its digits, as far as Python writes so many.

    >>> exactly(3), exactly(10**5000)
    ('3', 'a number of more than 4300 digits')
    """
    try:
        return str(value)
    except ValueError:
        return TOO_LONG
