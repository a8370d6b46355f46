"""How results are shown: text, formulas, pages; importing this package registers it all."""

from synergy.showing import and_or as and_or
from synergy.showing import axioms as axioms
from synergy.showing import estimations as estimations
from synergy.showing import formulas as formulas
from synergy.showing import frames as frames
from synergy.showing import html as html
from synergy.showing import interactions as interactions
from synergy.showing import neurons_page as neurons_page
from synergy.showing import report as report
from synergy.showing import studies as studies
from synergy.showing import text as text
