"""Reading and writing safetensors files with torch: 8-byte little-endian header length, JSON header, tensor bytes."""

import json
import struct
from pathlib import Path

import numpy
import torch


def save_bf16(path, tensors):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * 2
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.detach().to(torch.bfloat16).contiguous().view(torch.int16).numpy().tobytes())


def load_bf16(path):
    data = Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "BF16":
            raise ValueError(f"{path}: tensor {name} is {entry['dtype']}, expected BF16")
        begin, end = (8 + length + o for o in entry["data_offsets"])
        raw = numpy.frombuffer(data[begin:end], dtype=numpy.int16).copy()
        tensors[name] = torch.from_numpy(raw).view(torch.bfloat16).view(entry["shape"])
    return tensors
