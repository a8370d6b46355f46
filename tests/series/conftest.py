"""What several tests of power series stand on."""

import pytest
from jet_cases import BESIDE

from decompositions.series.jets.algebra.jet import RULES


@pytest.fixture(scope="module")
def noted():
    """Every rule notes itself in ``BESIDE`` when it runs."""
    before = dict(RULES)

    def noting(packet, rule):
        def run(*args, **kwargs):
            BESIDE.add(packet)
            return rule(*args, **kwargs)

        return run

    RULES.update({packet: noting(packet, rule) for packet, rule in before.items()})
    yield
    RULES.update(before)
