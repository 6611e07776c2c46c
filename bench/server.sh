# For the scripts beside it, which source it: a server on the software card in a folder of its own, $work, whose models lie in
# $work/models. Both go when the script ends. AXLLAMA_BUILD names another build than build/release.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
axllama=${AXLLAMA_BUILD:-$root/build/release}/bin/axllama
work=$(mktemp -d)
mkdir "$work/models"
server=
trap 'stop_server; rm -rf "$work"' EXIT

# start_server CONFIGURATION [OPTION...]: of the software card (docs/softcard.md), and options of `axllama serve`.
start_server() {
  printf '%s' "$1" >"$work/card.json"
  rm -f "$work/port"
  AXLLAMA_SOFTCARD_CONFIG=$work/card.json "$axllama" serve --host 127.0.0.1:0 --port-file "$work/port" \
    --model-root "$work/models" --store "$work/store" "${@:2}" 2>>"$work/log" &
  server=$!
  until [[ -s $work/port ]]; do
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
  done
}

# stop_server [SIGNAL]
stop_server() {
  [[ -z $server ]] || { kill "${1:--TERM}" "$server" && wait "$server" || true; } 2>/dev/null
  server=
}

# post PATH BODY: prints the answer; an error goes to standard error.
post() {
  local answer
  answer=$(curl -sS --fail-with-body "http://127.0.0.1:$(<"$work/port")$1" -d "$2") || { echo "$1: $answer" >&2; return 1; }
  printf '%s\n' "$answer"
}

# number NAME RECORD: the whole number of that name, 0 when there is none.
number() {
  local value
  value=$(grep -oE "\"$1\":[0-9]+" <<<"$2" | head -1 | cut -d: -f2) || true
  echo "${value:-0}"
}
