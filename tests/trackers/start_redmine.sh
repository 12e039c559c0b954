#!/usr/bin/env bash
# A real Redmine for the adapter's tests: Debian 12's own package, SQLite, loopback only, known accounts.
#
#   start_redmine.sh install | seed | start | stop | all       each may be repeated
#   start_redmine.sh admin rest on|off                         the REST web service
#   start_redmine.sh admin login-required on|off               no anonymous look at anything
#   start_redmine.sh admin lock|unlock LOGIN
#   start_redmine.sh admin must-change-password LOGIN on|off
#   start_redmine.sh admin two-factor LOGIN on|off
#
# Environment: STATE (a folder for everything this script writes), PORT.
# Accounts: admin (administrator), norma (a developer in the project alpha), rita (a reporter there).
# Password: <login>-pass-1. API keys: 40 times a, b and c.
set -euo pipefail

STATE=$(realpath -m "${STATE:-${TMPDIR:-/tmp}/parley-trackers/redmine}")
PORT=${PORT:-3100}
APP=$STATE/app
PIDFILE=$STATE/server.pid
export RAILS_ENV=production REDMINE_LANG=en LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive PORT

fail() { echo "start_redmine: $*" >&2; exit 1; }

# Ruby's security updates bring a newer bundler than the one that Debian patched for its own gems; unless
# the patched one is named, each `bundle`, the package's set-up included, misses a gem that is there.
name_bundler() {
  BUNDLER_VERSION=$(apt-cache show ruby-bundler | sed -n 's/^Version: \([0-9.]*\)-.*/\1/p' | head -1)
  export BUNDLER_VERSION
}

has_package() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }

install_packages() {
  if has_package redmine && has_package redmine-sqlite && has_package puma; then return; fi
  [ "$(id -u)" = 0 ] || fail "install the packages redmine, redmine-sqlite and puma first, or run this as root"
  apt-get update -qq
  apt-cache show redmine >/dev/null 2>&1 || fail "this system has no package redmine; Debian 12 has one"
  name_bundler
  apt-get install -y -qq --no-install-recommends debconf-utils >/dev/null
  echo 'redmine redmine/instances/default/dbconfig-install boolean false' | debconf-set-selections
  apt-get install -y -qq --no-install-recommends redmine redmine-sqlite puma >/dev/null
}

# Everything runs from a copy: own configuration, database, files and logs, the system's Redmine stays as it is.
copy_app() {
  local own=$APP.new/instances/default
  rm -rf "$APP.new"
  mkdir -p "$STATE"
  cp -rL /usr/share/redmine "$APP.new"
  rm -rf "$APP.new/Gemfile.lock" "$APP.new/config/database.yml" "$APP.new/instances"
  mkdir -p "$own"/{config,log,files,plugins,tmp/pids,tmp/cache} "$APP.new"/{log,files,tmp/pids}
  echo "gem 'puma'" > "$APP.new/Gemfile.local"
  # Debian's Gemfile looks for the database adapters of every Redmine on the machine, by an absolute path.
  sed -i "s|Dir\['/usr/share/redmine/[^']*'\]|Dir['$APP/instances/default/config/database.yml']|" "$APP.new/Gemfile"
  printf 'production:\n  adapter: sqlite3\n  database: %s\n  timeout: 20000\n' "$STATE/redmine.sqlite3" \
    > "$own/config/database.yml"
  head -c 40 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$own/config/secret_key.txt"
  mv "$APP.new" "$APP"
}

do_install() {
  install_packages
  name_bundler
  [ -d "$APP" ] || copy_app
  (cd "$APP" && bundle install --local --quiet)
}

create_database() {
  rm -f "$STATE/redmine.sqlite3"
  SCHEMA=/dev/null bundle exec rake -s db:migrate > "$STATE/migrate.log" 2>&1 \
    || { tail -5 "$STATE/migrate.log" >&2; fail "the database could not be created"; }
  # In the same run as the migrations this fails on a stale schema, and says success nevertheless.
  bundle exec rake redmine:load_default_data | grep -q 'data loaded' || fail "the default data could not be loaded"
  touch "$STATE/.created"
}

