#!/usr/bin/env bash
# Checks, with a stock `ollama` program at hand, that its commands work against our server, and ours against its server:
#   tests/stock/check.sh OLLAMA GGUF
# OLLAMA is the program, GGUF a small chat model that its server can run (ours compiles it, too). Uses build/dev; what it
# writes is in a folder that it removes. Not part of ./test, which downloads no other server.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[[ $# -eq 2 && -x $1 && -f $2 ]] || { sed -n '3,5s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
ollama=$(realpath "$1") gguf=$(realpath "$2")
axllama=$root/build/dev/bin/axllama
work=$(mktemp -d)
export HOME=$work/home TERM=dumb
mkdir -p "$HOME"
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
failed=0

# says WORDS STATUS COMMAND...: the command ends with the status, and what it prints holds the words.
says() {
  local words=$1 expected=$2 printed status=0
  shift 2
  printed=$(timeout 120 "$@" 2>&1 </dev/null) || status=$?
  printed=$(sed -E 's/\x1b\[[0-9;?]*[a-zA-Z]//g' <<<"$printed" | tr -d '\r\0')
  if [[ $status == "$expected" && $printed == *"$words"* ]]; then
    printf '  ok      %s\n' "${*:2}"
  else
    printf '  FAILED  %s\n          status %s, wanted %s and "%s": %s\n' "${*:2}" "$status" "$expected" "$words" "${printed: -300}"
    failed=1
  fi
}
wait_for() { until curl -sf "http://$1/" >/dev/null; do sleep 0.2; done; }

cat >"$work/registry.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: 127.0.0.1:11703}
END
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
"$axllama" serve --host 127.0.0.1:11701 --store "$work/ours" >"$work/ours.log" 2>&1 &
OLLAMA_HOST=127.0.0.1:11702 OLLAMA_MODELS=$work/theirs "$ollama" serve >"$work/theirs.log" 2>&1 &
# Few tokens: without a template that its server knows, a model may never end its answer there.
printf 'FROM %s\nPARAMETER num_predict 30\n' "$gguf" >"$work/Modelfile"
for host in 127.0.0.1:11701 127.0.0.1:11702; do wait_for "$host"; done
OLLAMA_HOST=127.0.0.1:11702 "$ollama" create base -f "$work/Modelfile" >/dev/null 2>&1

# Every command, by one of the programs on the server of the other, on a model that is there.
commands() {
  local client=$1 base=$2 registry=127.0.0.1:11703/$3/copy:latest
  says 'version is' 0 "$client" --version
  says "$base" 0 "$client" list
  says 'context length' 0 "$client" show "$base"
  says 'FROM ' 0 "$client" show "$base" --modelfile
  says 'general.architecture' 0 "$client" show -v "$base"
  says '' 0 "$client" run "$base" 'What is 2+2?'
  says 'eval rate' 0 "$client" run "$base" --verbose 'Hello!'
  says '{' 0 "$client" run "$base" --format '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}' 'A number'
  says "$base" 0 "$client" ps
  printf '%s\n' "FROM $base" 'SYSTEM You are a pirate called Jack.' 'PARAMETER temperature 0' 'MESSAGE user hi' \
    'MESSAGE assistant ahoy' 'LICENSE Free as the sea.' 'TEMPLATE "{{ .System }} {{ .Prompt }}"' >"$work/Modelfile.pirate"
  says success 0 "$client" create pirate -f "$work/Modelfile.pirate"
  says 'called Jack' 0 "$client" show pirate --system
  says 'Free as the sea.' 0 "$client" show pirate --license
  says 'temperature' 0 "$client" show pirate --parameters
  says '{{ .System }} {{ .Prompt }}' 0 "$client" show pirate --template
  says success 0 "$client" create weights -f "$work/Modelfile"
  says '' 0 "$client" run weights 'Hello!'
  says "copied 'pirate' to 'other'" 0 "$client" cp pirate other
  says "deleted 'other'" 0 "$client" rm other
  says 'not found' 1 "$client" rm other
  says '' 0 "$client" cp pirate "$registry"
  says 'You can find your model at' 0 "$client" push --insecure "$registry"
  says deleted 0 "$client" rm "$registry"
  says success 0 "$client" pull --insecure "$registry"
  says 'called Jack' 0 "$client" show "$registry" --system
  says '' 0 "$client" stop "$base"
  says "couldn't find model \"nothing\" to stop" 1 "$client" stop nothing
  says 'not found' 1 "$client" show nothing
}
echo 'ollama on our server'
OLLAMA_HOST=127.0.0.1:11701 commands "$ollama" axllama-tiny theirs
OLLAMA_HOST=127.0.0.1:11701 says '' 0 "$ollama" signout  # theirs would ask ollama.com
echo 'axllama on its server'
OLLAMA_HOST=127.0.0.1:11702 commands "$axllama" base ours
echo 'a store that both use'
kill %3 && wait %3 2>/dev/null || true
ours_on_theirs() {
  "$axllama" serve --host 127.0.0.1:11704 --store "$work/theirs" >>"$work/shared.log" 2>&1 &
  ours=$!
  wait_for 127.0.0.1:11704
}
by_ours() { OLLAMA_HOST=127.0.0.1:11704 says "$1" "$2" "$axllama" "${@:3}"; }
by_theirs() { OLLAMA_HOST=127.0.0.1:11702 says "$1" "$2" "$ollama" "${@:3}"; }
ours_on_theirs
by_ours 'pirate:latest' 0 list
by_ours 'holds no package for the card' 1 run pirate Hello
printf 'FROM weights\n' >"$work/Modelfile.compiled"
by_ours success 0 create compiled -f "$work/Modelfile.compiled"
by_ours '' 0 run compiled Hello
echo 'both servers on it at once'
OLLAMA_HOST=127.0.0.1:11702 OLLAMA_MODELS=$work/theirs "$ollama" serve >>"$work/theirs.log" 2>&1 &
theirs=$!
wait_for 127.0.0.1:11702  # it has removed what it takes for waste
by_theirs 'compiled:latest' 0 list
by_theirs "copied 'compiled' to 'twice'" 0 cp compiled twice
by_ours '' 0 run twice Hello
by_theirs "deleted 'compiled'" 0 rm compiled
by_ours 'compiled' 1 run compiled Hello
printf 'FROM twice\nSYSTEM You are a pirate called Jack.\n' >"$work/Modelfile.second"
by_ours success 0 create second -f "$work/Modelfile.second"
by_theirs 'second:latest' 0 list
by_ours "copied 'base' to 'again'" 0 cp base again
by_theirs '' 0 run again 'Hello!'
by_ours "deleted 'base'" 0 rm base
by_theirs '' 0 run again 'Hello!'
echo 'ours after theirs, and theirs after ours'
kill "$theirs" "$ours" && wait "$theirs" "$ours" 2>/dev/null || true
ours_on_theirs
by_ours '' 0 run twice Hello
by_ours 'called Jack' 0 show second --system
by_ours '' 0 run second Hello
kill "$ours" && wait "$ours" 2>/dev/null || true
OLLAMA_HOST=127.0.0.1:11702 OLLAMA_MODELS=$work/theirs "$ollama" serve >>"$work/theirs.log" 2>&1 &
wait_for 127.0.0.1:11702
by_theirs 'second:latest' 0 list
by_theirs '' 0 run again 'Hello!'
exit "$failed"
