"""What the table of a study says, from tables whose answers a hand knows, and from a study by scipy."""

import numpy as np
import pandas
import pytest
import scipy.stats
from study_cases import METHODS

from synergy.studies import findings


def tables(*rows):
    """A function from quantities to rows: model, input, method, quantity, of, value, error, note."""
    columns = ["model", "input", "method", "quantity", "of", "value", "error", "note"]
    whole = pandas.DataFrame([("m", *row) for row in rows], columns=columns)
    return lambda *quantities: whole[whole.quantity.isin(quantities)]


def test_means_are_those_of_the_table(done):
    found, table = done.summary(), done.table("residual", "deletion", "gap")
    for _, row in found[found.quantity.isin(["residual", "deletion", "gap"])].iterrows():
        rows = table[(table.method == row.method) & (table.quantity == row.quantity)]
        values = rows.value.abs() if row.quantity == "gap" else rows.value
        assert (row["mean"], row.error, row.n) == pytest.approx((values.mean(), rows.error.mean(), 9))
        assert row.low <= row["mean"] <= row.high
    assert set(found.method) == set(METHODS)


def test_verdicts_are_counted(done):
    found = done.verdicts()
    assert found.criterion.tolist() == ["coverage", "relevance", "completeness"] * 3
    notes = done.table("residual")
    for method in METHODS:
        row = found[(found.method == method) & (found.criterion == "completeness")].iloc[0]
        for verdict in ("pass", "fail", "undecided"):
            assert row[verdict] == notes[notes.method == method].note.astype(object).str.startswith(verdict).sum()


def test_a_comparison_by_hand():
    residuals = {"a": [0.1, 0.2, 0.6, 0.4, 0.5], "b": [0.4, 0.1, 0.2, 0.1, 0.1]}
    rows = [
        (i, name, "residual", "", value, 0.02, "fail")
        for name, values in residuals.items()
        for i, value in enumerate(values)
    ]
    rows += [(i, name, "deletion", "", float(i), 0.0, "") for name in "ab" for i in range(5)]
    found = findings.compared(tables(*rows), [("a", "b")], 0).set_index("quantity")
    # −.3 (2.5), +.1 (1), +.4 (4.5), +.3 (2.5), +.4 (4.5): 12.5 of 15 ranks for a
    assert found.loc["residual", ["difference", "error", "effect"]].tolist() == pytest.approx([0.18, 0.04, 10 / 15])
    p = scipy.stats.wilcoxon([-0.3, 0.1, 0.4, 0.3, 0.4]).pvalue
    assert found.loc["residual", ["p", "adjusted"]].tolist() == pytest.approx([p, min(1, 2 * p)])
    assert found.loc["deletion", ["difference", "ties", "p", "adjusted"]].tolist() == [0, 5, 1, 1]


def test_criteria_of_other_coalitions_are_not_compared():
    """One number is of all coalitions, the other of those up to two players."""
    rows = [(i, "a", "leakage", "", 0.1 * i, 0.0, "fail") for i in range(4)]
    rows += [(i, "b", "leakage", "", 0.2 * i, 0.0, "undecided ≤ 2" if i < 3 else "fail") for i in range(4)]
    row = findings.compared(tables(*rows), [("a", "b")], 0).iloc[0]
    assert (row.n, row.difference) == (1, pytest.approx(-0.3))
    assert row.note == "measured on other coalitions on 3 inputs, which are left out"


def test_agreement_is_the_mean_of_spearmans(done):
    table = done.table("attribution")
    wide = {
        name: table[table.method == name].pivot(index="input", columns="of", values="value").to_numpy()
        for name in METHODS
    }
    for _, row in done.agreement().iterrows():
        peer = [
            scipy.stats.spearmanr(a, b).statistic for a, b in zip(wide[row["first"]], wide[row["second"]], strict=True)
        ]
        assert row["mean"] == pytest.approx(np.mean(peer), abs=1e-9)
        assert (row.low, row.n) == (pytest.approx(row.low), 9)


