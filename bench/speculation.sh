#!/usr/bin/env bash
# Measures what guessing tokens brings on the software card itself, by task: `axllama serve` is asked for the answers of
# bench/tasks, which a script of the software card gives while layers and head compute all the same, so that each answer takes
# the time it would take. Every answer is asked for in a server that has just started, without guesses and with them.
#   bench/speculation.sh SHAPE|PACKAGE [SOFTWARE CARD CONFIGURATION]
# Example: bench/speculation.sh Qwen3-0.6B (a shape of `axllama compile --random`), or, at the published costs of a card on a
# Raspberry Pi 5 (simulated; docs/softcard.md):
#   bench/speculation.sh Qwen3-4B '{"timing": {"profile": "pi5", "load_mb_per_s": 40000}}'
# The configuration is an object that the script is added to. With a "timing" in it nothing is computed: the card then takes the
# times of the profile. Tokens are the bundled model's, about two or three characters each. Needs curl. Prints tokens per second
# of decoding, and how many guessed tokens came true.
set -euo pipefail
[[ $# -ge 1 && $# -le 2 && ${2:-{\}} == \{*\} ]] || { sed -n '5,8s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

# scripted TOKENS: the card's configuration with a script that answers them.
card=${2:-{\}}
scripted() {
  local members=${card#\{} arithmetic=true
  members=${members%\}}
  [[ $members != *'"timing"'* ]] || arithmetic=false
  printf '{%s"script": {"requests": [%s], "arithmetic": %s}}' "${members:+$members, }" "$1" "$arithmetic"
}

package=$1
if [[ ! -d $package ]]; then
  package=$work/package
  "$axllama" compile --random "$1" -o "$package" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
fi
mkdir "$work/models/measured"
ln -s "$(realpath "$package")"/* "$work/models/measured/"
for file in tokenizer.json tokenizer_config.json generation_config.json; do
  ln -sf "$root/models/tiny/$file" "$work/models/measured/$file"
done

text() {  # a file as the inside of a JSON string
  sed -e ':all' -e '$!{N;b all}' -e 's/\\/\\\\/g; s/"/\\"/g; s/\n/\\n/g' "$root/bench/tasks/$1.txt" | tr -d '\n'
}
printf '%-22s %8s %14s %14s %8s  %s\n' TASK TOKENS 'PLAIN, T/S' 'GUESSES, T/S' RATIO 'CAME TRUE OF GUESSED'
for task in code_edit summary_with_quotes json_echo chat; do
  start_server '{"compute": "null"}'
  tokens=$(post /api/tokenize "{\"model\": \"measured\", \"text\": \"$(text "$task.answer")\"}" | grep -oE '\[[0-9, ]+\]')
  stop_server
  count=$(tr ',' '\n' <<<"$tokens" | wc -l)
  declare -A rate=()
  for mode in --no-speculation --kv-slots=1; do
    start_server "$(scripted "$tokens")" "$mode"
    post /api/generate '{"model": "measured"}' >/dev/null  # loads
    reply=$(post /api/generate "{\"model\": \"measured\", \"raw\": true, \"stream\": false, \"prompt\": \"$(text "$task.prompt")\",
      \"options\": {\"temperature\": 0, \"num_predict\": $count}}")
    stop_server
    [[ $(number eval_count "$reply") == "$count" ]] || { echo "not $count tokens: $reply" >&2; exit 1; }
    rate[$mode]=$((count * 1000000000000 / $(number eval_duration "$reply")))  # thousandths
  done
  plain=${rate[--no-speculation]} guessing=${rate[--kv-slots=1]}
  printf '%-22s %8d %14s %14s %8s  %d of %d\n' "$task" "$count" "$((plain / 1000)).$((plain % 1000 / 100))" \
    "$((guessing / 1000)).$((guessing % 1000 / 100))" "$((guessing / plain)).$(printf %02d $((guessing * 100 / plain % 100)))" \
    "$(number eval_accepted_count "$reply")" "$(number eval_guessed_count "$reply")"
done
