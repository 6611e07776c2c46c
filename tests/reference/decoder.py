"""A Qwen3 decoder in numpy, written from the architecture's definition.

Root-mean-square norms, per-head norms of queries and keys before rotate-half RoPE, grouped-query attention, SwiGLU.
With `borders`, tensors that cross from one program of the card to the next are rounded to bf16: the embedding, each
layer's hidden state, keys, values and logits; and weights of projections are bf16. In between the card computes in
float32; here it is float64, which is nearer the truth and gives the same result on every CPU.
"""

import numpy


def round_bf16(x):
    """The float32 of x to the nearest bf16, ties to even; as float64."""
    bits = numpy.ascontiguousarray(x, numpy.float32).view(numpy.uint32)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (rounded & numpy.uint32(0xFFFF0000)).view(numpy.float32).astype(numpy.float64)


def rms_norm(x, gain, eps):
    return x / numpy.sqrt(numpy.mean(x * x, -1, keepdims=True) + eps) * gain


def silu(x):
    return x / (1 + numpy.exp(-x))


class Decoder:
    """One model: configuration and tensors as a Hugging Face checkpoint has them."""

    def __init__(self, config, tensors, borders):
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.kv_heads = config["num_key_value_heads"]
        self.head_dim = config["head_dim"]
        self.eps = config["rms_norm_eps"]
        self.border = round_bf16 if borders else lambda x: x.astype(numpy.float64, copy=False)
        half = self.head_dim // 2
        inverse = config["rope_theta"] ** (-numpy.arange(half) / half)
        angles = numpy.arange(config["max_position_embeddings"])[:, None] * inverse.astype(numpy.float32)
        self.cos, self.sin = numpy.cos(angles), numpy.sin(angles)
        self.weights = {name: value.astype(numpy.float64) if name.endswith("norm.weight") else self.border(value)
                        for name, value in tensors.items()}
        self.embedding = self.weights["model.embed_tokens.weight"]
        self.head = self.weights.get("lm_head.weight", self.embedding)

    def rope(self, x, positions):
        """Rotates [rows, heads, head_dim]."""
        half = self.head_dim // 2
        cos, sin = self.cos[positions][:, None], self.sin[positions][:, None]
        a, b = x[..., :half], x[..., half:]
        return numpy.concatenate([a * cos - b * sin, b * cos + a * sin], -1)

    def attend(self, queries, keys, values):
        """[rows, heads, d], [rows, kv, d] twice -> [rows, heads * d]; each row sees those up to itself."""
        rows = len(queries)
        grouped = queries.reshape(rows, self.kv_heads, -1, self.head_dim).transpose(1, 2, 0, 3)
        scores = grouped @ keys.transpose(1, 2, 0)[:, None] * self.head_dim ** -0.5
        scores[..., numpy.triu(numpy.ones((rows, rows), bool), 1)] = -numpy.inf
        weights = numpy.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        return (weights @ values.transpose(1, 0, 2)[:, None]).transpose(2, 0, 1, 3).reshape(rows, -1)

    def layer(self, index, x, positions):
        def weight(name):
            return self.weights[f"model.layers.{index}.{name}.weight"]

        rows = len(x)
        normed = rms_norm(x, weight("input_layernorm"), self.eps)
        q = (normed @ weight("self_attn.q_proj").T).reshape(rows, self.heads, -1)
        k = (normed @ weight("self_attn.k_proj").T).reshape(rows, self.kv_heads, -1)
        v = (normed @ weight("self_attn.v_proj").T).reshape(rows, self.kv_heads, -1)
        q = self.rope(rms_norm(q, weight("self_attn.q_norm"), self.eps), positions)
        k = self.rope(rms_norm(k, weight("self_attn.k_norm"), self.eps), positions)
        x = x + self.attend(q, self.border(k), self.border(v)) @ weight("self_attn.o_proj").T
        normed = rms_norm(x, weight("post_attention_layernorm"), self.eps)
        gated = silu(normed @ weight("mlp.gate_proj").T) * (normed @ weight("mlp.up_proj").T)
        return self.border(x + gated @ weight("mlp.down_proj").T)

    def hidden_states(self, tokens):
        """Behind the final norm, [rows, hidden]."""
        positions = numpy.arange(len(tokens))
        x = self.embedding[tokens]
        for index in range(self.layers):
            x = self.layer(index, x, positions)
        return rms_norm(x, self.weights["model.norm.weight"], self.eps)

    def forward(self, tokens):
        """Logits [rows, vocabulary] after each token of a sequence."""
        return self.border(self.hidden_states(tokens) @ self.head.T)

    def negative_log_likelihood(self, tokens):
        """Sum over tokens[1:] of -log p(token | those before it)."""
        logits = self.forward(tokens[:-1])
        top = logits.max(-1, keepdims=True)
        log_sum = numpy.log(numpy.exp(logits - top).sum(-1)) + top[:, 0]
        return float(numpy.sum(log_sum - logits[numpy.arange(len(tokens) - 1), tokens[1:]]))
