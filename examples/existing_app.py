import os
from pathlib import Path

from flask import Flask

from insights_backend import create_blueprint, create_dashboard, load_settings

app = Flask(__name__)


@app.get("/")
def home() -> str:
    return "An app that was here before."


settings = load_settings(os.environ, Path.cwd())
app.register_blueprint(create_blueprint(settings))
app.register_blueprint(create_dashboard(settings), url_prefix="/insights")