def test_agreement_of_inputs_with_other_numbers_of_players_by_hand():
    """ρ = ½ of three players, −1 of two; the third input only one of them has."""
    given = {0: ([1, 2, 3], [1, 3, 2]), 1: ([5, 4], [0, 1]), 2: ([1, 2], None)}
    rows = [
        (place, name, "attribution", f"x{i}", float(value), 0.0, "")
        for place, pair in given.items()
        for name, values in zip("ab", pair, strict=True)
        for i, value in enumerate(values or ())
    ]
    (row,) = findings.agreement(tables(*rows), ("a", "b"), 0).itertuples()
    assert (row.mean, row.n) == (pytest.approx(-0.25), 2)


def test_orders_by_hand():
    def row(place, method, quantity, order, value, error=0.0):
        return place, method, quantity, str(order), value, error, ""

    rows = [
        row(0, "", "effects of order", 1, 3.0),
        row(0, "", "effects of order", 2, 1.0, 0.5),
        row(1, "", "effects of order", 1, 1.0),
        row(1, "", "effects of order", 2, 1.0, 2.0),  # not above its noise
        *(row(i, "a", f"given {part}", k, 0.5) for i in (0, 1) for k in (1, 2) for part in ("inside", "outside")),
    ]
    found = findings.orders(tables(*rows), ("a",), 0).set_index(["method", "order", "part"])
    assert found.loc[("", 1, "share"), "mean"] == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert found.loc[("", 2, "share"), "error"] == pytest.approx((0.5 / 4 + 2.0 / 2) / 2)
    assert found.loc[("", 2, "share"), "undecided"]
    assert found.loc[("a", 1, "inside"), "mean"] == pytest.approx((0.5 / 3 + 0.5) / 2)
    assert found.loc[("a", 2, "outside"), ["mean", "n"]].tolist() == [0.5, 1]


def test_curves_are_means_over_the_inputs():
    rows = [
        (i, "a", f"{curve} at", str(k), float(i + k), 0.25, "")
        for i in (0, 1, 2)
        for curve in ("deletion", "insertion")
        for k in (0, 1, 2)
    ]
    found = findings.curves(tables(*rows), ("a",), 0).set_index(["curve", "players"])
    assert found.loc["insertion", "mean"].tolist() == [1, 2, 3]
    assert found.loc[("deletion", 2), ["error", "n"]].tolist() == [0.25, 3]


def test_shapley_and_integrated_gradients_give_every_order_to_its_members(done):
    found = done.orders().set_index(["method", "order", "part"])
    for method in ("shapley", "integrated_gradients"):
        for k in (1, 2, 3, 4):
            row = found.loc[(method, k, "inside")]
            assert row["mean"] == pytest.approx(1, abs=max(row.error, 1e-9))
    for k in (2, 3, 4):  # it is given what the gradient at x sees, which is no share of the effects
        assert abs(found.loc[("gradient_x_input", k, "inside"), "mean"] - 1) > 0.05


@pytest.mark.parametrize(
    ("names", "error", "said"),
    [
        (("sharpley", "shapley"), LookupError, "no method 'sharpley' in this study; did you mean 'shapley'"),
        (("shapley", "shapley"), ValueError, "both are 'shapley'"),
    ],
)
def test_what_is_not_compared(done, names, error, said):
    with pytest.raises(error, match=said):
        done.compare(*names)


def test_all_pairs_or_those_of_one(done):
    assert len(done.compare()[["first", "second"]].drop_duplicates()) == 3
    one = done.compare("shapley")
    assert set(one["first"]) == {"shapley"}
    assert set(one.second) == set(METHODS) - {"shapley"}


def test_an_input_of_fewer_players_has_no_part_of_higher_orders():
    """Shares 3 of 4 and 1 of 4, and all of an input of one player: means 7/8 and 1/8, which add up to 1."""
    rows = [(0, "", "effects of order", "1", 3.0, 0.0, ""), (0, "", "effects of order", "2", 1.0, 0.0, "")]
    found = findings.orders(tables(*rows, (1, "", "effects of order", "1", 5.0, 0.0, "")), (), 0).set_index("order")
    assert found["mean"].tolist() == [7 / 8, 1 / 8]
    assert found.n.tolist() == [2, 2]
