import os
from pathlib import Path

from flask import Flask

from insights_backend import create_blueprint, load_settings

app = Flask(__name__)


@app.get("/")
def home() -> str:
    return "An app that was here before."


app.register_blueprint(create_blueprint(load_settings(os.environ, Path.cwd())))
