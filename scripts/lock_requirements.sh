#!/bin/sh
# Choose the versions of all packages of the image, and write them with their hashes to docker/.
# Usage: scripts/lock_requirements.sh [--upgrade]
# Without --upgrade only what setup.cfg no longer allows, or newly asks for, changes. Needs uv.
set -eu
cd "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND='scripts/lock_requirements.sh'

lock() { # SOURCE TARGET [OPTIONS]
    source=$1 target=$2
    shift 2
    # The image's Python and platform, whatever those of this machine are.
    uv pip compile --quiet --no-config --no-emit-index-url --generate-hashes \
        --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
        --output-file "$target" "$source" "$@"
}

lock setup.cfg docker/requirements.txt "$@"
# One setuptools builds all, so that two versions never meet in one environment.
lock docker/build.in docker/build.txt --constraints docker/requirements.txt "$@"
lock docker/sbom.in docker/sbom.txt "$@"
