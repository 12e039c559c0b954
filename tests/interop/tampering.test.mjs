// What openid-client itself refuses when an answer is changed on its way; and nothing is active after any of it.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'

import * as oauth from 'openid-client'

import { ForeignClient, ISSUER, stateAtNode } from './foreign_client.mjs'

const METADATA = `/.well-known/oauth-authorization-server${ISSUER.pathname}`
const EVIL = 'http://127.0.0.1:9'

let client
let attempt

before(async () => {
  client = await ForeignClient.start()
})
after(() => client.stop())
afterEach(async () => {
  if (attempt) assert.equal(await stateAtNode(attempt.sharedId) === 'active', false)
})

/** Discovery with changed metadata fails with this code of openid-client. */
async function discoveryFails(change, code) {
  await assert.rejects(client.discover({ tamper: { path: METADATA, change } }), { code })
}

test('metadata of another issuer', async () => {
  await discoveryFails((told) => ({ body: { ...told, issuer: `${EVIL}/i/evil` } }),
    'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED')
})

test('metadata that says the issuer with a slash at its end', async () => {
  await discoveryFails((told) => ({ body: { ...told, issuer: `${told.issuer}/` } }),
    'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED')
})

test('metadata behind a redirect', async () => {
  await discoveryFails(() => ({ status: 302, headers: { location: `${EVIL}/metadata` } }),
    'OAUTH_RESPONSE_IS_NOT_CONFORM')
})

test('metadata that is no object, or of nobody', async () => {
  await discoveryFails((told) => ({ body: [told] }), 'OAUTH_INVALID_RESPONSE')
  await discoveryFails(({ issuer, ...rest }) => ({ body: rest }), 'OAUTH_INVALID_RESPONSE')
})

test('an answer to the push without a request_uri, or with a wrong status', async () => {
  for (const [change, code] of [
    [({ request_uri, ...rest }) => ({ body: rest }), 'OAUTH_INVALID_RESPONSE'],
    [() => ({ status: 202 }), 'OAUTH_RESPONSE_IS_NOT_CONFORM'],
  ]) {
    attempt = await client.attempt()
    const config = await client.discover({ tamper: { path: '/oauth/par', change } })
    await assert.rejects(client.push(config, attempt), { code })
  }
})

test('a callback from another issuer, from nobody, for another state, or twice of anything', async () => {
  attempt = await client.attempt()
  const config = await client.discover()
  const callback = await client.accepted(config, attempt)
  const changes = {
    'iss of another': (query) => query.set('iss', `${EVIL}/i/evil`),
    'iss with a slash': (query) => query.set('iss', `${ISSUER.href}/`),
    'no iss': (query) => query.delete('iss'),
    'iss twice': (query) => query.append('iss', ISSUER.href),
    'state of another': (query) => query.set('state', oauth.randomState()),
    'no state': (query) => query.delete('state'),
    'state twice': (query) => query.append('state', attempt.state),
    'no code': (query) => query.delete('code'),
    'code twice': (query) => query.append('code', query.get('code')),
  }
  for (const [name, change] of Object.entries(changes)) {
    const changed = new URL(callback)
    change(changed.searchParams)
    await assert.rejects(client.redeem(config, changed, attempt), { code: 'OAUTH_INVALID_RESPONSE' }, name)
  }
  const tokens = await client.redeem(config, callback, attempt)
  assert.equal(tokens.token_type, 'dpop', 'the code was never sent to anybody before')
})

test('an answer of the token endpoint without its token, or with a type that nobody knows', async () => {
  for (const [change, code] of [
    [({ access_token, ...rest }) => ({ body: rest }), 'OAUTH_INVALID_RESPONSE'],
    [({ token_type, ...rest }) => ({ body: rest }), 'OAUTH_INVALID_RESPONSE'],
    [(told) => ({ body: { ...told, token_type: 'mac' } }), 'OAUTH_UNSUPPORTED_OPERATION'],
    [(told) => ({ body: [told] }), 'OAUTH_INVALID_RESPONSE'],
  ]) {
    attempt = await client.attempt()
    const config = await client.discover({ tamper: { path: '/oauth/token', change } })
    const callback = await client.accepted(config, attempt)
    await assert.rejects(client.redeem(config, callback, attempt), { code })
  }
})

test('a token that is said to be a bearer token: the client shows it, and the node does not take it as one', async () => {
  attempt = await client.attempt()
  const change = (told) => ({ body: { ...told, token_type: 'Bearer' } })
  const config = await client.discover({ tamper: { path: '/oauth/token', change } })
  const tokens = await client.redeem(config, await client.accepted(config, attempt), attempt)
  assert.equal(tokens.token_type, 'bearer')

  const url = new URL(`${ISSUER.href}/connections/${attempt.sharedId}/activation`)
  const refusal = await oauth.fetchProtectedResource(config, tokens.access_token, url, 'PUT').catch((error) => error)
  assert.equal(refusal.code, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE')
  assert.equal(refusal.status, 401)
})
