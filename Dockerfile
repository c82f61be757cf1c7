# Two stages, so that build tools are not in the final image. docker/*.txt contains all versions and
# hashes (see scripts/lock_requirements.sh); docs/clusters.md shows how to build, check and run it.
FROM debian:bookworm-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*

FROM base AS build
# The package list of the image must contain only the packages of the final stage.
RUN cp /var/lib/dpkg/status /opt/debian-packages \
    && apt-get update \
    && apt-get install --yes --no-install-recommends binutils python3-venv
WORKDIR /src
COPY docker docker
RUN python3 -m venv /opt/tools \
    && python3 -m venv --without-pip /opt/pvs \
    && /opt/tools/bin/pip install --no-cache-dir --no-deps --require-hashes -r docker/sbom.txt
# Build isolation would fetch packages without hashes.
RUN for list in build requirements; do \
        /opt/tools/bin/pip --python /opt/pvs/bin/python install --no-cache-dir --no-compile \
            --no-deps --no-build-isolation --require-hashes -r docker/$list.txt || exit 1; \
    done
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY pvs_workflow pvs_workflow
# Files that only developers need take over a quarter of the space: headers and symbols of
# TensorFlow, a C++ compiler library that it does not import, and tests. Bytecode is compiled here,
# because a run cannot write it, and is not checked against dates, which copies of the image change.
# The command ignores the host's Python variables and packages, which Apptainer passes on with the
# user's environment and home folder. Python's option -I would also ignore the workers' hash seed.
RUN /opt/tools/bin/pip --python /opt/pvs/bin/python install --no-cache-dir --no-compile \
        --no-deps --no-build-isolation --no-index /src \
    && /opt/tools/bin/pip --python /opt/pvs/bin/python check \
    && cd /opt/pvs/lib/python3.11/site-packages \
    && rm -r tensorflow/include clang/native \
    && strip --strip-unneeded tensorflow/libtensorflow_*.so.2 \
    && find . -type d \( -name tests -o -name benchmarks \) -prune -exec rm -r {} + \
    && cd /src \
    && /opt/pvs/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/pvs/lib \
    && ignored="-u PYTHONHOME -u PYTHONPATH -u PYTHONSTARTUP -u PYTHONUSERBASE" \
    && sed -i "1s|^#!|#!/usr/bin/env -S $ignored PYTHONNOUSERSITE=1 |" /opt/pvs/bin/pvs_* \
    && /opt/tools/bin/python docker/sbom.py /opt/pvs /opt/debian-packages \
        /opt/pvs/share/pvs_workflow.cdx.json

FROM base
LABEL org.opencontainers.image.title="pvs_workflow" \
    org.opencontainers.image.description="Count enlarged perivascular spaces in the basal ganglia: a BIDS App" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.authors="The pvs_workflow developers" \
    org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
# Mount points. /out is not writable without a volume, so a run with a missing volume fails at once
# instead of losing its results with the container.
RUN mkdir /in /out /work && chmod 1777 /work
COPY --from=build /opt/pvs /opt/pvs
# Users have no home folder and may be unknown; only /tmp is writable. Apptainer sets another HOME,
# which may not exist, so MPLCONFIGDIR is set separately.
ENV PATH=/opt/pvs/bin:$PATH \
    HOME=/tmp \
    LANG=C.UTF-8 \
    MPLCONFIGDIR=/tmp/pvs_workflow-matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["pvs_workflow"]
