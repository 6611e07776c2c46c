#!/usr/bin/env bash
# Measures the time to the first token of a conversation through `axllama serve`: its first turn, its second turn, the same
# turn after the server was killed (kill -9) and started again, and a new conversation with the same system prompt.
#   bench/first_token.sh PACKAGE [SOFTWARE CARD CONFIGURATION]
# Example, at the published costs of a card on a Raspberry Pi 5 (simulated; docs/softcard.md):
#   bench/first_token.sh FOLDER '{"compute": "null", "timing": {"profile": "pi5", "load_mb_per_s": 40000}}'
# Prompts are raw text, 720 characters for the first turn and 180 for the next; packages made by `axllama compile --random`
# have a token per character. Needs curl. Prints milliseconds of prompt evaluation, which is what the first token waits for
# once the model is loaded.
set -euo pipefail
[[ $# -ge 1 && -d $1 ]] || { sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"
model=measured
ln -s "$(realpath "$1")" "$work/models/$model"
card=${2:-{\}}

start() {
  start_server "$card" --kv-cache-dir "$work/kv"
  post /api/generate "{\"model\": \"$model\"}" >/dev/null  # loads
}

# Asks for a few tokens behind a prompt (JSON text without its quotes) and leaves the answer in $answer; prints a row.
ask() {
  local record
  record=$(post /api/generate "{\"model\": \"$model\", \"raw\": true,
    \"stream\": false, \"options\": {\"num_predict\": 8, \"temperature\": 0}, \"prompt\": \"$2\"}")
  answer=$(sed -E 's/.*"response":"(([^"\\]|\\.)*)".*/\1/' <<<"$record")
  printf '%-42s %8d %8d %12d\n' "$1" "$(number prompt_eval_count "$record")" \
    "$(number prompt_eval_cached_count "$record")" "$(($(number prompt_eval_duration "$record") / 1000000))"
}

sentence='The quick brown fox jumps over the lazy dog. '
system=$(printf "$sentence%.0s" {1..12}) question=$(printf "$sentence%.0s" {1..4})
printf '%-42s %8s %8s %12s\n' '' TOKENS CACHED 'MS TO FIRST'
start
ask 'first turn, nothing known' "$system$question"
conversation="$system$question$answer ${question,,}"
ask 'second turn' "$conversation"
ask 'another conversation, same system prompt' "$system${question^^}"
sleep 2  # what is kept on disk is written behind the answer
stop_server -KILL
start
ask 'second turn again, after kill -9' "$conversation"
