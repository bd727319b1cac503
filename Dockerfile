# BASE: any Debian image that has Python 3.11 or later as `python`; nothing here depends on where it is installed.
ARG BASE=docker.io/library/python:3.11-slim

# Everything that only building needs stays behind in this stage.
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_COMPILE=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /srv/todo
COPY requirements.txt ./
# Bytecode of a kind that is never compared with its source: start-up neither reads the source nor depends on file times.
RUN python -m venv --without-pip /venv \
 && python -m pip --python /venv install --only-binary :all: --require-hashes --requirement requirements.txt \
 && python -m compileall -q --invalidation-mode unchecked-hash /venv
# The command that pyproject.toml names, for the code as it stands in the working folder.
RUN printf '%s\n' '#!/venv/bin/python' 'import sys' 'from app.cli import main' 'sys.exit(main())' >/venv/bin/todo \
 && chmod 0755 /venv/bin/todo
COPY app app
COPY migrations migrations
RUN python -m compileall -q --invalidation-mode unchecked-hash app migrations

FROM ${BASE}
LABEL org.opencontainers.image.title="todo-backend" \
      org.opencontainers.image.description="An async-first todo API on SQLite, PostgreSQL and MySQL/MariaDB." \
      org.opencontainers.image.licenses="MIT"
# The official image leaves out the standard library's bytecode, and user 1000 could not add it at run time.
RUN useradd --create-home --uid 1000 todo \
 && install --directory --owner=1000 --group=1000 --mode=0700 /var/lib/todo /data \
 && python -m compileall -q --invalidation-mode unchecked-hash -x '/(idlelib|lib2to3|test|(site|dist)-packages)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
WORKDIR /srv/todo
COPY --from=build --chown=1000:1000 /venv /venv
COPY --chown=1000:1000 pyproject.toml LICENSE ./
COPY --from=build --chown=1000:1000 /srv/todo/migrations migrations
COPY --from=build --chown=1000:1000 /srv/todo/app app
USER 1000

# /var/lib/todo is the one folder that must be writable: the live database. What is to outlive the container is either
# mounted there, a local disk, or replicated: REPLICA_URL=/data with a volume or a bucket mounted at /data. Neither is a
# VOLUME, since some platforms refuse to build one, and an unnamed volume only hides that it goes with its container.
# TMPDIR: where nothing else can be written to, SQLite answers a large sort with "disk I/O error".
ENV DATABASE_URL=sqlite:////var/lib/todo/todo.db \
    PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/srv/todo \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/var/lib/todo
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:7860/readyz', timeout=4)"]
CMD ["todo", "serve", "--host", "0.0.0.0", "--port", "7860"]

# Last, since it differs with every commit.
ARG COMMIT_SHA=unknown
ENV COMMIT_SHA=${COMMIT_SHA}
LABEL org.opencontainers.image.revision=${COMMIT_SHA}
