"""Reads Hugging Face checkpoints with numpy alone."""

import json
import struct
from pathlib import Path

import numpy


def bf16_to_f32(bits):
    return (bits.astype(numpy.uint32) << 16).view(numpy.float32)


def read_safetensors(path):
    """Tensor name -> float32 array. The format: 8-byte little-endian header length, JSON header, tensor bytes."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        raw = data[begin:end]
        if entry["dtype"] == "BF16":
            values = bf16_to_f32(numpy.frombuffer(raw, numpy.uint16))
        elif entry["dtype"] == "F16":
            values = numpy.frombuffer(raw, numpy.float16).astype(numpy.float32)
        elif entry["dtype"] == "F32":
            values = numpy.frombuffer(raw, numpy.float32)
        else:
            raise ValueError(f"{path}: tensor {name} has dtype {entry['dtype']}")
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def read_checkpoint(folder):
    """(config, tensors) of a folder with config.json and model.safetensors."""
    folder = Path(folder)
    return json.loads((folder / "config.json").read_text()), read_safetensors(folder / "model.safetensors")