do_seed() {
  name_bundler
  cd "$APP"
  [ -f "$STATE/.created" ] || create_database
  cat > "$STATE/seed.rb" <<'RUBY'
Setting.rest_api_enabled = '1'
Setting.login_required = '0'
Setting.app_title = 'Redmine Test'
Setting.host_name = "127.0.0.1:#{ENV['PORT']}"

def account(login, first, last, key)
  user = User.find_by_login(login) || User.new(language: 'en').tap { |new_user| new_user.login = login }
  user.attributes = { firstname: first, lastname: last, mail: "#{login}@example.test", status: User::STATUS_ACTIVE,
                      must_change_passwd: false, twofa_scheme: nil, twofa_totp_key: nil }
  user.password = user.password_confirmation = "#{login}-pass-1"
  user.save!
  Token.where(user_id: user.id, action: 'api').delete_all
  Token.create!(user: user, action: 'api').update_column(:value, key)
  user
end

def project(name, is_public, modules)
  Project.find_by_identifier(name.downcase) ||
    Project.create!(name: name, identifier: name.downcase, is_public: is_public, trackers: Tracker.all,
                    enabled_module_names: modules)
end

def member(project, user, role)
  return if project.members.where(user_id: user.id).exists?
  Member.create!(project: project, user: user, roles: [Role.find_by_name(role)])
end

admin = account('admin', 'Redmine', 'Admin', 'a' * 40)
norma = account('norma', 'Norma', 'User', 'b' * 40)
rita = account('rita', 'Rita', 'Reporter', 'c' * 40)

severity = IssueCustomField.find_by_name('Severity') ||
           IssueCustomField.create!(name: 'Severity', field_format: 'list', possible_values: %w[Low Medium High],
                                    is_for_all: true, is_filter: true, trackers: Tracker.all)
alpha = project('Alpha', true, %w[issue_tracking wiki time_tracking])
project('Secret', false, %w[issue_tracking])
project('Wiki-only', true, %w[wiki])
member(alpha, norma, 'Developer')
member(alpha, rita, 'Reporter')

if alpha.issues.none?
  Tracker.all.to_a.first(3).each_with_index do |tracker, index|
    issue = Issue.new(project: alpha, tracker: tracker, author: index == 1 ? norma : admin,
                      subject: "Seed issue #{index + 1}", description: "Body *#{index + 1}* ünïcode",
                      status: tracker.default_status, priority: IssuePriority.default || IssuePriority.first)
    issue.custom_field_values = { severity.id.to_s => %w[Low Medium High][index] }
    issue.save!
    issue.reload.init_journal(norma, "Comment on #{index + 1}")
    issue.save!
  end
end
puts "seeded: #{User.logged.count} accounts, #{Project.count} projects, #{Issue.count} issues"
RUBY
  bundle exec rails runner "$STATE/seed.rb"
}

is_running() { [ -f "$PIDFILE" ] && grep -qs puma "/proc/$(cat "$PIDFILE")/cmdline"; }

do_start() {
  do_stop
  name_bundler
  cd "$APP"
  nohup setsid bundle exec puma -e production -b "tcp://127.0.0.1:$PORT" -t 1:5 -w 0 --pidfile "$PIDFILE" \
    > "$STATE/server.log" 2>&1 < /dev/null &
  for _ in $(seq 240); do
    if curl -fsS -o /dev/null "http://127.0.0.1:$PORT/login" 2>/dev/null; then
      echo "http://127.0.0.1:$PORT"
      return
    fi
    sleep 0.25
  done
  tail -30 "$STATE/server.log" >&2
  fail "Redmine did not answer within a minute"
}

do_stop() {
  if is_running; then
    local pid
    pid=$(cat "$PIDFILE")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 80); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  fi
  rm -f "$PIDFILE"
}

change() {
  name_bundler
  cd "$APP"
  bundle exec rails runner "$1"
}

on_off() { case "$1" in on) echo "$2";; off) echo "$3";; *) fail "say on or off, not '$1'";; esac; }

user() { [[ "$1" =~ ^[a-z]+$ ]] || fail "no account '$1'"; echo "User.find_by_login('$1')"; }

do_admin() {
  case "${1:-}" in
    rest) change "Setting.rest_api_enabled = '$(on_off "$2" 1 0)'" ;;
    login-required) change "Setting.login_required = '$(on_off "$2" 1 0)'" ;;
    lock) change "$(user "$2").lock!" ;;
    unlock) change "$(user "$2").activate!" ;;
    must-change-password) change "$(user "$2").update_column(:must_change_passwd, $(on_off "$3" true false))" ;;
    two-factor) change "$(user "$2").update_columns(twofa_scheme: $(on_off "$3" "'totp'" nil))" ;;
    *) fail "admin knows: rest, login-required, lock, unlock, must-change-password, two-factor" ;;
  esac
}

case "${1:-all}" in
  install) do_install ;;
  seed) do_seed ;;
  start) do_start ;;
  stop) do_stop ;;
  all) do_install; do_seed; do_start ;;
  admin) shift; do_admin "$@" ;;
  *) fail "say install, seed, start, stop, all or admin" ;;
esac
