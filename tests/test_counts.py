"""Large whole numbers in words."""

import pytest

from decompositions.counts import count


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-1234, "-1,234"),
        (10**12, "1,000,000,000,000"),
        (2**40, "2^40"),
        (2**3072, "2^3072"),
        (7 * 2**100, "7·2^100"),
        (-(2**64), "−2^64"),
        (123456789 * 10**20 + 1, "about 1.2·10^28"),
        (3**20000, "about 2.7·10^9542"),  # 20000 · log10(3) = 9542.4251, and 10^.4251 = 2.66
        (10**30, "about 1.0·10^30"),
        (10**30 - 1, "about 1.0·10^30"),
    ],
    ids=lambda value: str(value)[:9] if isinstance(value, str) else "",
)
def test_digits_powers_and_magnitudes(number, text):
    assert count(number) == text
