"""Rules of normalisation: over the batch's statistics, a layer, groups of channels."""

from __future__ import annotations

from typing import Any

from decompositions.series.jets.algebra.jet import Jet, known, rule


@rule("native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm")
def _batch_norm(function: Any, jet: Jet, *settings: Any) -> tuple[Jet, ...]:
    weight, bias, mean, variance, training, _, eps = settings
    shape = (-1, *(1,) * (jet.ndim - 2))
    if training and jet.shape[0] != 1:
        raise ValueError("batch normalisation over the batch itself has no Taylor series; call model.eval() first")
    if training:  # instance normalisation, to which torch hands every row's channels as those of one row
        alone = _standardised(jet, list(range(2, jet.ndim)), eps)
        return (_affine(alone, weight, bias, shape),) * 3
    scale = 1.0 / (known(variance, jet.coefficients) + eps).sqrt()
    centred = jet - known(mean, jet.coefficients).reshape(shape)
    result = _affine(centred * scale.reshape(shape), weight, bias, shape)
    return (result,) * len(function._schema.returns)


@rule("native_layer_norm")
def _layer_norm(function: Any, jet: Jet, shape: list[int], weight: Any, bias: Any, eps: float) -> tuple[Jet, ...]:
    return (_affine(_standardised(jet, list(range(-len(shape), 0)), eps), weight, bias, (*shape,)),) * 3


@rule("native_group_norm")
def _group_norm(function: Any, jet: Jet, *settings: Any) -> tuple[Jet, ...]:
    weight, bias, batch, _, _, groups, eps = settings
    grouped = _standardised(jet.reshape(batch, groups, -1), [-1], eps).reshape(jet.shape)
    return (_affine(grouped, weight, bias, (-1, *(1,) * (jet.ndim - 2))),) * 3


def _standardised(jet: Any, axes: list[int], eps: float) -> Any:
    centred = jet - jet.mean(axes, keepdim=True)
    return centred * ((centred * centred).mean(axes, keepdim=True) + eps).rsqrt()


def _affine(jet: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    result = jet if weight is None else jet * weight.reshape(shape)
    return result if bias is None else result + bias.reshape(shape)
