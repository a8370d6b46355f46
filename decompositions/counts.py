"""Numbers of calls, coalitions and the like as a person reads them, however large."""

from __future__ import annotations

import math

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
