"""The contender `sentence-transformers`: see contender.ts. Argument: its backend, torch or onnx."""

import json
import sys

import onnxruntime
import torch
from sentence_transformers import SentenceTransformer

backend = sys.argv[1]
given = json.loads(sys.stdin.readline())
texts, threads = given["texts"], given["threads"]
kwargs = {}
if backend == "onnx":
    kwargs = {"file_name": "onnx/model.onnx", "provider": "CPUExecutionProvider"}
    if threads:
        session = onnxruntime.SessionOptions()
        session.intra_op_num_threads = threads
        session.inter_op_num_threads = 1
        kwargs["session_options"] = session
elif threads:
    torch.set_num_threads(threads)
model = SentenceTransformer(given["model"], device="cpu", backend=backend, model_kwargs=kwargs)
model.max_seq_length = 256
options = {"batch_size": given["batch"]} if given["batch"] else {}
model.encode(texts[:4], normalize_embeddings=True, **options)
print("ready", flush=True)
for _line in sys.stdin:
    model.encode(texts, normalize_embeddings=True, show_progress_bar=False, **options)
    print("done", flush=True)
