// A table of documents on the database that is measured: SQLite as we set it up, or PostgreSQL.
import Database from 'better-sqlite3'
import pg from 'pg'

const TABLE = `CREATE TABLE IF NOT EXISTS document (
  kind TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, grant_id TEXT, uid TEXT, expires_at BIGINT,
  PRIMARY KEY (kind, id))`
const INDEXES = [
  'CREATE INDEX IF NOT EXISTS by_grant ON document (kind, grant_id)',
  'CREATE INDEX IF NOT EXISTS by_uid ON document (kind, uid)',
]
const PUT = `INSERT INTO document (kind, id, payload, grant_id, uid, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (kind, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
  uid = excluded.uid, expires_at = excluded.expires_at`
const GET = 'SELECT payload, expires_at FROM document WHERE kind = $1 AND id = $2'
const BY_UID = 'SELECT payload, expires_at FROM document WHERE kind = $1 AND uid = $2'
const DROP = 'DELETE FROM document WHERE kind = $1 AND id = $2'
const DROP_GRANT = 'DELETE FROM document WHERE kind = $1 AND grant_id = $2'

async function openPostgres (url) {
  const pool = new pg.Pool({ host: url.searchParams.get('host'), user: 'postgres', database: url.pathname.slice(1), max: 20 })
  for (const statement of [TABLE, ...INDEXES]) await pool.query(statement)
  return async (text, values) => (await pool.query({ name: text, text, values })).rows
}

function openSqlite (path) {
  const database = new Database(path)
  for (const pragma of ['journal_mode = WAL', 'synchronous = NORMAL']) database.pragma(pragma)
  for (const statement of [TABLE, ...INDEXES]) database.exec(statement)
  const prepared = new Map()
  for (const text of [PUT, GET, BY_UID, DROP, DROP_GRANT]) {
    prepared.set(text, database.prepare(text.replace(/\$\d/g, '?')))
  }
  return async (text, values) => {
    const statement = prepared.get(text)
    return statement.reader ? statement.all(...values) : (statement.run(...values), [])
  }
}

export async function openStore (url) {
  const run = url.startsWith('postgresql') ? await openPostgres(new URL(url)) : openSqlite(url)
  const alive = ([row]) =>
    row && (row.expires_at === null || Number(row.expires_at) > Date.now()) ? JSON.parse(row.payload) : undefined
  return {
    put: (kind, id, payload, seconds) =>
      run(PUT, [kind, id, JSON.stringify(payload), payload.grantId ?? null, payload.uid ?? null,
        seconds ? Date.now() + seconds * 1000 : null]),
    get: async (kind, id) => alive(await run(GET, [kind, id])),
    byUid: async (kind, uid) => alive(await run(BY_UID, [kind, uid])),
    drop: (kind, id) => run(DROP, [kind, id]),
    dropGrant: (kind, grantId) => run(DROP_GRANT, [kind, grantId]),
  }
}
