"""A stand-in for a Qdrant server, for tests only.

No package registry carries the Qdrant server. This answers the REST routes that our adapter uses, with the JSON and
the status codes of the real server, over the local mode of Qdrant's own Python client. It is slow and knows no
indexes; it is here to prove requests and answers, not speed.

Usage: qdrant-stand-in.py [FOLDER]     with a folder, points survive a restart.
It prints {"port": N} when it is ready, and ends when its standard input is closed.
Where the environment has STAND_IN_API_KEY, requests must carry it.
"""

import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import ValidationError
from qdrant_client import QdrantClient
from qdrant_client.http import models

VERSION = "1.18.0"
API_KEY = os.environ.get("STAND_IN_API_KEY")


class Refusal(Exception):
    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


class Engine:
    """Qdrant's local mode behind one lock: it is not made for threads."""

    def __init__(self, folder):
        if folder is None:
            self.client = QdrantClient(":memory:")
        else:
            self.client = QdrantClient(path=folder, force_disable_check_same_thread=True)
        self.lock = threading.Lock()

    def local(self, name):
        collections = self.client._client.collections
        if name not in collections:
            raise Refusal(404, f"Not found: Collection `{name}` doesn't exist!")
        return collections[name]

    def relax(self):
        """A commit of SQLite a point would make 10,000 points a matter of minutes; a test's power does not fail."""
        for collection in self.client._client.collections.values():
            if collection.storage is not None:
                collection.storage.storage.execute("PRAGMA synchronous = OFF")

    def exists(self, name, _body):
        return {"exists": self.client.collection_exists(name)}

    def list_collections(self, _name, _body):
        return dump(self.client.get_collections())

    def create(self, name, body):
        if self.client.collection_exists(name):
            raise Refusal(409, f"Wrong input: Collection `{name}` already exists!")
        request = models.CreateCollection.model_validate(body)
        self.client.create_collection(
            name,
            vectors_config=request.vectors,
            sparse_vectors_config=request.sparse_vectors,
            quantization_config=request.quantization_config,
        )
        self.relax()
        return True

    def drop(self, name, _body):
        return self.client.delete_collection(name)

    def index(self, name, body):
        self.local(name)
        models.CreateFieldIndex.model_validate(body)
        return done()

    def upsert(self, name, body):
        collection = self.local(name)
        points = models.PointsList.model_validate(body).points
        for point in points:
            require_vector(collection, point)
        self.client.upsert(name, points=points)
        return done()

    def count(self, name, body):
        self.local(name)
        request = models.CountRequest.model_validate(body)
        return dump(self.client.count(name, count_filter=request.filter, exact=True))

    def query(self, name, body):
        collection = self.local(name)
        request = models.QueryRequest.model_validate(body)
        require_size(collection, request.query, request.using)
        found = self.client.query_points(
            name,
            query=request.query,
            using=request.using,
            search_params=request.params,
            query_filter=request.filter,
            limit=request.limit or 10,
            with_payload=request.with_payload,
            with_vectors=bool(request.with_vector),
        )
        return dump(found)

    def scroll(self, name, body):
        self.local(name)
        request = models.ScrollRequest.model_validate(body)
        points, following = self.client.scroll(
            name,
            scroll_filter=request.filter,
            limit=request.limit or 10,
            offset=request.offset,
            with_payload=request.with_payload,
            with_vectors=bool(request.with_vector),
        )
        return {"points": [dump(point) for point in points], "next_page_offset": following}

    def retrieve(self, name, body):
        self.local(name)
        request = models.PointRequest.model_validate(body)
        points = self.client.retrieve(name, ids=request.ids, with_payload=request.with_payload)
        return [dump(point) for point in points]

    def delete(self, name, body):
        self.local(name)
        if "points" in body:
            selector = models.PointIdsList.model_validate(body)
        else:
            selector = models.FilterSelector.model_validate(body)
        self.client.delete(name, points_selector=selector)
        return done()


def dump(model):
    return model.model_dump(mode="json")


def done():
    return {"operation_id": 0, "status": "completed"}


def require_vector(collection, point):
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", str(point.id)):
        reason = f"value {point.id} is not a valid point ID, valid values are either an unsigned integer or a UUID"
        raise Refusal(400, f"Format error in JSON body: {reason}")
    named = point.vector if isinstance(point.vector, dict) else {None: point.vector}
    for name, vector in named.items():
        require_size(collection, vector, name)


def require_size(collection, vector, name):
    vectors = collection.config.vectors
    if isinstance(vectors, dict):
        known = {**vectors, **(collection.config.sparse_vectors or {})}
        if name not in known:
            raise Refusal(400, f"Wrong input: Not existing vector name error: {name or ''}")
        vectors = vectors.get(name)
    expected = vectors.size if vectors is not None else None
    if isinstance(vector, list) and len(vector) != expected:
        raise Refusal(400, f"Wrong input: Vector dimension error: expected dim: {expected}, got {len(vector)}")


ROUTES = [
    ("GET", r"/collections", Engine.list_collections),
    ("GET", r"/collections/([^/]+)/exists", Engine.exists),
    ("PUT", r"/collections/([^/]+)", Engine.create),
    ("DELETE", r"/collections/([^/]+)", Engine.drop),
    ("PUT", r"/collections/([^/]+)/index", Engine.index),
    ("PUT", r"/collections/([^/]+)/points", Engine.upsert),
    ("POST", r"/collections/([^/]+)/points", Engine.retrieve),
    ("POST", r"/collections/([^/]+)/points/count", Engine.count),
    ("POST", r"/collections/([^/]+)/points/query", Engine.query),
    ("POST", r"/collections/([^/]+)/points/scroll", Engine.scroll),
    ("POST", r"/collections/([^/]+)/points/delete", Engine.delete),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def respond(self):
        started = time.perf_counter()
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        path = self.path.partition("?")[0]
        if API_KEY is not None and self.headers.get("api-key") != API_KEY:
            text = "Must provide an API key or an Authorization bearer token"
            return self.send(401, text.encode(), "text/plain")
        if path == "/":
            about = {"title": "qdrant - vector search engine", "version": VERSION}
            return self.send_json(200, about)
        try:
            answer = {"result": self.route(path, raw), "status": "ok"}
            status = 200
        except Refusal as refusal:
            answer = {"status": {"error": str(refusal)}}
            status = refusal.status
        except (ValidationError, ValueError) as error:
            answer = {"status": {"error": f"Format error in JSON body: {error}"}}
            status = 400
        except Exception as error:
            answer = {"status": {"error": f"Service internal error: {error!r}"}}
            status = 500
        self.send_json(status, {**answer, "time": time.perf_counter() - started})

    do_GET = do_PUT = do_POST = do_DELETE = respond

    def route(self, path, raw):
        for method, pattern, action in ROUTES:
            match = re.fullmatch(pattern, path)
            if method == self.command and match is not None:
                body = json.loads(raw) if raw else {}
                name = match.group(1) if match.groups() else None
                with engine.lock:
                    return action(engine, name, body)
        raise Refusal(404, "")

    def send_json(self, status, value):
        # Real Qdrant answers in UTF-8, not in escapes.
        self.send(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def send(self, status, body, kind):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def end_with_parent():
    sys.stdin.buffer.read()
    with engine.lock:
        engine.client.close()
        os._exit(0)


engine = Engine(sys.argv[1] if len(sys.argv) > 1 else None)
engine.relax()
server = Server(("127.0.0.1", int(os.environ.get("STAND_IN_PORT", "0"))), Handler)
threading.Thread(target=end_with_parent, daemon=True).start()
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
