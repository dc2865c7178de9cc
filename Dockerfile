# One image for the web server, the worker and every manage.py command: docs/operations/containers.md.
# Any image with Debian's or Python's own `python3` (3.11 or newer) and its venv module serves as the base.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /srv/portal
# pip and npm stay behind in a virtual environment of their own.
COPY requirements/base.txt requirements/node.txt requirements/
RUN python3 -m venv /opt/tools && /opt/tools/bin/pip install --require-hashes -r requirements/node.txt
RUN python3 -m venv --without-pip /opt/venv \
    && /opt/tools/bin/pip --python /opt/venv/bin/python install --require-hashes -r requirements/base.txt
COPY package.json package-lock.json ./
COPY scripts/build-static scripts/
COPY manage.py README.md CHANGELOG.md ./
COPY docs docs
COPY static static
COPY templates templates
COPY reseller_portal reseller_portal
COPY clones clones
RUN PATH="/opt/tools/bin:$PATH" scripts/build-static /opt/venv \
    && rm -rf node_modules package.json package-lock.json requirements scripts var \
    && /opt/venv/bin/python -m compileall -q reseller_portal clones

FROM ${BASE}
# The user's number is fixed, so that volumes and Kubernetes can name it. Nothing in the image belongs to it but var.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin portal
ENV PATH="/opt/venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv/portal
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/portal .
# Written only where the portal runs on SQLite: then mount a volume here.
RUN install -d -o 10001 -g 10001 -m 700 var
USER 10001:10001
EXPOSE 8000
# A web container's. compose.yaml switches it off for the worker, which watches itself and shows in /readyz.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import http.client as h; c = h.HTTPConnection('localhost', 8000, timeout=4); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
CMD ["gunicorn", "--config", "reseller_portal/gunicorn.py", "--bind", "0.0.0.0:8000"]
