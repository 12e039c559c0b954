#!/usr/bin/env bash
# A real django-helpdesk (PyPI django-helpdesk==2.6.1, SQLite, DRF REST API + outgoing webhooks) on 127.0.0.1:$PORT, seeded. Idempotent.
#   start_django_helpdesk.sh install|seed|start|stop|all    env: STATE, PORT, WEBHOOK_URLS (comma list; gets new tickets and follow-ups)
set -euo pipefail
STATE=${STATE:-${TMPDIR:-/tmp}/parley-trackers/django_helpdesk}; PORT=${PORT:-3103}; V=$STATE/venv; PIDFILE=$STATE/server.pid
export DJANGO_SETTINGS_MODULE=hd_settings PYTHONPATH=$STATE HD_STATE=$STATE HD_PORT=$PORT
do_install() {
  mkdir -p "$STATE/media"
  [ -f "$STATE/.installed" ] || { python3 -m venv "$V"; "$V/bin/pip" -q install django-helpdesk==2.6.1 waitress==3.0.2; touch "$STATE/.installed"; }
  cat > "$STATE/hd_settings.py" <<'PY'
import os
S = os.environ['HD_STATE']; P = os.environ['HD_PORT']
SECRET_KEY = 'k' * 50; DEBUG = False; ALLOWED_HOSTS = ['127.0.0.1', 'localhost']; USE_TZ = True; TIME_ZONE = 'UTC'; SITE_ID = 1
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'django.contrib.sites', 'django.contrib.messages',
    'django.contrib.staticfiles', 'django.contrib.admin', 'django.contrib.humanize', 'rest_framework', 'helpdesk']
MIDDLEWARE = ['django.middleware.common.CommonMiddleware', 'django.contrib.sessions.middleware.SessionMiddleware', 'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware', 'django.contrib.messages.middleware.MessageMiddleware']
TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True, 'OPTIONS': {'context_processors': [
    'django.template.context_processors.request', 'django.contrib.auth.context_processors.auth', 'django.contrib.messages.context_processors.messages']}}]
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': S + '/db.sqlite3', 'OPTIONS': {'timeout': 20}}}
ROOT_URLCONF = 'hd_urls'; WSGI_APPLICATION = 'hd_wsgi.application'; STATIC_URL = '/static/'; MEDIA_ROOT = S + '/media'; MEDIA_URL = '/media/'
LOGIN_URL = '/login/'; DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'; EMAIL_BACKEND = 'django.core.mail.backends.dummy.EmailBackend'
HELPDESK_API_ENABLED = True; HELPDESK_ENABLE_PER_QUEUE_STAFF_PERMISSION = True
HELPDESK_TEAMS_MODE_ENABLED = False
PY
  printf "from django.urls import include, path\nfrom django.contrib import admin\nurlpatterns = [path('admin/', admin.site.urls), path('', include('helpdesk.urls', namespace='helpdesk'))]\n" > "$STATE/hd_urls.py"
  printf "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n" > "$STATE/hd_wsgi.py"
}
do_seed() {
  [ -f "$STATE/.seeded" ] && { echo "already seeded"; return; }
  "$V/bin/django-admin" migrate -v 0
  "$V/bin/python" - <<'PY'
import django; django.setup()
from django.contrib.auth.models import User, Permission
from helpdesk.models import Queue, Ticket, FollowUp, CustomField
a = User.objects.create_superuser('admin', 'admin@example.test', 'admin-pass-1')
n = User.objects.create_user('norma', 'norma@example.test', 'norma-pass-1', is_staff=True)      # agent, no admin
r = User.objects.create_user('rita', 'rita@example.test', 'rita-pass-1')                        # customer
q = Queue.objects.create(title='Alpha', slug='alpha', email_address='alpha@example.test'); s = Queue.objects.create(title='Secret', slug='secret')
n.user_permissions.add(Permission.objects.get(codename='queue_access_alpha') if Permission.objects.filter(codename='queue_access_alpha').exists() else Permission.objects.get(codename=q.prepare_permission_name().split('.')[-1]))
CustomField.objects.create(name='severity', label='Severity', data_type='list', list_values='Low\nMedium\nHigh', ordering=1)
for i in range(3):
    t = Ticket.objects.create(queue=q, title=f'Seed issue {i+1}', description=f'Body *{i+1}* ünïcode', submitter_email='rita@example.test', priority=3)
    FollowUp.objects.create(ticket=t, user=n, title='Comment', comment=f'Comment on {i+1}', public=True)
Ticket.objects.create(queue=s, title='Secret issue', description='x', priority=3)
print(f'seeded users={User.objects.count()} queues={Queue.objects.count()} tickets={Ticket.objects.count()}')
PY
  touch "$STATE/.seeded"
}
do_start() {
  [ -f "$PIDFILE" ] && kill -0 "$(cat "$PIDFILE")" 2>/dev/null && { echo "already running"; return; }
  HELPDESK_FOLLOWUP_WEBHOOK_URLS=${WEBHOOK_URLS:-} HELPDESK_NEW_TICKET_WEBHOOK_URLS=${WEBHOOK_URLS:-} \
    nohup setsid "$V/bin/waitress-serve" --listen="127.0.0.1:$PORT" --threads=4 hd_wsgi:application > "$STATE/server.log" 2>&1 & echo $! > "$PIDFILE"
  for _ in $(seq 60); do curl -s -o /dev/null "http://127.0.0.1:$PORT/api/tickets/" 2>/dev/null && { echo "up http://127.0.0.1:$PORT/ pid $(cat "$PIDFILE")"; return; }; sleep 0.3; done
  tail -20 "$STATE/server.log"; exit 1
}
do_stop() {
  [ -f "$PIDFILE" ] || return 0
  kill "$(cat "$PIDFILE")" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "$(cat "$PIDFILE")" 2>/dev/null || break; sleep 0.1; done   # a start must not find the old one answering
  rm -f "$PIDFILE"
}
case "${1:-all}" in install) do_install;; seed) do_seed;; start) do_start;; stop) do_stop;; all) do_install; do_seed; do_start;; *) exit 2;; esac
