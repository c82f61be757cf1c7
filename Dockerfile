FROM debian:bookworm-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY setup.cfg pyproject.toml README.md LICENSE /src/
COPY pvs_workflow /src/pvs_workflow
RUN python3 -m venv /opt/pvs \
    && /opt/pvs/bin/pip install --no-cache-dir --no-compile /src

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 pvs \
    && mkdir /out /work && chmod 777 /out /work
COPY --from=build /opt/pvs /opt/pvs
ENV PATH=/opt/pvs/bin:$PATH \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER pvs
WORKDIR /work
ENTRYPOINT ["pvs_workflow"]
