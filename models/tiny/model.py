"""The Qwen3 decoder in plain torch, with the semantics of Hugging Face's Qwen3ForCausalLM.

RMSNorm (eps inside the root), q/k norm per head before rotate-half RoPE, grouped-query attention, SwiGLU, tied
embeddings, no biases. Parameter names are the Hugging Face tensor names.
"""

import math

import torch
import torch.nn.functional as F

CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": None,
    "eos_token_id": None,
    "head_dim": 32,
    "hidden_act": "silu",
    "hidden_size": 256,
    "initializer_range": 0.02,
    "intermediate_size": 576,
    "max_position_embeddings": 2048,
    "max_window_layers": 6,
    "model_type": "qwen3",
    "num_attention_heads": 8,
    "num_hidden_layers": 6,
    "num_key_value_heads": 4,
    "pad_token_id": None,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "sliding_window": None,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 2304,
}


QUERY_BLOCK = 256  # rows of attention computed at a time, so that long causal sequences cost half


def parameter_shapes(config):
    """Tensor name -> shape, in the order of the checkpoint."""
    hidden, head_dim = config["hidden_size"], config["head_dim"]
    q_dim = config["num_attention_heads"] * head_dim
    kv_dim = config["num_key_value_heads"] * head_dim
    inner = config["intermediate_size"]
    shapes = {"model.embed_tokens.weight": (config["vocab_size"], hidden)}
    for i in range(config["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        shapes[layer + "input_layernorm.weight"] = (hidden,)
        shapes[layer + "self_attn.q_proj.weight"] = (q_dim, hidden)
        shapes[layer + "self_attn.k_proj.weight"] = (kv_dim, hidden)
        shapes[layer + "self_attn.v_proj.weight"] = (kv_dim, hidden)
        shapes[layer + "self_attn.o_proj.weight"] = (hidden, q_dim)
        shapes[layer + "self_attn.q_norm.weight"] = (head_dim,)
        shapes[layer + "self_attn.k_norm.weight"] = (head_dim,)
        shapes[layer + "post_attention_layernorm.weight"] = (hidden,)
        shapes[layer + "mlp.gate_proj.weight"] = (inner, hidden)
        shapes[layer + "mlp.up_proj.weight"] = (inner, hidden)
        shapes[layer + "mlp.down_proj.weight"] = (hidden, inner)
    shapes["model.norm.weight"] = (hidden,)
    return shapes


def initial_parameters(config, seed):
    """f32 parameters; projections back into the residual stream start smaller, as is usual for deep stacks."""
    generator = torch.Generator().manual_seed(seed)
    parameters = {}
    for name, shape in parameter_shapes(config).items():
        if name.endswith("norm.weight"):
            parameters[name] = torch.ones(shape)
            continue
        std = 0.02 if "embed" in name else 0.5 / math.sqrt(shape[1])
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            std /= math.sqrt(2 * config["num_hidden_layers"])
        parameters[name] = torch.randn(shape, generator=generator) * std
    return parameters


class RmsNorm(torch.autograd.Function):
    """y = x / sqrt(mean(x^2) + eps) * gain over the last dimension; statistics in f32, tensors in their own dtype."""

    @staticmethod
    def forward(ctx, x, gain, eps):
        xf = x.float()
        scale = torch.linalg.vector_norm(xf, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        normed = (xf * scale).to(x.dtype)
        ctx.save_for_backward(normed, gain, scale)
        return normed * gain

    @staticmethod
    def backward(ctx, grad):
        normed, gain, scale = ctx.saved_tensors
        width = normed.shape[-1]
        flat_normed = normed.reshape(-1, width)
        flat_grad = grad.reshape(-1, width)
        product = flat_grad.float() * flat_normed
        grad_gain = product.sum(0)
        # d x = scale * (g * gain - normed * mean(g * gain * normed))
        mean = product.mul_(gain.float()).sum(-1, keepdim=True).div_(width)
        grad_x = torch.addcmul(flat_grad.float() * gain.float(), flat_normed.float(), mean, value=-1.0)
        grad_x.mul_(scale.reshape(-1, 1))
        return grad_x.to(grad.dtype).view_as(normed), grad_gain.to(gain.dtype), None


class SwiGlu(torch.autograd.Function):
    """silu(gate) * up without keeping the product's inputs twice."""

    @staticmethod
    def forward(ctx, gate, up):
        ctx.save_for_backward(gate, up)
        return F.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx, grad):
        gate, up = ctx.saved_tensors
        sigmoid = torch.sigmoid(gate)
        silu = gate * sigmoid
        grad_up = grad * silu
        # silu' = sigmoid + silu * (1 - sigmoid) = sigmoid * (1 + gate - silu)
        grad_gate = (gate - silu).add_(1.0).mul_(sigmoid).mul_(up).mul_(grad)
        return grad_gate, grad_up


def rope_tables(config, positions, dtype):
    """cos and sin of [..., T] positions: [..., T, head_dim], halves repeated (rotate-half layout)."""
    half = config["head_dim"] // 2
    inverse = config["rope_theta"] ** (-torch.arange(half, dtype=torch.float32) / half)
    angles = positions.float().unsqueeze(-1) * inverse
    angles = torch.cat([angles, angles], -1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


class Rope(torch.autograd.Function):
    """x * cos + rotate_half(x) * sin; the gradient is the rotation the other way."""

    @staticmethod
    def forward(ctx, x, cos, sin):
        ctx.save_for_backward(cos, sin)
        a, b = x.chunk(2, -1)
        return torch.cat([-b, a], -1).mul_(sin).addcmul_(x, cos)

    @staticmethod
    def backward(ctx, grad):
        cos, sin = ctx.saved_tensors
        a, b = (grad * sin).chunk(2, -1)
        return torch.cat([b, -a], -1).addcmul_(grad, cos), None, None


def causal_mask(rows, history, dtype):
    """Additive [rows, history + rows]: 0 where visible, a large negative number where hidden."""
    mask = torch.full((rows, history + rows), -1e9 if dtype == torch.float32 else -65536.0)
    return mask.triu_(history + 1).to(dtype)


def forward(config, weights, tokens, positions, cache=None, keep=None):
    """Logits of tokens [B, T] at positions [B, T] in the dtype of the weights.

    cache: None, or a list with one [K, V] pair per layer, extended in place. keep: None, or a bool tensor [B, T];
    then logits only of these rows, [N, vocab].
    """
    heads, kv_heads, head_dim = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]
    eps, repeat = config["rms_norm_eps"], heads // kv_heads
    batch, rows = tokens.shape
    x = F.embedding(tokens, weights["model.embed_tokens.weight"])
    cos, sin = (t.unsqueeze(2) for t in rope_tables(config, positions, x.dtype))
    history = cache[0][0].shape[1] if cache and cache[0] else 0
    blocks = [(begin, min(begin + QUERY_BLOCK, rows)) for begin in range(0, rows, QUERY_BLOCK)]
    masks = [causal_mask(end - begin, history + begin, x.dtype).repeat(repeat, 1).unsqueeze(0) for begin, end in blocks]

    def split(t, n):  # [B, T, n, D] -> [B * kv, n / kv, T, D]
        t = t.view(batch, -1, kv_heads, n // kv_heads, head_dim)
        return t.permute(0, 2, 3, 1, 4).reshape(batch * kv_heads, n // kv_heads, -1, head_dim)

    def attend(q, k, v):  # [B * kv, repeat, T, D], [B * kv, keys, D] twice -> like q; no block sees keys behind its end
        outputs = []
        for (begin, end), mask in zip(blocks, masks):
            block = q[:, :, begin:end].reshape(batch * kv_heads, -1, head_dim)
            scores = torch.baddbmm(mask, block, k[:, : history + end].transpose(1, 2), alpha=head_dim**-0.5)
            outputs.append(
                torch.bmm(torch.softmax(scores, -1), v[:, : history + end]).view(batch * kv_heads, repeat, -1, head_dim)
            )
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, 2)

    for i in range(config["num_hidden_layers"]):
        w = {k: weights[f"model.layers.{i}.{k}.weight"] for k in LAYER_KEYS}
        h = RmsNorm.apply(x, w["input_layernorm"], eps)
        q = (h @ w["self_attn.q_proj"].t()).view(batch, rows, heads, head_dim)
        k = (h @ w["self_attn.k_proj"].t()).view(batch, rows, kv_heads, head_dim)
        v = (h @ w["self_attn.v_proj"].t()).view(batch, rows, kv_heads, head_dim)
        q = Rope.apply(RmsNorm.apply(q, w["self_attn.q_norm"], eps), cos, sin)
        k = Rope.apply(RmsNorm.apply(k, w["self_attn.k_norm"], eps), cos, sin)
        if cache is not None:
            if cache[i]:
                k, v = torch.cat([cache[i][0], k], 1), torch.cat([cache[i][1], v], 1)
            cache[i][:] = [k, v]
        attended = attend(split(q, heads), split(k, kv_heads)[:, 0], split(v, kv_heads)[:, 0])
        attended = attended.view(batch, kv_heads, repeat, rows, head_dim).permute(0, 3, 1, 2, 4)
        x = x + attended.reshape(batch, rows, heads * head_dim) @ w["self_attn.o_proj"].t()
        h = RmsNorm.apply(x, w["post_attention_layernorm"], eps)
        x = x + SwiGlu.apply(h @ w["mlp.gate_proj"].t(), h @ w["mlp.up_proj"].t()) @ w["mlp.down_proj"].t()
    if keep is not None:
        x = x[keep]
    return RmsNorm.apply(x, weights["model.norm.weight"], eps) @ weights["model.embed_tokens.weight"].t()


LAYER_KEYS = [
    "input_layernorm",
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "self_attn.q_norm",
    "self_attn.k_norm",
    "post_attention_layernorm",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
]
