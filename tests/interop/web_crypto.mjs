// Node 18, which Debian 12 ships, has the Web Crypto API but not as globals. Import this before any client.
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey
