// The whole handshake by a client that knows the standards and nothing of Parley.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oauth from 'openid-client'

import { decide } from './admin.mjs'
import { ForeignClient, ISSUER, stateAtNode } from './foreign_client.mjs'

let client
let config
let code

before(async () => {
  client = await ForeignClient.start()
  config = await client.discover()
})
after(() => client.stop())

/** The promise is refused by the node with this error of RFC 6749, in its body or, for a 401, in its challenge. */
async function isRefused(promise, error) {
  await assert.rejects(promise, (refusal) => {
    const told = refusal.error ?? refusal.cause?.[0]?.parameters?.error
    return told === error || assert.fail(refusal)
  })
}

test('the metadata of RFC 8414 is found, and every endpoint is below the issuer', () => {
  const server = config.serverMetadata()
  assert.equal(server.issuer, ISSUER.href)
  assert.equal(server.require_pushed_authorization_requests, true)
  for (const [name, value] of Object.entries(server)) {
    if (name.endsWith('_endpoint') || name === 'jwks_uri') assert.ok(value.startsWith(`${ISSUER.href}/`), name)
  }
})

test('the browser’s address carries nothing but the client and the pushed request', async () => {
  const url = await client.push(config, await client.attempt())
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
})

test('a connection is pushed, accepted, redeemed, attested, activated, and ended', async () => {
  const attempt = await client.attempt()
  const callback = await client.accepted(config, attempt)
  const tokens = await client.redeem(config, callback, attempt)
  assert.equal(tokens.token_type, 'dpop')
  assert.equal(tokens.shared_id, attempt.sharedId)

  const claims = await readAttestation(tokens.connection_attestation)
  assert.equal(claims.nonce, attempt.nonce)
  assert.equal(claims.shared_id, attempt.sharedId)
  assert.equal(claims.role, 'admin')
  assert.equal(claims.scope, 'items:read comments:read')
  assert.deepEqual(claims.cnf, { jkt: client.kid })

  assert.equal(await stateAtNode(attempt.sharedId), 'pending')
  const activated = await client.call(config, 'PUT', attempt.sharedId, tokens.access_token, '/activation')
  assert.equal(activated.status, 200)
  assert.equal(await stateAtNode(attempt.sharedId), 'active')

  const later = await connectionToken(attempt)
  assert.equal(later.scope, 'items:read comments:read')
  const shown = await client.call(config, 'GET', attempt.sharedId, later.access_token)
  assert.equal((await shown.json()).state, 'active')
  const ended = await client.call(config, 'DELETE', attempt.sharedId, later.access_token)
  assert.equal(ended.status, 204)
  assert.equal(await stateAtNode(attempt.sharedId), 'closed')
  code = { attempt, callback }
})

test('a code works once', async () => {
  await isRefused(client.redeem(config, code.callback, code.attempt), 'invalid_grant')
})

test('a code pushed with one DPoP key is not redeemed with another, nor with another verifier', async () => {
  const attempt = await client.attempt()
  const DPoP = oauth.getDPoPHandle(config, client.keys)
  const callback = await client.accepted(config, attempt, { DPoP })

  const other = oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair('ES256'))
  await isRefused(client.redeem(config, callback, attempt, other), 'invalid_grant')
  const guessed = { checks: { ...attempt.checks, pkceCodeVerifier: oauth.randomPKCECodeVerifier() } }
  await isRefused(client.redeem(config, callback, guessed), 'invalid_grant')
  assert.equal(await stateAtNode(attempt.sharedId), 'pending')

  const tokens = await client.redeem(config, callback, attempt)
  assert.equal(tokens.shared_id, attempt.sharedId)
})

test('a refusal by an admin, and one for who is no admin, come back with iss and state', async () => {
  for (const answer of [{ button: 'deny' }, { login: 'bob', button: 'back' }]) {
    const attempt = await client.attempt()
    const callback = await decide(await client.push(config, attempt), client.redirectUri, answer)
    assert.equal(callback.searchParams.get('iss'), ISSUER.href)
    await isRefused(client.redeem(config, callback, attempt), 'access_denied')
    assert.equal(await stateAtNode(attempt.sharedId), undefined)
  }
})

test('a key that the client’s document does not have proves nothing', async () => {
  const { privateKey } = await oauth.randomDPoPKeyPair('ES256')
  const other = await client.discover({ key: privateKey })
  await isRefused(client.push(other, await client.attempt()), 'invalid_client')
})

/** The claims of the attestation, verified by jose with the keys that the node publishes. */
async function readAttestation(attestation) {
  assert.equal(decodeProtectedHeader(attestation).typ, 'connection-attestation+jwt')
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri))
  const { payload } = await jwtVerify(attestation, keys, {
    issuer: ISSUER.href, audience: client.clientId, typ: 'connection-attestation+jwt', algorithms: ['ES256'],
  })
  return payload
}

async function connectionToken(attempt) {
  const DPoP = oauth.getDPoPHandle(config, client.keys)
  return oauth.clientCredentialsGrant(config, { shared_id: attempt.sharedId }, { DPoP })
}
