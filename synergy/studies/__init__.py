"""Studies: methods compared over many inputs and several models, in one table, with statistics."""

from synergy.studies.results import Study as Study
from synergy.studies.results import load as load
from synergy.studies.study import study as study
