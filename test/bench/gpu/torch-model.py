"""all-MiniLM-L6-v2 under PyTorch with its fused (flash) attention: the alternative of `npm run bench -- gpu`.

python torch-model.py WEIGHTS.safetensors IDS TOKENS DEVICE
IDS: int32, texts of TOKENS tokens each, without padding, so that attention needs no mask. For each line of standard
input: embeds all texts, and prints the seconds. The best size of batch is looked for first.
"""
import json
import struct
import sys
import time

import numpy
import torch
from torch.nn import functional as F

LAYERS, HEADS, EPSILON = 6, 12, 1e-12
BATCHES = (64, 128, 256, 512, 1024)

weights_path, ids_path, tokens, device = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
precision = torch.float16 if device == "cuda" else torch.float32


def load(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    found = {}
    for name, tensor in header.items():
        if name != "__metadata__" and tensor["dtype"] == "F32":
            start, end = tensor["data_offsets"]
            array = numpy.frombuffer(data[start:end], dtype=numpy.float32).reshape(tensor["shape"])
            found[name] = torch.from_numpy(array.copy()).to(device, precision)
    return found


w = load(weights_path)


def norm(x, name):
    return F.layer_norm(x, x.shape[-1:], w[name + ".LayerNorm.weight"], w[name + ".LayerNorm.bias"], EPSILON)


def dense(x, name):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def attention(x, name):
    batch, length, width = x.shape
    query, key, value = (
        dense(x, f"{name}.self.{part}").view(batch, length, HEADS, width // HEADS).transpose(1, 2)
        for part in ("query", "key", "value")
    )
    mixed = F.scaled_dot_product_attention(query, key, value)
    return norm(dense(mixed.transpose(1, 2).reshape(batch, length, width), name + ".output.dense") + x, name + ".output")


def embed(ids):
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        x = attention(x, at + ".attention")
        wide = F.gelu(dense(x, at + ".intermediate.dense"))
        x = norm(dense(wide, at + ".output.dense") + x, at + ".output")
    return F.normalize(x.float().mean(dim=1), dim=1)


texts = torch.from_numpy(numpy.fromfile(ids_path, dtype=numpy.int32).reshape(-1, tokens).astype(numpy.int64))
if device == "cuda":
    texts = texts.pin_memory()


def run(batch):
    started = time.perf_counter()
    for at in range(0, len(texts), batch):
        vectors = embed(texts[at : at + batch].to(device, non_blocking=True)).cpu()
    return time.perf_counter() - started, vectors


with torch.inference_mode():
    sizes = [batch for batch in BATCHES if batch <= len(texts)] or [len(texts)]
    for batch in sizes:
        run(batch)
    best = min(sizes, key=lambda batch: run(batch)[0])
    first = embed(texts[:1].to(device)).cpu()[0].tolist()
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    ready = {"device": name, "torch": torch.__version__, "batch": best, "first": first}
    print(json.dumps(ready), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"seconds": run(best)[0]}), flush=True)
