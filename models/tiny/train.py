#!/usr/bin/python3
"""Makes the bundled model from nothing: tokenizer, corpus, weights.

    train.py [--steps N] [--workers N] [--cache DIR]    trains, or goes on where it was interrupted
    train.py --export                                   writes the model files from the last checkpoint

Hidden matrices are trained with Muon, embeddings and norm gains with AdamW; weights are kept in f32 and used in bf16
where the processor multiplies bf16, else in f32. The learning rate is warmed up, held, and falls to zero in a straight line.
Every worker process computes with one thread and takes the next batch when it is free: two threads that wait for each
other inside every operation lose nearly all their speed as soon as something else runs on the machine.
"""

import argparse
import ctypes
import json
import math
import random
import sys
import time
from pathlib import Path

import torch
import torch.multiprocessing as multiprocessing
import torch.nn.functional as F

import bpe
import chat_format
import checks
import corpus
import generate
import model
import safetensors_io

HERE = Path(__file__).resolve().parent
SEED = 20
STEPS = 3900
STEP_TOKENS, MICRO_TOKENS = 4096, 1024
WARMUP, DECAY_SHARE = 60, 0.8
MUON_RATE, ADAM_RATE, WEIGHT_DECAY = 0.014, 0.002, 0.01
SHARD = 12000  # exercises
BUCKETS = [24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048]


