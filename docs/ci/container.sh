#!/bin/sh
# For any CI with containers: reads the account once, and judges the snapshot.
set -eu

image=registry.example.com/coldbucket:0.1.0
work=$(pwd)
run() {
    docker run --rm --read-only --cap-drop ALL --user "$(id -u):$(id -g)" \
        --volume "$work:/work" --workdir /work \
        --env AWS_ACCESS_KEY_ID --env AWS_SECRET_ACCESS_KEY --env AWS_SESSION_TOKEN --env AWS_REGION \
        "$image" "$@"
}

run collect -o account.json
# The gate: 1 fails the build, 3 means that some checks were not assessed.
code=0
run audit --snapshot account.json --fail-on high -o table -o json=report.json || code=$?
# Changes since the last run, for the log only.
if [ -f last.json ]; then
    run diff last.json report.json --fail-on none --allow-incomplete
fi
mv report.json last.json
exit "$code"
