#!/usr/bin/env bash
# Does deploy/Dockerfile work? Without an engine: carries out its steps, stage by stage, in a temporary folder, then runs what comes
# out: the worker with wrong settings (must end with status 2), then a simulated company and the worker on a private Redis (must
# answer the image's own health check, enqueue events, write nothing, stop on SIGTERM with status 0).
#
# It takes the Node and npm of this machine instead of the image's, and leaves out steps that need root or a package manager. What it
# cannot show: that the base image exists and can be pulled. Needs bash, GNU tar and redis-server; uses setpriv, as root, to become
# the image's user, and tini if it is there. Takes about a minute; never longer than five.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DOCKERFILE="$ROOT/deploy/Dockerfile"
if [ -z "${CHECK_IMAGE_BOUNDED:-}" ]; then
  CHECK_IMAGE_BOUNDED=1 exec timeout --kill-after=20 300 bash "${BASH_SOURCE[0]}" "$@"
fi

WORK=$(mktemp -d)
chmod 755 "$WORK"
STARTED=()
cleanup() {
  local pid tries
  # TERM first: KILL would end tini and leave its child.
  for pid in "${STARTED[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${STARTED[@]}"; do
    for ((tries = 0; tries < 100; tries++)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  chmod -R u+w "$WORK" 2>/dev/null || true
  rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

say() { printf '%s\n' "$*"; }
fail() {
  printf 'FAIL  %s\n' "$*" >&2
  local log
  for log in "$WORK"/*.log; do
    [ -s "$log" ] && printf -- '--- %s\n%s\n' "$(basename "$log")" "$(tail -n 20 "$log")" >&2
  done
  exit 1
}
# An argument list in the JSON form that the Dockerfile uses, one argument a line.
arguments() { node -e 'for (const word of JSON.parse(process.argv[1])) console.log(word)' "$1"; }

# --- the context, as .dockerignore leaves it ---
# Its patterns begin at the root, and a * stays within one folder. Exceptions (!) are passed over: nothing that is copied is one.
mkdir "$WORK/context"
grep -vE '^(#|!|[[:space:]]*$)' "$ROOT/.dockerignore" | sed 's#^#./#' >"$WORK/ignored"
tar -C "$ROOT" --anchored --wildcards --no-wildcards-match-slash --exclude-from="$WORK/ignored" -cf - . | tar -C "$WORK/context" -xf -
for unwanted in node_modules dist .git .env deploy/secrets; do
  [ ! -e "$WORK/context/$unwanted" ] || fail "$unwanted is sent to the engine: .dockerignore must name it"
done

# --- the stages: one folder each, "/" of the image ---
declare -A ARG WORKDIR COMMAND HEALTH ENTRY IMAGE_USER IMAGE_ENV
stage=''
substitute() {
  local text=$1 name
  for name in "${!ARG[@]}"; do text=${text//"\${$name}"/"${ARG[$name]}"}; done
  printf '%s' "$text"
}
# Puts sources into a destination as COPY does: of a folder its content, of a file the file.
copy_into() {
  local from=$1 sources=("${@:2:$#-2}") destination=${*: -1} source target
  case $destination in /*) target="$WORK/$stage$destination" ;; *) target="$WORK/$stage${WORKDIR[$stage]}/$destination" ;; esac
  for source in "${sources[@]}"; do
    [ -e "$from/$source" ] || fail "COPY: there is no $source"
    if [ -d "$from/$source" ]; then
      mkdir -p "$target"
      cp -a "$from/$source/." "$target/"
    else
      case $destination in */ | .) mkdir -p "$target" ;; *) mkdir -p "$(dirname "$target")" ;; esac
      cp -a "$from/$source" "$target"
    fi
  done
}
step() {
  local instruction=$1 rest
  rest=$(substitute "$2")
  case $instruction in
    ARG)
      ARG[${rest%%=*}]=${rest#*=}
      ;;
    FROM)
      local base=${rest%% AS *}
      stage=${rest##* AS }
      mkdir "$WORK/$stage"
      if [ -d "$WORK/$base" ] && [ "$base" != context ]; then
        cp -a "$WORK/$base/." "$WORK/$stage/"
        WORKDIR[$stage]=${WORKDIR[$base]}
        COMMAND[$stage]=${COMMAND[$base]:-} HEALTH[$stage]=${HEALTH[$base]:-} ENTRY[$stage]=${ENTRY[$base]:-}
        IMAGE_USER[$stage]=${IMAGE_USER[$base]:-} IMAGE_ENV[$stage]=${IMAGE_ENV[$base]:-}
      else
        say "      stage $stage stands on $base, which is not pulled here"
        WORKDIR[$stage]=/
      fi
      ;;
    WORKDIR)
      WORKDIR[$stage]=$rest
      mkdir -p "$WORK/$stage$rest"
      ;;
    COPY)
      local words
      read -ra words <<<"$rest"
      if [[ ${words[0]} == --from=* ]]; then copy_into "$WORK/${words[0]#--from=}" "${words[@]:1}"; else copy_into "$WORK/context" "${words[@]}"; fi
      ;;
    RUN)
      case $rest in
        apt-get\ *) say "      left out: RUN $rest" ;;
        *)
          (cd "$WORK/$stage${WORKDIR[$stage]}" && env -u NODE_ENV -u NODE_OPTIONS sh -c "$rest") >"$WORK/run.log" 2>&1 || fail "RUN $rest"
          say "ok    $stage: RUN $rest"
          ;;
      esac
      ;;
    ENV) IMAGE_ENV[$stage]="${IMAGE_ENV[$stage]:-} $rest" ;;
    USER) IMAGE_USER[$stage]=$rest ;;
    ENTRYPOINT) ENTRY[$stage]=$rest ;;
    HEALTHCHECK) HEALTH[$stage]=${rest#*CMD } ;;
    CMD) COMMAND[$stage]=$rest ;;
    LABEL | EXPOSE | STOPSIGNAL) ;;
    *) fail "$instruction is an instruction that this script does not know" ;;
  esac
}
while read -r instruction rest; do step "$instruction" "$rest"; done < <(
  sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' "$DOCKERFILE" | sed -e ':join' -e '/\\$/{N;s/\\\n[[:space:]]*/ /;b join' -e '}'
)
[ "$stage" = worker ] || fail "the last stage is $stage, and not the worker"
[ "${IMAGE_USER[worker]:-root}" = 1000:1000 ] || fail 'the worker does not run as uid 1000'

