// oidc-provider as its documentation shows it: PAR, PKCE, private_key_jwt and DPoP, its own sign-in and consent pages.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import Provider from 'oidc-provider'
import { openStore } from './store.js'

const [port, database, client] = process.argv.slice(2)
const store = await openStore(database)

class Adapter {
  constructor (name) { this.name = name }
  upsert (id, payload, seconds) { return store.put(this.name, id, payload, seconds) }
  find (id) { return store.get(this.name, id) }
  findByUid (uid) { return store.byUid(this.name, uid) }
  destroy (id) { return store.drop(this.name, id) }
  revokeByGrantId (grantId) { return store.dropGrant(this.name, grantId) }
  async consume (id) {
    const found = await store.get(this.name, id)
    await store.put(this.name, id, { ...found, consumed: Math.floor(Date.now() / 1000) }, found.exp && found.exp - Date.now() / 1000)
  }
}

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Adapter,
  clients: [JSON.parse(client)],
  cookies: { keys: [randomBytes(32).toString('hex')] },
  jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig', kid: 'bench' }] },
  clientAuthMethods: ['private_key_jwt'],
  features: { dPoP: { enabled: true }, pushedAuthorizationRequests: { enabled: true }, devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
})
provider.listen(Number(port), '127.0.0.1')
