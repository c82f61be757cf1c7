# Two stages: what builds stays behind. All versions and hashes are in docker/*.txt, which
# scripts/lock_requirements.sh writes; docs/clusters.md shows how to build, check and run it.
FROM debian:bookworm-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*

FROM base AS build
# Only the packages of the final image belong to its list of packages.
RUN cp /var/lib/dpkg/status /opt/debian-packages \
    && apt-get update \
    && apt-get install --yes --no-install-recommends binutils python3-venv
WORKDIR /src
COPY docker docker
RUN python3 -m venv /opt/tools \
    && python3 -m venv --without-pip /opt/pvs \
    && /opt/tools/bin/pip install --no-cache-dir --no-deps --require-hashes -r docker/sbom.txt
# Without build isolation, so that nothing is fetched that has no hash.
RUN for list in build requirements; do \
        /opt/tools/bin/pip --python /opt/pvs/bin/python install --no-cache-dir --no-compile \
            --no-deps --no-build-isolation --require-hashes -r docker/$list.txt || exit 1; \
    done
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY pvs_workflow pvs_workflow
# What only developers of the packages need is over a quarter of all: headers and symbols of
# TensorFlow, the library of a C++ compiler, which it imports nowhere, and tests. Bytecode is made
# here, since nobody can write it at a run; it is not checked against dates, which copies of the
# image change.
RUN /opt/tools/bin/pip --python /opt/pvs/bin/python install --no-cache-dir --no-compile \
        --no-deps --no-build-isolation --no-index /src \
    && /opt/tools/bin/pip --python /opt/pvs/bin/python check \
    && cd /opt/pvs/lib/python3.11/site-packages \
    && rm -r tensorflow/include clang/native \
    && strip --strip-unneeded tensorflow/libtensorflow_*.so.2 \
    && find . -type d \( -name tests -o -name benchmarks \) -prune -exec rm -r {} + \
    && cd /src \
    && /opt/pvs/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/pvs/lib \
    && /opt/tools/bin/python docker/sbom.py /opt/pvs /opt/debian-packages \
        /opt/pvs/share/pvs_workflow.cdx.json

FROM base
LABEL org.opencontainers.image.title="pvs_workflow" \
    org.opencontainers.image.description="Count enlarged perivascular spaces in the basal ganglia: a BIDS App" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.authors="The pvs_workflow developers" \
    org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
# Places for volumes. Nobody may write to /out itself: where a volume was forgotten, the run ends
# at once, and no results are lost with the container.
RUN mkdir /in /out /work && chmod 1777 /work
COPY --from=build /opt/pvs /opt/pvs
# No user has a home here, nor need the user be known; /tmp is the one place to write to. Apptainer
# sets a HOME of its own, which may not exist, and where Matplotlib would look for its folder.
ENV PATH=/opt/pvs/bin:$PATH \
    HOME=/tmp \
    LANG=C.UTF-8 \
    MPLCONFIGDIR=/tmp/pvs_workflow-matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["pvs_workflow"]
