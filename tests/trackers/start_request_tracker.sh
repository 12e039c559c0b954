#!/usr/bin/env bash
# A real Request Tracker 5 (Debian 12, SQLite, REST2) on 127.0.0.1:$PORT, seeded. Own config + db under $STATE.
set -euo pipefail
STATE=${STATE:-${TMPDIR:-/tmp}/parley-trackers/request_tracker}; PORT=${PORT:-3102}; PIDFILE=$STATE/server.pid
export RT_SITE_CONFIG=$STATE/RT_SiteConfig.pm RT_SITE_CONFIG_DIR=$STATE/none DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8
do_install() {
  if ! dpkg-query -W -f='${Status}' request-tracker5 2>/dev/null | grep -q 'install ok installed'; then
    apt-get update -qq; apt-get install -y -qq --no-install-recommends debconf-utils </dev/null >/dev/null
    echo 'request-tracker5 request-tracker5/dbconfig-install boolean false' | debconf-set-selections || true
    apt-get install -y -qq --no-install-recommends request-tracker5 rt5-db-sqlite rt5-standalone </dev/null
  fi
  mkdir -p "$STATE/data" "$STATE/none" "$STATE/log"
  cat > "$STATE/RT_SiteConfig.pm" <<PM
Set(\$rtname, 'rt.test'); Set(\$Organization, 'rt.test'); Set(\$WebDomain, '127.0.0.1'); Set(\$WebPort, $PORT); Set(\$WebPath, '');
Set(\$DatabaseType, 'SQLite'); Set(\$DatabaseName, '$STATE/data/rt5.sqlite'); Set(\$MailCommand, 'testfile');
Set(\$LogDir, '$STATE/log'); Set(\$LogToFile, 'warning'); Set(\$LogToSyslog, undef); Set(\$WebSessionClass, 'Apache::Session::File');
Set(\$RestrictReferrer, 1); Set(\$Timezone, 'UTC');
1;
PM
}
do_seed() {
  [ -f "$STATE/.seeded" ] && { echo "already seeded"; return; }
  rm -f "$STATE/data/rt5.sqlite"
  rt-setup-database-5 --action init --dba-password '' --skip-create > "$STATE/setup.log" 2>&1 || { tail "$STATE/setup.log"; exit 1; }
  cat > "$STATE/seed.pl" <<'PL'
use lib '/usr/share/request-tracker5/lib'; use RT -init; use utf8;
my $sys = $RT::SystemUser; my ($ok,$msg);
my $root = RT::User->new($sys); $root->Load('root'); $root->_Set(Field=>'Password', Value=>$root->_GeneratePassword('admin-pass-1')); $root->SetEmailAddress('root@example.test');
my $n = RT::User->new($sys); ($ok,$msg) = $n->Create(Name=>'norma', RealName=>'Norma User', EmailAddress=>'norma@example.test', Password=>'norma-pass-1', Privileged=>1); die $msg unless $ok;
my $q = RT::Queue->new($sys); ($ok,$msg) = $q->Create(Name=>'Alpha', Description=>'Alpha queue'); die $msg unless $ok;
for my $r (qw(SeeQueue ShowTicket CreateTicket ReplyToTicket CommentOnTicket ModifyTicket ShowTicketComments SeeCustomField ModifyCustomField)) { $n->PrincipalObj->GrantRight(Right=>$r, Object=>$q) }
$n->PrincipalObj->GrantRight(Right=>'ModifySelf', Object=>$RT::System);
my $cf = RT::CustomField->new($sys); ($ok,$msg)=$cf->Create(Name=>'Severity', Type=>'SelectSingle', LookupType=>'RT::Queue-RT::Ticket'); die $msg unless $ok; $cf->AddValue(Name=>$_) for qw(Low Medium High); $cf->AddToObject($q);
my $r = RT::User->new($sys); ($ok,$msg) = $r->Create(Name=>'rita', RealName=>'Rita Reporter', EmailAddress=>'rita@example.test', Password=>'rita-pass-1', Privileged=>1, Timezone=>'America/New_York'); die $msg unless $ok;   # no comments, no edits, not UTC
for my $x (qw(SeeQueue ShowTicket CreateTicket ReplyToTicket)) { $r->PrincipalObj->GrantRight(Right=>$x, Object=>$q) }
my $b = RT::Queue->new($sys); ($ok,$msg) = $b->Create(Name=>'Beta'); die $msg unless $ok;                     # norma may create there, not see it: target of moves
$n->PrincipalObj->GrantRight(Right=>'CreateTicket', Object=>$b); my $s2 = RT::Queue->new($sys); $s2->Create(Name=>'Secret');
for my $i (1..3) { my $t = RT::Ticket->new(RT::CurrentUser->new('norma')); my ($id,$tx,$m)=$t->Create(Queue=>$q->id, Subject=>"Seed issue $i", Requestor=>'norma@example.test', MIMEObj=>MIME::Entity->build(Type=>'text/plain', Data=>["Body $i"])); die $m unless $id; $t->Comment(Content=>"Comment $i"); $t->AddCustomFieldValue(Field=>$cf->id, Value=>(qw(Low Medium High))[$i-1]); }
if (eval { require RT::AuthToken; 1 }) { for (['root','Admin'],['norma','Norm'],['rita','Rita']) { my $u=RT::User->new($sys); $u->Load($_->[0]); my $a=RT::AuthToken->new($sys); my ($ok,$m,$s)=$a->Create(Owner=>$u->id, Description=>'api'); open my $f,'>',"$ENV{STATE}/token.".$_->[0]; print $f $s; close $f; } }
print "seeded\n";
PL
  STATE=$STATE perl "$STATE/seed.pl"; touch "$STATE/.seeded"
}
do_start() {
  [ -f "$PIDFILE" ] && kill -0 "$(cat "$PIDFILE")" 2>/dev/null && { echo "already running"; return; }
  nohup setsid /usr/share/request-tracker5/libexec/rt-server --host 127.0.0.1 --port "$PORT" --max-workers 2 > "$STATE/server.log" 2>&1 & echo $! > "$PIDFILE"
  for _ in $(seq 120); do curl -fsS -o /dev/null "http://127.0.0.1:$PORT/" 2>/dev/null && { echo "up http://127.0.0.1:$PORT/ pid $(cat "$PIDFILE")"; return; }; sleep 0.5; done
  tail -20 "$STATE/server.log"; exit 1
}
do_stop() { [ -f "$PIDFILE" ] && kill "$(cat "$PIDFILE")" 2>/dev/null || true; rm -f "$PIDFILE"; }
case "${1:-all}" in install) do_install;; seed) do_seed;; start) do_start;; stop) do_stop;; all) do_install; do_seed; do_start;; *) exit 2;; esac
