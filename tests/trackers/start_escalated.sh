#!/usr/bin/env bash
# A real Escalated help desk (PyPI escalated-django==0.7.8, MIT, SQLite; REST API with expiring bearer tokens + abilities, 429 rate limit,
# internal notes, HMAC-signed webhooks with retries) on 127.0.0.1:$PORT, API only, seeded. Idempotent.
#   escalated.sh install|seed|start|stop|all    env: STATE, PORT, RATE (calls a minute, 200), WEBHOOK_URL, WEBHOOK_SECRET
set -euo pipefail
STATE=${STATE:-${TMPDIR:-/tmp}/parley-trackers/escalated}; PORT=${PORT:-3104}; V=$STATE/venv; PIDFILE=$STATE/server.pid
export DJANGO_SETTINGS_MODULE=es_settings PYTHONPATH=$STATE ES_STATE=$STATE RATE=${RATE:-200} WEBHOOK_URL=${WEBHOOK_URL:-} WEBHOOK_SECRET=${WEBHOOK_SECRET:-hook-secret-1}
do_install() {
  mkdir -p "$STATE/media"
  [ -f "$STATE/.installed" ] || { python3 -m venv "$V"; "$V/bin/pip" -q install escalated-django==0.7.8 waitress==3.0.2; touch "$STATE/.installed"; }
  cat > "$STATE/es_settings.py" <<'PY'
import os
S = os.environ['ES_STATE']
SECRET_KEY = 'k' * 50; DEBUG = False; ALLOWED_HOSTS = ['127.0.0.1', 'localhost']; USE_TZ = True; TIME_ZONE = 'UTC'
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'django.contrib.messages', 'inertia', 'escalated']
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware', 'django.middleware.common.CommonMiddleware', 'django.contrib.auth.middleware.AuthenticationMiddleware',
    'escalated.api_middleware.AuthenticateApiToken', 'es_urls.RateLimit']
TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True, 'OPTIONS': {'context_processors': ['django.template.context_processors.request']}}]
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': S + '/db.sqlite3', 'OPTIONS': {'timeout': 20}}}
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}
ROOT_URLCONF = 'es_urls'; WSGI_APPLICATION = 'es_wsgi.application'; MEDIA_ROOT = S + '/media'; DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
EMAIL_BACKEND = 'django.core.mail.backends.dummy.EmailBackend'
ESCALATED = {'MODE': 'self_hosted', 'UI_ENABLED': False, 'API_ENABLED': True, 'API_RATE_LIMIT': int(os.environ.get('RATE', '200')), 'ALLOW_PRIVATE_WEBHOOK_URLS': True, 'NOTIFICATION_CHANNELS': [], 'PLUGINS_PATH': S + '/plugins/escalated'}
PY
  cat > "$STATE/es_urls.py" <<'PY'
from django.urls import include, path
from escalated.api_middleware import ApiRateLimit
class RateLimit(ApiRateLimit):      # 0.7.8 defines process_response but, as new-style middleware, never calls it: nothing would be counted
    def __call__(self, request):
        return self.process_response(request, self.get_response(request))
urlpatterns = [path('', include('escalated.urls'))]
PY
  printf "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n" > "$STATE/es_wsgi.py"
}
do_seed() {
  if [ ! -f "$STATE/.seeded" ]; then
  "$V/bin/django-admin" migrate -v 0
  "$V/bin/python" - <<'PY'
import django, os; django.setup()
from django.contrib.auth.models import User
from escalated.models import ApiToken, Department, Ticket, Tag
from escalated.services.ticket_service import TicketService
a = User.objects.create_superuser('admin', 'admin@example.test', 'admin-pass-1'); n = User.objects.create_user('norma', 'norma@example.test', 'norma-pass-1', first_name='Norma', last_name='User')
d = Department.objects.create(name='Alpha', slug='alpha'); d.agents.add(n)
import hashlib
def token(u, v, ab):
    r = ApiToken.create_token(u, 'api', ab); t = r[0] if isinstance(r, tuple) else (r if isinstance(r, ApiToken) else r['token'])
    ApiToken.objects.filter(pk=ApiToken.objects.latest('id').pk).update(token=hashlib.sha256(v.encode()).hexdigest())
token(a, 'a' * 40, ['*']); token(n, 'b' * 40, ['agent']); token(a, 'c' * 40, ['agent']); token(a, 'e' * 40, ['*'])
from django.utils import timezone
ApiToken.objects.filter(token=hashlib.sha256(('e' * 40).encode()).hexdigest()).update(expires_at=timezone.now() - timezone.timedelta(days=1))
s = TicketService()
for i in range(3):
    t = s.create(n, {'subject': f'Seed issue {i+1}', 'description': f'Body *{i+1}* ünïcode', 'priority': 'medium', 'department_id': d.pk}); s.reply(t, n, {'body': f'Comment on {i+1}'})
print(f'seeded users={User.objects.count()} tickets={Ticket.objects.count()}')
PY
  touch "$STATE/.seeded"; fi
  [ -z "$WEBHOOK_URL" ] || "$V/bin/python" - <<'PY'
import django, os; django.setup()
from escalated.models import Webhook
Webhook.objects.all().delete(); Webhook.objects.create(url=os.environ['WEBHOOK_URL'], secret=os.environ['WEBHOOK_SECRET'], events=['ticket.created', 'ticket.updated', 'ticket.status_changed', 'reply.created', 'internal_note.added', 'ticket.assigned', 'ticket.priority_changed'])
PY
}
do_start() {
  [ -f "$PIDFILE" ] && kill -0 "$(cat "$PIDFILE")" 2>/dev/null && { echo "already running"; return; }
  nohup setsid "$V/bin/waitress-serve" --listen="127.0.0.1:$PORT" --threads=4 es_wsgi:application > "$STATE/server.log" 2>&1 & echo $! > "$PIDFILE"
  for _ in $(seq 60); do curl -s -o /dev/null "http://127.0.0.1:$PORT/support/api/v1/tickets/" 2>/dev/null && { echo "up http://127.0.0.1:$PORT/support/api/v1/ pid $(cat "$PIDFILE")"; return; }; sleep 0.3; done
  tail -20 "$STATE/server.log"; exit 1
}
do_stop() {
  [ -f "$PIDFILE" ] || return 0
  kill "$(cat "$PIDFILE")" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "$(cat "$PIDFILE")" 2>/dev/null || break; sleep 0.1; done   # a start must not find the old one answering
  rm -f "$PIDFILE"
}
case "${1:-all}" in install) do_install;; seed) do_seed;; start) do_start;; stop) do_stop;; all) do_install; do_seed; do_start;; *) exit 2;; esac
