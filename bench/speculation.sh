#!/usr/bin/env bash
# Measures what guessing tokens brings on the software card itself, by task: `axllama serve` is asked for the answers of
# bench/tasks, which a script of the software card gives while layers and head compute all the same, so that each answer takes
# the time it would take. Every answer is asked for in a server that has just started, without guesses and with them.
#   bench/speculation.sh SHAPE|PACKAGE
# Example: bench/speculation.sh Qwen3-0.6B (a shape of `axllama compile --random`). Tokens are the bundled model's, about two
# or three characters each. Needs curl. Prints tokens per second of decoding, and how many guessed tokens came true.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${AXLLAMA_BUILD:-$root/build/release}
axllama=$build/bin/axllama
[[ $# -eq 1 ]] || { sed -n '5,6s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
work=$(mktemp -d)
server=
stop() { [[ -z $server ]] || { kill "$server" && wait "$server" || true; } 2>/dev/null; server=; }
trap 'stop; rm -rf "$work"' EXIT

package=$1
if [[ ! -d $package ]]; then
  package=$work/package
  "$axllama" compile --random "$1" -o "$package" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
fi
mkdir -p "$work/models/measured"
ln -s "$(realpath "$package")"/* "$work/models/measured/"
for file in tokenizer.json tokenizer_config.json generation_config.json; do
  ln -sf "$root/models/tiny/$file" "$work/models/measured/$file"
done

start() {  # CARD'S CONFIGURATION [serve's options...]
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
post() {
  curl -sS "http://127.0.0.1:$(<"$work/port")$1" -d "$2"
}
text() {  # a file as the inside of a JSON string
  sed -e ':all' -e '$!{N;b all}' -e 's/\\/\\\\/g; s/"/\\"/g; s/\n/\\n/g' "$root/bench/tasks/$1.txt" | tr -d '\n'
}
field() {
  local value
  value=$(grep -oE "\"$1\":[0-9]+" <<<"$2" | head -1 | cut -d: -f2) || true
  echo "${value:-0}"
}

printf '%-22s %8s %14s %14s %8s  %s\n' TASK TOKENS 'PLAIN, T/S' 'GUESSES, T/S' RATIO 'CAME TRUE OF GUESSED'
for task in code_edit summary_with_quotes json_echo chat; do
  start '{"compute": "null"}'
  tokens=$(post /api/tokenize "{\"model\": \"measured\", \"text\": \"$(text "$task.answer")\"}" | grep -oE '\[[0-9, ]+\]')
  stop
  count=$(tr ',' '\n' <<<"$tokens" | wc -l)
  declare -A rate=()
  for mode in --no-speculation --kv-slots=1; do
    start "{\"script\": {\"requests\": [$tokens], \"arithmetic\": true}}" "$mode"
    post /api/generate '{"model": "measured"}' >/dev/null  # loads
    reply=$(post /api/generate "{\"model\": \"measured\", \"raw\": true, \"stream\": false, \"prompt\": \"$(text "$task.prompt")\",
      \"options\": {\"temperature\": 0, \"num_predict\": $count}}")
    stop
    [[ $(field eval_count "$reply") == "$count" ]] || { echo "not $count tokens: $reply" >&2; exit 1; }
    rate[$mode]=$((count * 1000000000000 / $(field eval_duration "$reply")))  # thousandths
  done
  plain=${rate[--no-speculation]} guessing=${rate[--kv-slots=1]}
  printf '%-22s %8d %14s %14s %8s  %d of %d\n' "$task" "$count" "$((plain / 1000)).$((plain % 1000 / 100))" \
    "$((guessing / 1000)).$((guessing % 1000 / 100))" "$((guessing / plain)).$(printf %02d $((guessing * 100 / plain % 100)))" \
    "$(field eval_accepted_count "$reply")" "$(field eval_guessed_count "$reply")"
done
