#!/bin/sh
# Install Debian's chromium with its driver, for tests/browser, if possible.
# Without them those tests are skipped, so this script never fails.
if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update --quiet --quiet &&
        DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes \
            --no-install-recommends chromium chromium-driver >/dev/null && exit 0
fi
echo 'chromium and chromium-driver are missing and cannot be installed without root and apt-get:' \
    'the tests of the pages in a browser will be skipped'
