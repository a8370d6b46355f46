"""What is f(x) − f(b) made of? Games, Harsanyi dividends and Taylor effects. Knows nothing of attribution."""

from decompositions import players as players
from decompositions.effects import Effects as Effects
from decompositions.game import Game as Game
from decompositions.harsanyi import harsanyi as harsanyi
from decompositions.taylor import taylor as taylor
from decompositions.together import harsanyi_all as harsanyi_all
