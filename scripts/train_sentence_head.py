"""Train the sentence example's sentiment head: ridge regression on frozen MiniLM embeddings.

    pip download --no-deps --no-binary :all: vaderSentiment==0.5
    python scripts/train_sentence_head.py vaderSentiment-0.5.zip

The ratings are those of Hutto and Gilbert (ICWSM 2014): 23,703 sentences of reviews, editorials and tweets, each rated
by about twenty people from -4 (negative) to 4 (positive). The sentences are third parties' and stay outside this
repository; what is kept is the 385 numbers of the head. Whole documents are held out, so that no review has sentences
on both sides. It takes a few minutes on one thread, and the same input gives the same head.
"""

import argparse
import html
import io
import tarfile
import zipfile
from collections import defaultdict

import torch
from torch import Tensor

from synergy.examples import minilm, trained

ARCHIVE = "additional_resources/hutto_ICWSM_2014.tar.gz"
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SEED = 0


def ratings(sdist: str) -> list[tuple[str, float, str]]:
    """Document, mean human rating and sentence of every rated sentence in the source distribution."""
    rows = []
    with zipfile.ZipFile(sdist) as outer:
        name = next(name for name in outer.namelist() if name.endswith(ARCHIVE))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as inner:
            for member in sorted((m for m in inner if "GroundTruth" in m.name), key=lambda m: m.name):
                text = inner.extractfile(member).read().decode("utf-8")
                for line in text.strip().split("\n"):
                    key, rating, sentence = line.strip().split("\t", 2)
                    rows.append((f"{member.name}:{key.split('_')[0]}", float(rating), html.unescape(sentence)))
    return rows


@torch.no_grad()
def embeddings(sentences: list[str]) -> Tensor:
    """MiniLM embeddings; sentences of equal length go together, so that none is padded. Shape ``(m, 384)``."""
    encoder, tokenizer = minilm.encoder(), minilm.tokenizer()
    pieces = [tokenizer.encode(text, add_special_tokens=False).ids[: minilm.most_pieces()] for text in sentences]
    by_length = defaultdict(list)
    for row, ids in enumerate(pieces):
        by_length[len(ids)].append(row)
    result = torch.empty(len(sentences), minilm.WIDTH)
    for rows in by_length.values():
        for batch in torch.tensor(rows).split(64):
            result[batch] = encoder(encoder.words(torch.tensor([pieces[row] for row in batch.tolist()])))
    return result.double()


def ridge(x: Tensor, y: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    """Weight and bias that minimise the squared error plus ``penalty`` times the squared weight."""
    centre, middle = x.mean(0), y.mean()
    gram = (x - centre).T @ (x - centre) + penalty * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(gram, (x - centre).T @ (y - middle))
    return weight, middle - centre @ weight


def quality(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor) -> tuple[float, float]:
    """Correlation with the human rating, and how often the sign agrees where the rating is not 0."""
    predicted = x @ weight + bias
    correlation = torch.corrcoef(torch.stack((predicted, y)))[0, 1].item()
    return correlation, (predicted.sign() == y.sign())[y != 0].double().mean().item()


def parts(documents: list[str]) -> tuple[Tensor, Tensor, Tensor]:
    """Rows to fit on, to choose the penalty on and to test on: 64, 16 and 20 % of the documents."""
    names = sorted(set(documents))
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(SEED)).tolist()
    place = {names[position]: rank / len(names) for rank, position in enumerate(order)}
    at = torch.tensor([place[document] for document in documents])
    return at < 0.64, (at >= 0.64) & (at < 0.8), at >= 0.8


def main() -> None:
    """Fit, choose the penalty, refit on everything but the test documents, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sdist", help="the file vaderSentiment-0.5.zip")
    rows = ratings(parser.parse_args().sdist)
    documents, scores, sentences = ([row[column] for row in rows] for column in range(3))
    y, x = torch.tensor(scores, dtype=torch.float64), embeddings(sentences)
    fit, choose, test = parts(documents)
    penalty = max(PENALTIES, key=lambda p: quality(x[choose], y[choose], *ridge(x[fit], y[fit], p))[0])
    weight, bias = ridge(x[~test], y[~test], penalty)
    correlation, sign = quality(x[test], y[test], weight, bias)
    figures = {
        "correlation": round(correlation, 4),
        "sign_accuracy": round(sign, 4),
        "held_out": int(test.sum()),
        "trained_on": int((~test).sum()),
        "penalty": penalty,
    }
    path = trained.write("sentence", {"weight": weight.float()[None], "bias": bias.float()[None]}, figures)
    print(path, figures)


if __name__ == "__main__":
    main()
