"""What gunicorn runs: `gunicorn -c config/gunicorn.conf.py wsgi:app`."""

import logging

from insights_backend import create_app

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
app = create_app()
