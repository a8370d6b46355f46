"""DeepLIFT's Rescale rule on single numbers: each keeps its value at x, at the reference, and whence it comes."""

import math


class Number:
    """A number at x and at the reference; ``sources`` are what it is made of, with a multiplier each."""

    def __init__(self, value, reference, sources=()):
        self.value, self.reference, self.sources = value, reference, sources

    def __add__(self, other):
        if not isinstance(other, Number):
            return Number(self.value + other, self.reference + other, [(self, 1.0)])
        return Number(self.value + other.value, self.reference + other.reference, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        """Of two numbers, each is multiplied by the mean of the other."""
        if not isinstance(other, Number):
            return Number(self.value * other, self.reference * other, [(self, other)])
        means = (other.value + other.reference) / 2, (self.value + self.reference) / 2
        sources = list(zip((self, other), means, strict=True))
        return Number(self.value * other.value, self.reference * other.reference, sources)

    def through(self, function):
        value, reference = function(self.value), function(self.reference)
        return Number(value, reference, [(self, (value - reference) / (self.value - self.reference))])


def total(numbers):
    result = numbers[0]
    for each in numbers[1:]:
        result = result + each
    return result


def softmax(numbers):
    """Δs_j = L_j (Δz_j − Σ L_k Δz_k / Σ L): L are the logarithmic means of the shares at both places."""
    shares = [
        [math.exp(each) for each in column] for column in ([n.value for n in numbers], [n.reference for n in numbers])
    ]
    high, low = ([each / sum(column) for each in column] for column in shares)
    means = [(a - b) / (math.log(a) - math.log(b)) for a, b in zip(high, low, strict=True)]
    given = []
    for j, mean in enumerate(means):
        rates = [mean * ((j == k) - other / sum(means)) for k, other in enumerate(means)]
        given.append(Number(high[j], low[j], list(zip(numbers, rates, strict=True))))
    return given


def linear(rows, weight, bias):
    """A fully connected layer on each row, number by number."""
    return [
        [total([u * w for u, w in zip(row, ws, strict=True)]) + c for ws, c in zip(weight, bias, strict=True)]
        for row in rows
    ]


def multipliers(output, inputs):
    """How much of the output's change each input's unit of change brings, along all ways from one to the other."""
    order, seen = [], set()

    def visit(number):
        if id(number) not in seen:
            seen.add(id(number))
            for source, _ in number.sources:
                visit(source)
            order.append(number)

    visit(output)
    found = {id(output): 1.0}
    for number in reversed(order):
        for source, rate in number.sources:
            found[id(source)] = found.get(id(source), 0.0) + rate * found[id(number)]
    return [found.get(id(each), 0.0) for each in inputs]
