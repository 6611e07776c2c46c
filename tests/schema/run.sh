#!/usr/bin/env bash
# Lets an independent validator judge what constraints allow: run.sh FOLDER SAMPLE_SCHEMAS... (the program and its
# arguments). The validator's packages are installed into FOLDER when they are not there yet.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/../npm/install.sh" "$here" "$1"
cd "$1"
shift
"$@" >samples.jsonl
exec node "$here/validate.mjs" samples.jsonl