def make_tokenizer():
    texts = corpus.sample_text("tokenizer", 40000)
    merges = model.CONFIG["vocab_size"] - 256 - len(bpe.SPECIAL_TOKENS)
    contents = bpe.to_json(bpe.train(texts, merges))
    (HERE / "tokenizer.json").write_text(json.dumps(contents, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return contents


def write_configuration(tokenizer):
    end, stop = tokenizer.special["<|endoftext|>"], tokenizer.special["<|im_end|>"]
    config = dict(model.CONFIG, eos_token_id=stop, bos_token_id=end, pad_token_id=end)
    added = {
        str(i): {
            "content": t,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": t not in bpe.VISIBLE_TOKENS,
        }
        for t, i in tokenizer.special.items()
    }
    files = {
        "config.json": config,
        "generation_config.json": {
            "bos_token_id": end,
            "do_sample": True,
            "eos_token_id": [stop, end],
            "pad_token_id": end,
            "temperature": 0.6,
            "top_k": 20,
            "top_p": 0.95,
        },
        "tokenizer_config.json": {
            "add_bos_token": False,
            "add_prefix_space": False,
            "added_tokens_decoder": added,
            "bos_token": None,
            "chat_template": (HERE / "chat_template.jinja").read_text(encoding="utf-8"),
            "clean_up_tokenization_spaces": False,
            "eos_token": "<|im_end|>",
            "errors": "replace",
            "model_max_length": config["max_position_embeddings"],
            "pad_token": "<|endoftext|>",
            "split_special_tokens": False,
            "tokenizer_class": "Qwen2Tokenizer",
            "unk_token": None,
        },
    }
    for name, contents in files.items():
        (HERE / name).write_text(json.dumps(contents, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def batches(tokenizer, seed, count):
    """Micro batches of one shard in random order: padded ids, learn mask, positions; rows of about the same length together.

    RoPE sees only distances, so long ones must be trained. Long rows are dear; therefore a quarter of the conversations
    also gets one jump in its positions, at the beginning of a turn, of any length that stays below the context limit.
    """
    rng = random.Random(f"batches {seed}")
    turn = tokenizer.special["<|im_start|>"]
    waiting, done = {b: [] for b in BUCKETS}, []

    def flush(bucket):
        rows = waiting[bucket]
        ids = torch.zeros(len(rows), bucket, dtype=torch.int64)
        learn = torch.zeros(len(rows), bucket, dtype=torch.bool)
        positions = torch.arange(bucket).repeat(len(rows), 1)
        for i, (row, mask) in enumerate(rows):
            turns = [at for at, token in enumerate(row) if token == turn and at > 0]
            if turns and rng.random() < 0.25:
                positions[i, rng.choice(turns) :] += rng.randint(0, corpus.MAX_TOKENS - bucket)
            ids[i, : len(row)] = torch.tensor(row)
            learn[i, : len(row)] = torch.tensor(mask)
        done.append((ids, learn, positions))
        waiting[bucket] = []

    for row, mask in corpus.encoded(tokenizer, seed, count):
        bucket = next(b for b in BUCKETS if b >= len(row))
        waiting[bucket].append((row, mask))
        if (len(waiting[bucket]) + 1) * bucket > MICRO_TOKENS:
            flush(bucket)
    for bucket in BUCKETS:
        if waiting[bucket]:
            flush(bucket)
    rng.shuffle(done)
    return done


def orthogonalise(g):
    """Newton-Schulz iteration towards the nearest semi-orthogonal matrix; g [n, rows, columns], rows <= columns."""
    x = g / (g.flatten(1).norm(dim=1).view(-1, 1, 1) + 1e-7)
    for _ in range(5):
        a = x @ x.transpose(1, 2)
        b = torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, b, x, beta=3.4445)
    return x


class Optimiser:
    """Muon and AdamW over tensors in shared memory; every worker updates its own part of them."""

    def __init__(self, parameters, work_type):
        self.work_type = work_type
        self.parameters = parameters
        self.muon = [k for k in parameters if k.endswith("_proj.weight")]
        self.adam = [k for k in parameters if k not in self.muon]
        self.first = {k: torch.zeros_like(v) for k, v in parameters.items()}
        self.second = {k: torch.zeros_like(parameters[k]) for k in self.adam}

    def tensors(self):
        return [*self.parameters.values(), *self.first.values(), *self.second.values()]

    @torch.no_grad()
    def step(self, gradient, step, factor, part, parts):
        """gradient: name -> f32 tensor. Updates every parts-th parameter, from part on."""
        groups = {}
        for k in self.muon[part::parts]:
            g = gradient(k)
            update = g.add(self.first[k].mul_(0.95).add_(g), alpha=0.95)
            tall = update.shape[0] > update.shape[1]
            groups.setdefault((tuple(update.shape), tall), []).append((k, update.t() if tall else update))
        for (shape, tall), members in groups.items():
            updates = orthogonalise(torch.stack([u for _, u in members]).to(self.work_type)).float()
            rate = MUON_RATE * factor * math.sqrt(max(1.0, shape[0] / shape[1]))
            for (k, _), update in zip(members, updates):
                p = self.parameters[k]
                p.mul_(1 - MUON_RATE * factor * WEIGHT_DECAY).add_(update.t() if tall else update, alpha=-rate)
        for k in self.adam[part::parts]:
            g = gradient(k)
            first = self.first[k].lerp_(g, 0.1)
            second = self.second[k].mul_(0.97).addcmul_(g, g, value=0.03)
            corrected = (second / (1 - 0.97 ** (step + 1))).sqrt_().add_(1e-8)
            self.parameters[k].addcdiv_(first / (1 - 0.9 ** (step + 1)), corrected, value=-ADAM_RATE * factor)


def rate_factor(step, steps):
    hold = steps * (1 - DECAY_SHARE)
    if step < hold:
        return min(1.0, (step + 1) / WARMUP)
    return (steps - step) / (steps - hold)


def loss_sum(weights, ids, learn, positions=None):
    """Summed cross entropy of the tokens to be learned."""
    keep = torch.zeros_like(learn)
    keep[:, :-1] = learn[:, 1:]
    if positions is None:
        positions = torch.arange(ids.shape[1]).expand(ids.shape)
    logits = model.forward(model.CONFIG, weights, ids, positions, keep=keep)
    targets = torch.zeros_like(ids)
    targets[:, :-1] = ids[:, 1:]
    return F.cross_entropy(logits.float(), targets[keep], reduction="sum")


def working_copy(parameters, kind):
    """Leaves without gradients; copied even if the type is the same, else gradients would pile up in the parameters."""
    return {k: p.to(kind, copy=True).requires_grad_() for k, p in parameters.items()}


def bf16_is_fast(parameters, data):
    """Whether these batches take less time in bf16 than in f32, there and back: matrix products alone do not tell it."""

    def seconds(kind):
        weights = working_copy(parameters, kind)
        start = time.perf_counter()
        for batch in data:
            loss_sum(weights, *batch).backward()
        return time.perf_counter() - start

    rounds = [(seconds(torch.bfloat16), seconds(torch.float32)) for _ in range(3)]
    return min(b for b, _ in rounds) < 0.9 * min(f for _, f in rounds)


def report(weights, tokenizer, validation, limit):
    """Held-out loss and greedy answers to a part of eval.jsonl."""
    with torch.no_grad():
        total = sum(float(loss_sum(weights, ids, learn)) for ids, learn in validation)
    line = f"held-out loss {total / sum(int(m[:, 1:].sum()) for _, m in validation):.4f}"
    rows = [json.loads(r) for r in open(HERE / "eval.jsonl", encoding="utf-8")]
    random.Random(1).shuffle(rows)
    right, asked = {}, {}
    for row in rows[:limit]:
        prompt = row.get("prompt") or chat_format.render(row["messages"], row.get("tools"), row["think"])
        text, finished = generate.greedy(model.CONFIG, weights, tokenizer, prompt, 160)
        good = checks.judge(row["check"], row["expected"], text, finished)
        asked[row["skill"]] = asked.get(row["skill"], 0) + 1
        right[row["skill"]] = right.get(row["skill"], 0) + good
    line += f", {sum(right.values())}/{sum(asked.values())} right: " + ", ".join(
        f"{s} {right[s]}/{n}" for s, n in sorted(asked.items())
    )
    for prompt in (
        "What is 2+2?",
        "The capital of France is",
        "Write a haiku about artificial intelligence:",
        "Hello!",
    ):
        text, finished = generate.greedy(model.CONFIG, weights, tokenizer, prompt, 60)
        line += f"\n  {prompt!r} -> {text!r}{'' if finished else ' ...'}"
    return line


def validation_set(tokenizer):
    rows = [
        corpus.encode(tokenizer, corpus.spans(rng, sample, mode))
        for sample, mode, rng in corpus.exercises("validation", 200, True)
    ]
    return [(torch.tensor([ids]), torch.tensor([learn])) for ids, learn in rows if len(ids) <= 512][:100]


def keep_freed_memory():
    """Stops glibc from handing every large tensor back to the kernel, which would cost a quarter of the time."""
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    for option, value in ((mmap_threshold, 1 << 30), (trim_threshold, 1 << 30), (top_pad, 1 << 26)):
        ctypes.CDLL(None).mallopt(option, value)


def work(rank, workers, options, tokenizer, optimiser, shared, state):
    """One worker process. shared: barrier, lock, counter of taken batches, per worker gradients and [loss, tokens]."""
    parameters, work_type, checkpoint = optimiser.parameters, optimiser.work_type, options.cache / "checkpoint.pt"
    step, shard, batch = state["step"], state["shard"], state["batch"]
    data = batches(tokenizer, shard, SHARD)
    validation = validation_set(tokenizer) if rank == 0 else None
    started, first_step, recent = time.time(), step, []
    while step < options.steps:
        todo, tokens = [], 0
        while tokens < STEP_TOKENS:
            if batch >= len(data):
                shard, batch = shard + 1, 0
                data = batches(tokenizer, shard, SHARD)
            todo.append(data[batch])
            tokens += data[batch][0].numel()
            batch += 1
        weights = working_copy(parameters, work_type)
        sums = shared.sums[rank].zero_()
        while True:
            with shared.lock:
                index = int(shared.taken[0])
                shared.taken[0] += 1
            if index >= len(todo):
                break
            ids, learn, positions = todo[index]
            loss = loss_sum(weights, ids, learn, positions)
            (loss / 1024).backward()
            sums += torch.tensor([float(loss.detach()), float(learn[:, 1:].sum())])
        for k, w in weights.items():
            if w.grad is not None:
                shared.gradients[rank][k].copy_(w.grad)
            else:
                shared.gradients[rank][k].zero_()
        shared.barrier.wait()
        loss, learned = (float(v) for v in shared.sums.sum(0))
        optimiser.step(
            lambda k: sum(g[k] for g in shared.gradients) * (1024 / learned),
            step,
            rate_factor(step, options.steps),
            rank,
            workers,
        )
        if rank == 0:
            shared.taken[0] = 0
        shared.barrier.wait()
        step += 1
        if rank != 0:
            continue
        recent = recent[-49:] + [loss / learned]
        if step % 10 == 0:
            speed = (time.time() - started) / (step - first_step)
            left, filled = int(speed * (options.steps - step)), 24 * step // options.steps
            text = (
                f"[{'#' * filled}{'.' * (24 - filled)}] step {step}/{options.steps} loss {sum(recent) / len(recent):.3f} "
                f"{STEP_TOKENS / speed:.0f} tokens/s, {left // 60}:{left % 60:02d} left"
            )
            print(text, end="\r" if sys.stdout.isatty() else "\n", flush=True)
        if step % 100 == 0 or step == options.steps:
            # The other workers wait at the next barrier, so nothing changes while this is written.
            temporary = checkpoint.with_suffix(".new")
            torch.save(
                {
                    "parameters": parameters,
                    "first": optimiser.first,
                    "second": optimiser.second,
                    "step": step,
                    "shard": shard,
                    "batch": batch,
                },
                temporary,
            )
            temporary.replace(checkpoint)
        if step % 300 == 0 or step == options.steps:
            used = {k: p.to(work_type) for k, p in parameters.items()}
            print("\n" + report(used, tokenizer, validation, 574 if step == options.steps else 70), flush=True)


class Shared:
    def __init__(self, parameters, workers):
        self.barrier, self.lock = multiprocessing.Barrier(workers), multiprocessing.Lock()
        self.taken = torch.zeros(1, dtype=torch.int64).share_memory_()
        self.sums = torch.zeros(workers, 2, dtype=torch.float64).share_memory_()
        self.gradients = [
            {k: torch.zeros_like(p).share_memory_() for k, p in parameters.items()} for _ in range(workers)
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=HERE / ".cache")
    parser.add_argument("--export", action="store_true", help="write the model files from the last checkpoint and stop")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    options.cache.mkdir(exist_ok=True)
    checkpoint = options.cache / "checkpoint.pt"

    resumed = checkpoint.exists()
    if options.export and not resumed:
        sys.exit(f"There is no checkpoint {checkpoint} to export.")
    if not resumed:
        print("Writing the held-out files and training the tokenizer", flush=True)
        corpus.write_heldout()
        make_tokenizer()
    tokenizer = bpe.Tokenizer.load(HERE / "tokenizer.json")
    write_configuration(tokenizer)
    parameters = model.initial_parameters(model.CONFIG, SEED)
    fast = not options.export and bf16_is_fast(parameters, batches(tokenizer, 0, 300)[:10])
    optimiser = Optimiser(parameters, torch.bfloat16 if fast else torch.float32)
    state = {"step": 0, "shard": 0, "batch": 0}
    if resumed:
        state = torch.load(checkpoint)
        for mine, saved in (
            (parameters, state["parameters"]),
            (optimiser.first, state["first"]),
            (optimiser.second, state["second"]),
        ):
            for k in mine:
                mine[k].copy_(saved[k])
        print(f"Going on at step {state['step']}", flush=True)
    if not options.export:
        print(
            f"{sum(p.numel() for p in parameters.values()):,} parameters, {optimiser.work_type}, {options.steps} steps",
            flush=True,
        )
        for tensor in optimiser.tensors():
            tensor.share_memory_()
        position = {k: state[k] for k in ("step", "shard", "batch")}
        multiprocessing.start_processes(
            work,
            (options.workers, options, tokenizer, optimiser, Shared(parameters, options.workers), position),
            options.workers,
            start_method="fork",
        )
    safetensors_io.save_bf16(HERE / "model.safetensors", parameters)


if __name__ == "__main__":
    main()
