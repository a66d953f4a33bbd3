"""This file knows how to write a language model with random weights: nonsense text, real computation.

The file is a LLaMA in GGUF with an invented vocabulary, so that a real inference server loads it, multiplies real
matrices and counts real tokens, with nothing to download.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType

CACHE: Final = Path(__file__).parents[2] / ".cache/llm"
"""Models made before, by the hash of their shape."""
RECIPE: Final = 1
"""Raised when the code below makes another file of the same shape."""
BLOCK: Final = 32
"""Numbers in a block of Q8_0: every row is a multiple of it. Source: GGML, block_q8_0."""
SPACE: Final = "\u2581"
"""The mark that SentencePiece vocabularies put for a space."""
CHAT: Final = "{% for message in messages %}{{ message['role'] }} {{ message['content'] }} {% endfor %}"


@dataclass(frozen=True, slots=True)
class Shape:
    """How big the model is. Each of `width`, `hidden` a multiple of 32; `width` a multiple of `heads`."""

    width: int = 64
    layers: int = 2
    heads: int = 4
    hidden: int = 128
    words: int = 320
    context: int = 2048
    seed: int = 1

    @property
    def file_name(self) -> str:
        """The name of its file, another for every shape."""
        return hashlib.sha256(f"{RECIPE} {self!r}".encode()).hexdigest()[:16] + ".gguf"


TINY: Final = Shape()
"""0.3 MB: thousands of tokens a second on one core."""
SMALL: Final = Shape(width=512, layers=8, heads=8, hidden=1536, words=2016)
"""32 MB: some hundred tokens a second on two cores, so that a request keeps them busy for seconds."""


def model(shape: Shape = TINY, cache: Path = CACHE) -> Path:
    """Return the file of a model of this *shape*, made now or before."""
    path = cache / shape.file_name
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        write(shape, draft)
        draft.replace(path)
    return path


def write(shape: Shape, path: Path) -> None:
    """Write a model of this *shape* to *path*: the same bytes for the same shape."""
    writer = GGUFWriter(path, "llama")
    spoken = _vocabulary(writer, shape.words)
    _describe(writer, shape, vocabulary=len(spoken))
    _weights(writer, shape, spoken)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary(writer: GGUFWriter, words: int) -> list[bool]:
    """Write the tokens; return, for each, whether the model may say it."""
    special = ["<unk>", "<s>", "</s>"]
    octets = [f"<0x{octet:02X}>" for octet in range(256)]
    letters = [SPACE, *map(chr, range(33, 127))]
    spoken = _words(words, known=set(letters))
    unused = [f"<unused{number}>" for number in range(-(len(special) + 256 + len(letters) + words) % BLOCK)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*special, *octets, *letters, *spoken, *unused])
    # a better score is merged first: words before the letters that they are made of
    scores = [0.0] * (len(special) + 256) + [-1000.0] * len(letters) + [-float(rank) for rank in range(words)]
    writer.add_token_scores(scores + [0.0] * len(unused))
    writer.add_token_types(
        [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
        + [TokenType.BYTE] * 256
        + [TokenType.NORMAL] * (len(letters) + words)
        + [TokenType.UNUSED] * len(unused)
    )
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(CHAT)
    return [False] * (len(special) + 256 + len(letters)) + [True] * words + [False] * len(unused)


def _words(count: int, known: set[str]) -> list[str]:
    """Return *count* tokens: words of two syllables, and their beginnings, since tokens are merged in pairs."""
    syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprstvz", "aeiou")]
    found: list[str] = []
    for first, second in itertools.product(syllables, repeat=2):
        word = SPACE + first + second
        found += [word[:end] for end in range(2, len(word) + 1) if word[:end] not in known]
        known.update(found[-4:])
        if len(found) >= count:
            return found[:count]
    raise ValueError(f"{count} words are more than two syllables can make")


def _describe(writer: GGUFWriter, shape: Shape, vocabulary: int) -> None:
    """Write the numbers that a server needs before it reads the weights."""
    writer.add_name(f"random-{shape.width}x{shape.layers}")
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_vocab_size(vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_layer_norm_rms_eps(1e-5)


def _weights(writer: GGUFWriter, shape: Shape, spoken: list[bool]) -> None:
    """Write random matrices, scaled so that the numbers neither die out nor explode from layer to layer."""
    random = np.random.default_rng(shape.seed)

    def matrix(name: str, rows: int, columns: int, scale: float) -> None:
        weights = random.standard_normal((rows, columns), dtype=np.float32) * np.float32(scale)
        if name == "output":
            weights[~np.array(spoken)] = 0
        quantised = gguf.quants.quantize(weights, GGMLQuantizationType.Q8_0)
        writer.add_tensor(f"{name}.weight", quantised, raw_dtype=GGMLQuantizationType.Q8_0)

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(shape.width, dtype=np.float32))

    width, hidden = shape.width, shape.hidden
    matrix("token_embd", len(spoken), width, 1)
    matrix("output", len(spoken), width, 3 * width**-0.5)
    norm("output_norm")
    for layer in (f"blk.{number}" for number in range(shape.layers)):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"{layer}.{name}", width, width, width**-0.5)
        matrix(f"{layer}.ffn_gate", hidden, width, width**-0.5)
        matrix(f"{layer}.ffn_up", hidden, width, width**-0.5)
        matrix(f"{layer}.ffn_down", width, hidden, hidden**-0.5)
        norm(f"{layer}.attn_norm")
        norm(f"{layer}.ffn_norm")
