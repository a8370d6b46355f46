"""The two colours of every picture: blue and orange, apart for colour-blind eyes, too."""

Colour = tuple[int, int, int]  # red, green, blue

POSITIVE: Colour = (33, 102, 172)
NEGATIVE: Colour = (214, 96, 0)


def hexadecimal(colour: Colour) -> str:
    """A colour as figures take it.

    >>> hexadecimal(POSITIVE)
    '#2166ac'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)
