"""What gunicorn runs: `gunicorn -c config/gunicorn.conf.py wsgi:app`."""

from insights_backend import create_app

app = create_app()
