#!/usr/bin/env bash
# Makes the pictures of README and docs/ again, from a real run in the sandbox.
#
# Needs tmux, aha and Chromium: apt-get install --no-install-recommends tmux aha chromium fonts-dejavu-core
set -euo pipefail
cd "$(dirname "$0")/../.."
images=$PWD/docs/images
for tool in tmux aha chromium; do
    command -v "$tool" >/dev/null || {
        echo "$tool is missing: apt-get install --no-install-recommends tmux aha chromium fonts-dejavu-core" >&2
        exit 1
    }
done

cargo build --release --quiet
target=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
scratch=$(mktemp -d)
tmux=(tmux -L "seatload-images-$$" -f /dev/null)
clean_up() {
    "${tmux[@]}" kill-server 2>/dev/null || true
    # Chromium may still be writing to its profile.
    rm -rf "$scratch" 2>/dev/null || { sleep 1 && rm -rf "$scratch"; }
}
trap clean_up EXIT
cp -r sample-data "$scratch"

# Prints the whole pane, with its colours.
screen() {
    "${tmux[@]}" capture-pane -e -p -S -
}

# Waits until the pane has not changed for a second.
settle() {
    local before='' now
    until now=$(screen) && [ "$now" = "$before" ]; do
        before=$now
        sleep 1
    done
}

# Takes a picture: the image, the page, its width and height in CSS pixels.
photograph() {
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1.4 \
        --user-data-dir="$scratch/browser" --window-size="$3,$4" --screenshot="$1" "file://$2" >/dev/null 2>&1
    local size
    size=$(stat -c %s "$1")
    echo "$1: $((size / 1000)) KB"
    [ "$size" -lt 200000 ] || { echo "$1 is larger than 200 KB" >&2 && exit 1; }
}

# The import, as it looks in a terminal.
"${tmux[@]}" new-session -d -x 100 -y 60 -c "$scratch" \
    env -i HOME="$scratch" TERM=tmux-256color COLORTERM=truecolor LANG=C.UTF-8 PATH="$target/release:/usr/bin:/bin" PS1='$ ' \
    bash --norc --noprofile
until [[ $(screen) == *'$'* ]]; do sleep 0.1; done
"${tmux[@]}" send-keys 'seatload import sample-data/joiners.csv --sandbox --until-full --yes' Enter
until compgen -G "$scratch/seatload-joiners-*/report.html" >/dev/null; do sleep 0.2; done
settle
# All but the prompt at the end.
screen | awk 'NF { last = NR } { line[NR] = $0 } END { for (n = 1; n < last; n++) print line[n] }' >"$scratch/screen"
{
    echo '<!doctype html><meta charset="utf-8"><style>
        html { background: #0d1117 }
        pre { margin: 24px 28px; font: 14px/20px "DejaVu Sans Mono", monospace; color: #e6edf3 }
    </style><pre>'
    aha --no-header --black <"$scratch/screen"
    echo '</pre>'
} >"$scratch/terminal.html"
photograph "$images/terminal.png" "$scratch/terminal.html" 900 $(($(wc -l <"$scratch/screen") * 20 + 68))

# The beginning of the same run's page.
photograph "$images/report.png" "$(echo "$scratch"/seatload-joiners-*/report.html)" 1100 960
