// A client that is no Parley node: openid-client, an own key, and a client document on an own port of loopback.
import './web_crypto.mjs'

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

import { calculateJwkThumbprint, exportJWK } from 'jose'
import * as oauth from 'openid-client'

import { decide } from './admin.mjs'

export const ISSUER = new URL(process.env.PARLEY_ISSUER)
export const { PARLEY_TOKEN: TOKEN } = process.env

export class ForeignClient {
  /** A started client; `stop` ends it. */
  static async start() {
    const client = new ForeignClient()
    client.keys = await oauth.randomDPoPKeyPair('ES256')
    const jwk = await exportJWK(client.keys.publicKey)
    client.kid = await calculateJwkThumbprint(jwk)
    client.server = createServer((request, answer) => client.#answer(request, answer))
    await new Promise((listening) => client.server.listen(0, '127.0.0.1', listening))
    client.origin = `http://127.0.0.1:${client.server.address().port}`
    client.clientId = `${client.origin}/client.json`
    client.redirectUri = `${client.origin}/callback`
    client.document = {
      client_id: client.clientId,
      client_name: 'Somebody else’s client',
      redirect_uris: [client.redirectUri],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...jwk, kid: client.kid, alg: 'ES256', use: 'sig' }] },
    }
    return client
  }

  async stop() {
    this.server.closeAllConnections()
    await new Promise((closed) => this.server.close(closed))
  }

  #answer(request, answer) {
    const isDocument = request.url === '/client.json'
    answer.writeHead(isDocument ? 200 : 404, { 'content-type': 'application/json' })
    answer.end(JSON.stringify(isDocument ? this.document : {}))
  }

  /** What openid-client discovers of the node; `tamper` changes answers on their way. */
  async discover({ tamper, key = this.keys.privateKey } = {}) {
    return oauth.discovery(
      ISSUER,
      this.clientId,
      { use_mtls_endpoint_aliases: false },
      oauth.PrivateKeyJwt({ key, kid: this.kid }),
      {
        algorithm: 'oauth2',
        execute: [oauth.allowInsecureRequests], // http, as both are on loopback
        [oauth.customFetch]: tamper ? tampering(tamper) : undefined,
      },
    )
  }

  /** A fresh attempt: what is pushed, and what the client has to know again when the browser comes back. */
  async attempt() {
    const verifier = oauth.randomPKCECodeVerifier()
    const state = oauth.randomState()
    const sharedId = randomUUID()
    return {
      sharedId,
      nonce: oauth.randomNonce(),
      state,
      verifier,
      challenge: await oauth.calculatePKCECodeChallenge(verifier),
      checks: { pkceCodeVerifier: verifier, expectedState: state },
    }
  }

  /** P4: the request is pushed; returns where the browser goes. */
  async push(config, attempt, options = {}) {
    return oauth.buildAuthorizationUrlWithPAR(config, {
      redirect_uri: this.redirectUri,
      scope: 'items:read comments:read',
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: attempt.challenge,
      code_challenge_method: 'S256',
      shared_id: attempt.sharedId,
    }, options)
  }

  /** P4 and P5: pushed, and accepted by an admin of the instance; returns the URL of the callback. */
  async accepted(config, attempt, options = {}) {
    return decide(await this.push(config, attempt, options), this.redirectUri)
  }

  /** P7, as openid-client does it, with all its checks. */
  async redeem(config, callback, attempt, DPoP = oauth.getDPoPHandle(config, this.keys)) {
    return oauth.authorizationCodeGrant(config, callback, attempt.checks, {}, { DPoP })
  }

  /** An answer of the connection's own resource, for a token bound to our key. */
  async call(config, method, sharedId, accessToken, path = '') {
    const url = new URL(`${ISSUER.href}/connections/${sharedId}${path}`)
    const DPoP = oauth.getDPoPHandle(config, this.keys)
    return oauth.fetchProtectedResource(config, accessToken, url, method, null, undefined, { DPoP })
  }
}

/** The state of the connection with this shared id as the node shows it to a program of its own side. */
export async function stateAtNode(sharedId) {
  const answer = await fetch(`${ISSUER.origin}/v1/connections`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  const { items } = await answer.json()
  return items.find((item) => item.shared_id === sharedId)?.state
}

/** A fetch whose answers from `path` are changed: `change` gets the JSON and returns status, body or headers. */
function tampering({ path, change }) {
  return async (url, options) => {
    const answer = await fetch(url, options)
    if (!new URL(url).pathname.endsWith(path)) return answer
    const told = await answer.json()
    const { status = answer.status, body = told, headers = answer.headers } = change(told)
    return new Response(JSON.stringify(body), { status, headers })
  }
}
