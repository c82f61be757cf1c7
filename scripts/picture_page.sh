#!/bin/sh
# Take a picture of the top of a page with chromium.
# Usage: scripts/picture_page.sh PAGE.html PICTURE.png WIDTH HEIGHT (CSS pixels; the picture has twice as many)
set -e
page=$(realpath "$1") picture=$(realpath "$2")
exec chromium --headless --no-sandbox --hide-scrollbars --force-device-scale-factor=2 \
    --window-size="$3,$4" --screenshot="$picture" "file://$page"
