"""What is f(x) − f(b) made of? Games, Harsanyi dividends and Taylor effects. Knows nothing of attribution."""

from decompositions.dividends.and_or import and_or as and_or
from decompositions.dividends.forecast import forecast as forecast
from decompositions.dividends.harsanyi import harsanyi as harsanyi
from decompositions.dividends.several_games import harsanyi_all as harsanyi_all
from decompositions.dividends.synergy_function import synergy_function as synergy_function
from decompositions.effects.effects import Effects as Effects
from decompositions.games import players as players
from decompositions.games.game import Game as Game
from decompositions.refinement.refine import refine as refine
from decompositions.series.taylor import taylor as taylor
from decompositions.showing import formulas as formulas  # registers how effects are shown