APP="$WORK/worker${WORKDIR[worker]}"
for unwanted in test deploy dist/test dist/deploy node_modules/typescript node_modules/jest .npmrc; do
  [ ! -e "$APP/$unwanted" ] || fail "$unwanted is in the image"
done
say "ok    worker: $(du -sm "$APP" | cut -f1) MB above the base image, of which $(du -sm "$APP/node_modules" | cut -f1) MB packages"

# --- run it ---
# As the image's user where this is root, who may write everywhere; with nothing writable in any case.
chmod -R a-w,a+rX "$WORK/worker" "$WORK/simulator"
BECOME=()
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  BECOME=(setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all)
fi
NODE_FOLDER=$(dirname "$(node -p process.execPath)")
CLEAN=(env -i "PATH=$NODE_FOLDER:/usr/local/bin:/usr/bin:/bin")
declare -A LAUNCH
# start STAGE LOG VARIABLE=VALUE…: its entry point and command, with its environment and these variables.
start() {
  local stage=$1 log=$2 words=() entry
  shift 2
  mapfile -t entry < <(arguments "${ENTRY[$stage]}")
  command -v "${entry[0]}" >/dev/null || { say "      ${entry[0]} is not on this machine: started without"; entry=(); }
  mapfile -t words < <(arguments "${COMMAND[$stage]}")
  local settings
  read -ra settings <<<"${IMAGE_ENV[$stage]}"
  cd "$WORK/$stage${WORKDIR[$stage]}"
  "${CLEAN[@]}" "${settings[@]}" "$@" "${BECOME[@]}" "${entry[@]}" "${words[@]}" >"$WORK/$log.log" 2>&1 &
  LAUNCH[$log]=$!
  STARTED+=("$!")
  cd "$ROOT"
}
# Waits until a command succeeds.
until_ok() {
  local what=$1 tries
  shift
  for ((tries = 0; tries < 150; tries++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  fail "waited in vain for $what"
}
free_port() { node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close() })"; }
healthy() {
  local words
  mapfile -t words < <(arguments "${HEALTH[$1]}")
  "${CLEAN[@]}" "${@:2}" "${words[@]}"
}
get() { node -e "fetch(process.argv[1]).then(async (a) => { console.log(await a.text()); process.exitCode = a.ok ? 0 : 1 }, () => { process.exitCode = 1 })" "$1"; }

start worker wrong-settings
status=0
wait "${LAUNCH[wrong-settings]}" || status=$?
[ "$status" = 2 ] || fail "without settings the worker ends with status $status, and not 2"
grep -q INTACCT_USER_PASSWORD "$WORK/wrong-settings.log" || fail 'without settings the worker does not say what is missing'
say 'ok    worker: without settings it says what is missing and ends with status 2'

redis_port=$(free_port)
redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$WORK" >"$WORK/redis.log" 2>&1 &
STARTED+=("$!")

# The port that the image names may be taken on this machine.
simulator_port=$(free_port)
COMMAND[simulator]=${COMMAND[simulator]/8080/$simulator_port}
HEALTH[simulator]=${HEALTH[simulator]/8080/$simulator_port}
start simulator simulator
until_ok 'the simulated company' healthy simulator
say 'ok    simulator: answers its health check'

mkdir "$WORK/secrets"
printf 'sender-password\n' >"$WORK/secrets/sender"
printf 'user-password\n' >"$WORK/secrets/user"
chmod -R a+rX "$WORK/secrets"
http_port=$(free_port)
# On loopback here: this is somebody's machine, and no container around it.
start worker worker "REDIS_URL=redis://127.0.0.1:$redis_port" "HTTP_HOST=127.0.0.1" "HTTP_PORT=$http_port" \
  "INTACCT_ENDPOINT=http://127.0.0.1:$simulator_port/ia/xml/xmlgw.phtml" \
  INTACCT_COMPANY_ID=simulated-company INTACCT_SENDER_ID=simulated-sender INTACCT_USER_ID=trigger-user \
  "INTACCT_SENDER_PASSWORD_FILE=$WORK/secrets/sender" "INTACCT_USER_PASSWORD_FILE=$WORK/secrets/user" \
  INTACCT_OBJECTS=CUSTOMER,VENDOR,APBILL,ARINVOICE POLL_EVERY=1s SETTLE=1s OVERLAP=30s
until_ok '/healthz' healthy worker "HTTP_PORT=$http_port"
say 'ok    worker: answers the health check of the image'
until_ok '/readyz' get "http://127.0.0.1:$http_port/readyz"
enqueued() { get "http://127.0.0.1:$http_port/metrics" | grep -q '^intacct_trigger_events_enqueued_total{.* [1-9]'; }
until_ok 'an event' enqueued
say 'ok    worker: ready, and has enqueued events'
say "      resident memory $(get "http://127.0.0.1:$http_port/metrics" | awk '/^process_resident_memory_bytes /{printf "%d MB", $2 / 1048576}')"

kill -TERM "${LAUNCH[worker]}"
status=0
wait "${LAUNCH[worker]}" || status=$?
[ "$status" = 0 ] || fail "on SIGTERM the worker ends with status $status, and not 0"
say 'ok    worker: ends with status 0 on SIGTERM'
