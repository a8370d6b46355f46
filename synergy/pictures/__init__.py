"""The pictures: each takes a result and returns a matplotlib figure."""

from synergy.pictures import and_or as and_or
from synergy.pictures import plot as plot
