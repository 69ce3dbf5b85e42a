# The app with the bundled weights, for an ordinary user on a read-only root. `compose.yaml` runs two of them.
FROM python:3.11-slim

RUN useradd --uid 1000 --create-home explorer \
    && install --directory --owner=1000 --group=1000 /cache
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --only-binary :all: --require-hashes --requirement requirements.lock
COPY LICENSE app.py ./
COPY assets assets
COPY checkpoints checkpoints
COPY explorer explorer
RUN python -m compileall -q explorer

# All that is written goes to /tmp (uploads, pictures) and /cache (downloads, fitted decoders).
ENV GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/tmp/explorer \
    EXPLORER_CACHE=/cache \
    HF_HOME=/cache/hub \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1
VOLUME /cache
USER 1000
EXPOSE 7860
STOPSIGNAL SIGINT
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["python", "app.py"]
