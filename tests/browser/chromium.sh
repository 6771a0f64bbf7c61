#!/bin/sh
# The browser tests need Chromium: Debian's, installed here when we may.
set -e
if command -v chromium >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-dejavu-core fonts-noto-color-emoji >/dev/null
    exit 0
fi
echo "Chromium is missing: install it (Debian: apt-get install chromium fonts-noto-color-emoji)" >&2
exit 1
