// A client with openid-client: discovery each time, then PAR, the browser's way there and back, and the code for a token.
import { createServer } from 'node:http'
import * as openid from 'openid-client'
import { openStore } from './store.js'

const [port, database, issuer, clientId, keyJson] = process.argv.slice(2)
const store = await openStore(database)
const own = `http://127.0.0.1:${port}`
const redirectUri = `${own}/callback`
const key = await crypto.subtle.importKey('jwk', JSON.parse(keyJson), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
const proving = await openid.randomDPoPKeyPair('ES256')

const discover = () =>
  openid.discovery(new URL(issuer), clientId, { id_token_signed_response_alg: 'ES256' },
    openid.PrivateKeyJwt({ key, kid: 'client' }), { execute: [openid.allowInsecureRequests] })

async function start () {
  const config = await discover()
  const verifier = openid.randomPKCECodeVerifier()
  const state = openid.randomState()
  await store.put('attempt', state, { verifier }, 900)
  const url = await openid.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: redirectUri,
    scope: 'openid',
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }, { DPoP: openid.getDPoPHandle(config, proving) })
  return [303, { location: url.href }, '']
}

async function callback (url) {
  const state = url.searchParams.get('state')
  const attempt = await store.get('attempt', state)
  if (!attempt) return [400, {}, 'no such attempt']
  const config = await discover()
  const tokens = await openid.authorizationCodeGrant(config, url,
    { pkceCodeVerifier: attempt.verifier, expectedState: state, idTokenExpected: true }, undefined,
    { DPoP: openid.getDPoPHandle(config, proving) })
  await store.put('attempt', state, { subject: tokens.claims().sub, token: tokens.access_token }, 86400)
  return [200, { 'content-type': 'text/html' }, '<p>connected</p>']
}

createServer(async (request, response) => {
  const url = new URL(request.url, own)
  let answer
  try {
    answer = url.pathname === '/start' ? await start() : url.pathname === '/callback' ? await callback(url) : [404, {}, '']
  } catch (error) {
    answer = [500, {}, `${error.stack} ${error.cause ?? ''}`]
  }
  response.writeHead(answer[0], answer[1]).end(answer[2])
}).listen(Number(port), '127.0.0.1')
