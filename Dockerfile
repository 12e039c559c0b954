# Two stages: the first installs by hash and compiles, the second only runs. Both start from the same Python,
# because the environment made in the first links to the interpreter of the second.
FROM python:3.11-slim-bookworm AS build

WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /opt/parley \
    && /opt/parley/bin/python -m pip install --disable-pip-version-check --no-cache-dir --no-compile \
        --only-binary :all: --require-hashes -r requirements.lock \
    && /opt/parley/bin/python -m pip uninstall --quiet --yes pip setuptools

COPY service ./service
COPY alembic ./alembic
# What an installer would write for [project.scripts]; it needs no build backend.
RUN printf '#!/opt/parley/bin/python\nfrom service.cli import main\n\nmain()\n' > /opt/parley/bin/parley \
    && chmod 0755 /opt/parley/bin/parley
# Nobody may write here later, so the byte code is made now and never checked against its source again.
RUN /opt/parley/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/parley/lib /app


FROM python:3.11-slim-bookworm

RUN groupadd --system --gid 10001 parley \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/parley --create-home parley

COPY --from=build /opt/parley /opt/parley
COPY --from=build /app /app

ENV PATH=/opt/parley/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PARLEY_DATA_DIR=/var/lib/parley

USER 10001:10001
WORKDIR /var/lib/parley
# The embedded SQLite database, where PARLEY_DATABASE_URL names no other.
VOLUME /var/lib/parley
EXPOSE 8000

# Ready means: the database answers and has every migration. urlopen raises on anything but success.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]

ENTRYPOINT ["parley"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
