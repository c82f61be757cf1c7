#!/bin/sh
# Take a picture of a part of a page with chromium, as wide as the page.
# Usage: scripts/picture_page.sh PAGE.html PICTURE.png WIDTH HEIGHT [TOP]
# WIDTH, HEIGHT and TOP are CSS pixels; the picture has twice as many. TOP is 0 by default.
set -e
page=$(realpath "$1") picture=$(realpath "$2") top=${5:-0}
chromium --headless --no-sandbox --hide-scrollbars --force-device-scale-factor=2 \
    --window-size="$3,$(($4 + top))" --screenshot="$picture" "file://$page"
if [ "$top" -gt 0 ]; then
    "${PYTHON:-.venv/bin/python}" -c 'import sys; from PIL import Image
image = Image.open(sys.argv[1])
image.crop((0, 2 * int(sys.argv[2]), *image.size)).save(sys.argv[1])' "$picture" "$top"
fi
