"""Greedy generation in torch, for checks during training and for eval.py --torch."""

import torch

import model

STOPS = ("<|im_end|>", "<|endoftext|>")


@torch.no_grad()
def greedy(config, weights, tokenizer, prompt, limit=256):
    """The text after the prompt, and whether it came to an end by itself."""
    stops = {tokenizer.special[s] for s in STOPS}
    ids = tokenizer.encode(prompt)
    cache = [[] for _ in range(config["num_hidden_layers"])]
    position, rows, made = 0, ids, []
    while len(made) < limit and position + len(rows) < config["max_position_embeddings"]:
        tokens = torch.tensor([rows])
        positions = torch.arange(position, position + len(rows)).unsqueeze(0)
        keep = torch.zeros(tokens.shape, dtype=torch.bool)
        keep[0, -1] = True
        logits = model.forward(config, weights, tokens, positions, cache, keep)
        position += len(rows)
        best = int(logits[0].float().argmax())
        if best in stops:
            return tokenizer.decode(made), True
        made.append(best)
        rows = [best]
    return tokenizer.decode(made), False


def fake_quantise(weights):
    """Every projection rounded to s8 with one symmetric scale per output row; norms and the embedding table stay."""
    result = {}
    for name, w in weights.items():
        if name.endswith("_proj.weight"):
            scale = w.float().abs().amax(1, keepdim=True) / 127
            w = (torch.round(w.float() / scale).clamp(-127, 127) * scale).to(w.dtype)
        result[name] = w
    return result
