"""The floor: a bare Flask route that reads a body, parses it and has it on disk before it answers; nothing else.

Run by gunicorn with the settings of the service, in the directory that FLOOR_DIRECTORY names.
"""

import os
import sqlite3
from pathlib import Path
from threading import Lock

import orjson
from flask import Flask, Response, jsonify, request

app = Flask(__name__)
_lock = Lock()
_database = sqlite3.connect(
    Path(os.environ["FLOOR_DIRECTORY"]) / "floor.sqlite3", isolation_level=None, check_same_thread=False
)
_database.execute("PRAGMA journal_mode=WAL")
_database.execute("PRAGMA synchronous=FULL")
_database.execute("CREATE TABLE IF NOT EXISTS request (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")


@app.post("/events")
def take() -> Response:
    body = request.get_data()
    events = len(orjson.loads(body)["events"])
    with _lock:
        _database.execute("INSERT INTO request (body) VALUES (?)", (body,))
    return jsonify(accepted=events)


@app.get("/readyz")
def ready() -> Response:
    return jsonify(status="ready")
