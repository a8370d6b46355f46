"""Sentiment of a sentence: MiniLM with a ridge head of 385 numbers.

The head was fitted to the mean human ratings of Hutto and Gilbert (ICWSM 2014), -4 negative to 4 positive, by
``scripts/train_sentence_head.py``; on documents held out its correlation with the ratings is .69 and its sign is
right for 78 %. Encoder: all-MiniLM-L6-v2, Apache-2.0. It errs: "I'm not unhappy" counts as negative.
"""

import re
from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate

import torch
from torch import Tensor, nn

from decompositions.games import players as grouping
from decompositions.games.clauses import clauses
from decompositions.games.game import Game
from decompositions.games.pieces import Tokens
from decompositions.settings import argument
from synergy.examples import minilm
from synergy.examples.example import Example
from synergy.examples.trained import predictor, read
from synergy.wording.view import Words

SHORT, ALL, SOME = 4, 4_096, 700  # words up to which every row of every method is measured, and the prices of these
LIMIT = 2**13  # model calls, about a minute


class Sentiment(nn.Module):
    """Word-piece embeddings of a sentence to its rating, (batch, L, 384) to (batch,)."""

    def __init__(self, encoder: minilm.MiniLM, head: nn.Linear) -> None:
        """The encoder of sentences, and the linear head on its unit vector."""
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Ratings between about -4 and 4. Shape ``(batch, L, 384)`` to ``(batch,)``."""
        return self.head(self.encoder(x))[:, 0]


def model() -> Sentiment:
    """The encoder and its head: evaluation mode, float32, on the CPU.

    Raises:
        ImportError: The MiniLM weights or safetensors are not installed.
    """
    with torch.device("meta"):
        head = nn.Linear(minilm.WIDTH, 1)
    return Sentiment(minilm.encoder(), predictor(head, read("sentence")[0])).eval()


def pieces(sentence: str) -> tuple[list[int], Tokens]:
    """The ids of the L word pieces, and where they lie; words are what white space separates, punctuation and all.

    Raises:
        ValueError: The sentence is empty, a word has nothing that the tokenizer knows, or there are too many pieces.
    """
    tokenizer, most = minilm.tokenizer(), minilm.most_pieces()
    words = list(re.finditer(r"\S+", sentence))
    if not words:
        raise ValueError("the sentence is empty; give at least one word")
    found = [tokenizer.encode(word[0], add_special_tokens=False) for word in words]
    for word, encoding in zip(words, found, strict=True):
        if not encoding.ids:
            raise ValueError(f"the word {word[0]!r} has no visible character; leave it out")
    total = sum(len(encoding.ids) for encoding in found)
    if total > most:
        raise ValueError(f"MiniLM takes at most {most} word pieces; this sentence has {total}, shorten it")
    here = [word.start() for word, encoding in zip(words, found, strict=True) for _ in encoding.ids]
    spans = [span for encoding in found for span in encoding.offsets]
    return [piece for encoding in found for piece in encoding.ids], Tokens(
        sentence,
        tuple((at + start, at + end) for at, (start, end) in zip(here, spans, strict=True)),
        tuple(name for encoding in found for name in encoding.tokens),
        tuple(number for number, encoding in enumerate(found) for _ in encoding.ids),
    )


def divided(tokens: Tokens, players: str) -> tuple[Tensor, tuple[str, ...]]:
    """The players of the L word pieces, shape ``(1, L, 1)``, and their names.

    Raises:
        ValueError: The players are none of those that :func:`example` takes.
    """
    if players == "tokens":
        return grouping.tokens(range(len(tokens))), tokens.names
    spans = _spans(tokens.text, players)
    starts = [start for start, _ in spans]
    owners = [max(0, bisect_right(starts, start) - 1) for start, _ in tokens.spans]
    names = (" ".join(tokens.text[slice(*spans[owner])].split()) for owner in sorted(set(owners)))
    return grouping.tokens(owners), tuple(names)


def _spans(sentence: str, players: str) -> list[tuple[int, int]]:
    """The characters of each player that is made of words."""
    words = [match.span() for match in re.finditer(r"\S+", sentence)]
    if players == "words":
        return words
    if players == "clauses":
        return clauses(sentence)
    parts = [part.split() for part in players.split("|")]
    if len(parts) < 2 or not all(parts) or players.replace("|", " ").split() != sentence.split():
        raise ValueError(
            f"{argument('players')} are 'words', 'clauses', 'tokens' (word pieces), or the sentence itself with | "
            f"between them, as in 'It is long, | but never boring'; not {players!r}"
        )
    ends = list(accumulate(map(len, parts)))
    return [(words[end - len(part)][0], words[end - 1][1]) for end, part in zip(ends, parts, strict=True)]


def example(subject: str | None = None, players: str | None = None) -> Example:
    """Which words, alone and together, make a sentence sound positive or negative?

    Args:
        subject: The sentence, by default "I'm not happy".
        players: "words", the default: what white space separates, with its punctuation; "clauses": what punctuation
            separates; "tokens": word pieces; or spans of one's own, the sentence with ``|`` between them.

    Returns:
        The game on the predicted rating; of an absent word every piece is the embedding of [MASK].

    Raises:
        ValueError: The sentence is empty or too long, or the players are none of these.
        ImportError: The MiniLM weights, safetensors or tokenizers are not installed.
    """
    subject = "I'm not happy" if subject is None else subject
    ids, tokens = pieces(subject)
    owners, names = divided(tokens, players or "words")
    net, figures = model(), read("sentence")[1]
    x = net.encoder.words(torch.tensor([ids]))
    baseline = net.encoder.words(torch.tensor([[minilm.MASK] * len(ids)]))
    rating = net(x).item()
    facts = {
        "model": "MiniLM, 22.7 million parameters, with a ridge head on human ratings; on "
        f"{figures['held_out']:,} held-out sentences correlation {figures['correlation']:.2f}, "
        f"sign right {figures['sign_accuracy']:.0%}",
        "input": subject,
        "prediction": f"{rating:+.2f} on the scale from -4, negative, to 4, positive",
        "baseline": "an absent word is [MASK], once for each of its word pieces",
        "source": "all-MiniLM-L6-v2, Apache-2.0; ratings by Hutto and Gilbert 2014",
    }
    game = replace(Game.from_model(net, x, baseline, players=owners, names=names), pieces=tokens)
    title, budget = f"How positive is “{subject}”?", ALL if game.n <= SHORT else SOME
    return Example("sentence", title, game, Words(names), facts, output="the rating", limit=LIMIT, budget=budget)
