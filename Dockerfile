FROM python:3.11-slim AS build
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 clientdesk && install -d -o clientdesk /data
COPY --from=build /venv /venv
WORKDIR /app
COPY alembic.ini manifest.json ./
COPY bot bot
COPY handlers handlers
COPY modals modals
COPY services services
COPY db db
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib HOST=0.0.0.0 PORT=8000 DATABASE_URL=sqlite:////data/clientdesk.db
USER clientdesk
VOLUME /data
EXPOSE 8000
# Web and worker in one process. For several, run `web` and `worker` on their own, as compose.yaml does.
ENTRYPOINT ["python", "-m", "bot"]
CMD ["all"]
