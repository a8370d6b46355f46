"""Sentiment of a sentence: MiniLM with a ridge head of 385 numbers.

The head was fitted to the mean human ratings of Hutto and Gilbert (ICWSM 2014), -4 negative to 4 positive, by
``scripts/train_sentence_head.py``; on documents held out its correlation with the ratings is .69 and its sign is
right for 78 %. Encoder: all-MiniLM-L6-v2, Apache-2.0. It errs: "I'm not unhappy" counts as negative.
"""

import torch
from torch import Tensor, nn

from decompositions.games import players as grouping
from decompositions.games.game import Game
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


def pieces(sentence: str) -> list[tuple[str, list[int], list[str]]]:
    """Each whitespace word, punctuation and all, with the ids and the texts of its word pieces.

    Raises:
        ValueError: The sentence is empty, a word has nothing that the tokenizer knows, or there are too many pieces.
    """
    tokenizer, most = minilm.tokenizer(), minilm.most_pieces()
    encoded = [(word, tokenizer.encode(word, add_special_tokens=False)) for word in sentence.split()]
    if not encoded:
        raise ValueError("the sentence is empty; give at least one word")
    for word, pieces in encoded:
        if not pieces.ids:
            raise ValueError(f"the word {word!r} has no visible character; leave it out")
    total = sum(len(pieces.ids) for _, pieces in encoded)
    if total > most:
        raise ValueError(f"MiniLM takes at most {most} word pieces; this sentence has {total}, shorten it")
    return [(word, pieces.ids, pieces.tokens) for word, pieces in encoded]


def divided(sentence: str, players: str) -> tuple[list[int], Tensor, tuple[str, ...]]:
    """Ids of the L word pieces; their players, shape ``(1, L, 1)``; the players' names.

    Raises:
        ValueError: The sentence cannot be taken, or the players are neither "words" nor "tokens".
    """
    words = pieces(sentence)
    ids = [piece for _, owned, _ in words for piece in owned]
    if players == "words":
        owners = [i for i, (_, owned, _) in enumerate(words) for _ in owned]
        return ids, grouping.tokens(owners), tuple(word for word, _, _ in words)
    if players == "tokens":
        names = tuple(text for _, _, texts in words for text in texts)
        return ids, grouping.tokens(range(len(ids))), names
    raise ValueError(f"players are 'words' or 'tokens' (word pieces), not {players!r}")


def example(subject: str | None = None, players: str | None = None) -> Example:
    """Which words, alone and together, make a sentence sound positive or negative?

    Args:
        subject: The sentence, by default "I'm not happy".
        players: "words", the default: what whitespace separates, with its punctuation; or "tokens": word pieces.

    Returns:
        The game on the predicted rating; of an absent word every piece is the embedding of [MASK].

    Raises:
        ValueError: The sentence is empty or too long, or the players are neither of the two.
        ImportError: The MiniLM weights, safetensors or tokenizers are not installed.
    """
    subject = "I'm not happy" if subject is None else subject
    ids, owners, names = divided(subject, players or "words")
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
    game = Game.from_model(net, x, baseline, players=owners, names=names)
    title, budget = f"How positive is “{subject}”?", ALL if game.n <= SHORT else SOME
    return Example("sentence", title, game, Words(names), facts, limit=LIMIT, budget=budget)
