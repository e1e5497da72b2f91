# The service with its embedded engine. Build it: docker build --tag insights-backend:0.1.0 .
# Run it, its root read-only, its data in a volume, its configuration mounted, and the secrets that this names in variables:
#   docker run --name insights --read-only --tmpfs /tmp --volume insights:/var/lib/insights \
#     --volume ./app-config.yaml:/etc/insights/app-config.yaml:ro --env INSIGHTS_CATALOG_TOKEN \
#     --publish 127.0.0.1:7008:7008 insights-backend:0.1.0
FROM python:3.13-slim AS build
WORKDIR /src
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY insights_backend insights_backend
RUN python -m venv /opt/insights && /opt/insights/bin/pip install --no-cache-dir '.[warehouse]'

FROM python:3.13-slim
COPY --from=build /opt/insights /opt/insights
WORKDIR /srv/insights
COPY wsgi.py ./
COPY config/gunicorn.conf.py config/
# By number, so that Kubernetes can see that it is not root.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/insights
USER 10001:10001
VOLUME /var/lib/insights
ENV PATH=/opt/insights/bin:$PATH \
    HOST=0.0.0.0 \
    PORT=7008 \
    INSIGHTS_CONFIG=/etc/insights/app-config.yaml \
    APP_CONFIG_backstageInsights_dataDir=/var/lib/insights \
    PYTHONDONTWRITEBYTECODE=1
EXPOSE 7008
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["gunicorn", "-c", "config/gunicorn.conf.py", "wsgi:app"]
