#!/bin/sh
# Choose the versions of all packages of the image, and write them with their hashes to docker/.
# Usage: scripts/lock_requirements.sh [--upgrade]
# Without --upgrade, only packages that setup.cfg no longer allows or newly requires change.
# Requires uv.
set -eu
cd "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND='scripts/lock_requirements.sh'

lock() { # SOURCE TARGET [OPTIONS]
    source=$1 target=$2
    shift 2
    # The Python and platform of the image, not of this machine.
    uv pip compile --quiet --no-config --no-emit-index-url --generate-hashes \
        --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
        --output-file "$target" "$source" "$@"
}

lock setup.cfg docker/requirements.txt "$@"
# The build uses the image's setuptools, so that no environment has two versions.
lock docker/build.in docker/build.txt --constraints docker/requirements.txt "$@"
lock docker/sbom.in docker/sbom.txt "$@"
