"""The characterizations, with a method for every hypothesis that keeps all others.

Their texts are remembered by what they say; they carry no numbers of theorems.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from synergy.axioms.characterization import Characterization
from synergy.axioms.witnesses.mixtures import AbsoluteShares
from synergy.axioms.witnesses.named import WITNESSES
from synergy.axioms.witnesses.of_sets import (
    AllToEverybody,
    HalfBelow,
    InProportion,
    Nothing,
    OverAllSets,
    PowersOverAllSets,
)
from synergy.axioms.witnesses.paths import axis_shares
from synergy.interactions.lifts.top_distributing import TopDistributing

_ALL = (
    Characterization(
        "moebius",
        "the synergy functions: I_S = φ_S",
        "Moebius",
        {
            "completeness": Nothing(),
            "linearity": InProportion("Moebius"),
            "null": AllToEverybody(),
            "baseline_test": "RS",
        },
        "lundstrom2023distributing",
        given="sets of all sizes, k = n",
        note="F = Σ φ_S. Null takes φ_S from T ⊄ S, the baseline test from T ⊊ S, and completeness leaves it to S.",
        order=3,
        inputs=3,
    ),
    Characterization(
        "shapley",
        "the Shapley value",
        "shapley",
        {
            "binary_feature": "integrated_gradients",
            "completeness": "occlusion_1",
            "linearity": AbsoluteShares("shapley"),
            "dummy": WITNESSES["equal"],
            "symmetry": WITNESSES["axis_path"],
        },
        "shapley1953value",
        note="Without binary features the other four do not single it out: Integrated Gradients keep them, too.",
    ),
    Characterization(
        "shapley_taylor",
        "the Shapley–Taylor interaction index",
        "STII",
        {
            "binary_feature": "SP",
            "completeness": "Moebius",
            "linearity": InProportion("STII"),
            "null": OverAllSets(),
            "symmetry": TopDistributing(axis_shares, "top lift of the path along the axes"),
            "interaction_distribution": "k-SII",
        },
        "sundararajan2020shapley",
        note="Without binary features Sum of Powers keeps the other five.",
        order=2,
    ),
    Characterization(
        "sum_of_powers",
        "Sum of Powers",
        "SP",
        {
            "completeness": "Moebius",
            "linearity": InProportion("SP"),
            "null": PowersOverAllSets(),
            "interaction_distribution": HalfBelow(),
            "top_weights": "STII",
        },
        "lundstrom2023distributing",
        note="On polynomials; continuity of Taylor approximation carries it to analytic functions.",
        order=2,
    ),
    Characterization(
        "ensembles",
        "means of integrals of the gradient along monotone paths",
        "integrated_gradients",
        {
            "completeness": "gradient_x_input",
            "linearity": AbsoluteShares(),
            "dummy": WITNESSES["equal"],
            "non_decreasing_positivity": WITNESSES["antisymmetric"],
        },
        "lundstrom2022rigorous",
        note=(
            "The claim that the first three single out means of paths has a gap: it was proven for functions whose "
            "attributions are not negative where F rises. The antisymmetric part keeps completeness, linearity, dummy, "
            "symmetry and affine scale invariance, and is no such mean; non-decreasing positivity closes the gap."
        ),
    ),
    Characterization(
        "path",
        "Integrated Gradients",
        "integrated_gradients",
        {
            "affine_scale_invariance": WITNESSES["input_dependent_path"],
            "symmetry": WITNESSES["power_path"],
        },
        "lundstrom2023four",
        given="an integral of the gradient along one monotone path",
        note=(
            "Scale invariance leaves one curve in the unit cube; of a symmetric F, A_i − A_j is the integral of F_ij "
            "between the curve and the diagonal. Symmetry alone does not single out the straight path. ½ IG + ½ "
            "Shapley keeps both axioms and is no single path."
        ),
    ),
    Characterization(
        "proportional",
        "Integrated Gradients",
        "integrated_gradients",
        {
            "linearity": AbsoluteShares(),
            "completeness": "gradient_x_input",
            "affine_scale_invariance": WITNESSES["bent_paths"],
            "proportionality": "shapley",
        },
        "lundstrom2023four",
        note="Powers of Σ λᵢzᵢ span the polynomials; with non-decreasing positivity it holds for all smooth functions.",
        open=("non_decreasing_positivity",),
    ),
    Characterization(
        "monotone",
        "Integrated Gradients",
        "integrated_gradients",
        {"completeness": "gradient_x_input", "symmetric_monotonicity": "shapley"},
        "lundstrom2023four",
        note="The continuous form of Young's theorem on Aumann–Shapley prices; linearity is a consequence.",
    ),
    Characterization(
        "monomials",
        "Integrated Gradients",
        "integrated_gradients",
        {"linearity": AbsoluteShares()},
        "lundstrom2023four",
        given="A_i = mᵢ/|m| of (x − b)^m for every monomial",
        note="The monomials span the polynomials, and continuity carries it to analytic functions; so for the indices.",
        open=("taylor_continuity",),
    ),
)
CHARACTERIZATIONS: Mapping[str, Characterization] = MappingProxyType({each.name: each for each in _ALL})
