# One recipe for all images: docker build --target gateway|notifier|worker|edge .
# Plain instructions only: Heroku's builder may not be BuildKit.

FROM python:3.13-slim AS uv
COPY requirements-dev.txt .
RUN sed -n '/^uv==/,/# via/p' requirements-dev.txt > uv.txt \
    && pip install --no-cache-dir --root-user-action=ignore --require-hashes --requirement uv.txt


# Each service is built in two steps, so that a change in the sources leaves the large layer as it is:
#   /dependencies  what its packages ask for, in the versions and with the hashes of requirements.txt
#   /packages      the packages themselves
FROM python:3.13-slim AS build
COPY --from=uv /usr/local/bin/uv /usr/local/bin/uv
ENV UV_SYSTEM_PYTHON=1 \
    UV_PYTHON_DOWNLOADS=never \
    UV_NO_CACHE=1 \
    UV_COMPILE_BYTECODE=1 \
    UV_NO_BUILD_ISOLATION=1 \
    UV_CONSTRAINT=requirements.txt
WORKDIR /build
COPY requirements.txt ./
RUN printf 'codeforge-%s\n' common gateway notifier > ours.txt \
    && uv pip install hatchling
COPY libs/common/pyproject.toml libs/common/

FROM build AS gateway-build
COPY services/gateway/pyproject.toml services/gateway/
RUN uv pip install --require-hashes --excludes ours.txt --prefix /dependencies \
        -r libs/common/pyproject.toml -r services/gateway/pyproject.toml
COPY libs/common libs/common
COPY services/gateway services/gateway
RUN uv pip install --no-deps --prefix /packages ./libs/common ./services/gateway

FROM build AS notifier-build
COPY services/notifier/pyproject.toml services/notifier/
RUN uv pip install --require-hashes --excludes ours.txt --prefix /dependencies \
        -r libs/common/pyproject.toml -r services/notifier/pyproject.toml
COPY libs/common libs/common
COPY services/notifier services/notifier
RUN uv pip install --no-deps --prefix /packages ./libs/common ./services/notifier

FROM build AS worker-build
COPY services/worker/pyproject.toml services/worker/
RUN uv pip install --require-hashes --excludes ours.txt --prefix /dependencies \
        -r libs/common/pyproject.toml -r services/worker/pyproject.toml
COPY libs/common libs/common
COPY services/worker services/worker
RUN uv pip install --no-deps --prefix /packages ./libs/common ./services/worker

FROM build AS edge-build
COPY services/gateway/pyproject.toml services/gateway/
COPY services/notifier/pyproject.toml services/notifier/
RUN uv pip install --require-hashes --excludes ours.txt --prefix /dependencies \
        -r libs/common/pyproject.toml -r services/gateway/pyproject.toml -r services/notifier/pyproject.toml
COPY libs/common libs/common
COPY services/gateway services/gateway
COPY services/notifier services/notifier
COPY deploy/edge deploy/edge
RUN uv pip install --no-deps --prefix /packages \
        ./libs/common ./services/gateway ./services/notifier ./deploy/edge


# What all services share. They write to STATE_DIR (a volume) and /tmp only, so the file system may be read-only.
FROM python:3.13-slim AS runtime
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    METRICS_HOST=0.0.0.0 \
    LOG_FORMAT=json \
    STATE_DIR=/var/lib/codeforge
RUN useradd --uid 10001 --home-dir /var/lib/codeforge --no-create-home --shell /usr/sbin/nologin codeforge \
    && install --directory --owner=codeforge --group=codeforge --mode=755 /var/lib/codeforge
WORKDIR /var/lib/codeforge
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-IS", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', os.environ['METRICS_PORT'], timeout=2); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]

FROM runtime AS gateway
COPY --from=gateway-build /dependencies /usr/local
COPY --from=gateway-build /packages /usr/local
ENV METRICS_PORT=9101
EXPOSE 8000 9101
USER codeforge
CMD ["python", "-m", "codeforge_gateway"]

FROM runtime AS notifier
COPY --from=notifier-build /dependencies /usr/local
COPY --from=notifier-build /packages /usr/local
ENV METRICS_PORT=9102
EXPOSE 8000 9102
USER codeforge
CMD ["python", "-m", "codeforge_notifier"]

FROM runtime AS worker
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
COPY --from=worker-build /dependencies /usr/local
COPY --from=worker-build /packages /usr/local
ENV METRICS_PORT=9103
EXPOSE 9103
USER codeforge
CMD ["python", "-m", "codeforge_worker"]

# Gateway and notifier in one process on one port.
FROM runtime AS edge
COPY --from=edge-build /dependencies /usr/local
COPY --from=edge-build /packages /usr/local
ENV METRICS_PORT=9101
EXPOSE 8000 9101
USER codeforge
CMD ["python", "-m", "codeforge_edge"]
