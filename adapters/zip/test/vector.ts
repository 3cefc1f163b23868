/**
 * The package docs/formats/wxa-vector.wxa. To write it again after a change of the format:
 * `node adapters/zip/test/vector.ts --write`, from the root of the repository.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fromUtf8 } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import { createSeededRandom } from '@anarq/random/testing'
import { createDevice, createKeyring } from '@anarq/squid'
import { type Packed, packFiles, signManifest, withManifest } from '@anarq/wxa'
import { deflate, writeZip } from '@anarq/zip'

const vectorUrl: URL = new URL('../../../docs/formats/wxa-vector.wxa', import.meta.url)
export const vectorMs: number = Date.UTC(2026, 5, 1, 12)

export function readVector(): Uint8Array {
  return new Uint8Array(readFileSync(vectorUrl))
}

/** All of it but who publishes it and the signature, which is drawn afresh each time. */
export function packVector(): Packed {
  return packFiles(
    [
      { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>\n') },
      { path: 'ui/index.html', bytes: fromUtf8(`<!doctype html>\n${'<p>Soup of stones.</p>\n'.repeat(12)}`) },
      { path: 'ui/índice.txt', bytes: fromUtf8('sopa de piedras\n') },
      { path: 'backend/main.js', bytes: fromUtf8('export default {}\n') },
    ],
    {
      manifest: 1,
      id: 'org.example.soup',
      name: 'Sopa – Soup',
      version: '1.2.3-beta.1',
      category: 'productivity',
      description: 'Everything that a manifest can say.',
      permissions: [
        { id: 'drive.read:/kitchen', why: 'To show your recipes.' },
        { id: 'network:api.example.org', why: 'To look up what is in season.' },
      ],
      ui: { kind: 'frame', entry: 'ui/index.html' },
      backend: { entry: 'backend/main.js' },
      icon: 'icon.svg',
      routes: ['/soups', '/soups/:id'],
      defaultSize: { width: 800, height: 600 },
      languages: ['en', 'es'],
      minimumSystem: '0.1.0',
    },
    { deflate },
  )
}

function makeVector(): Uint8Array {
  const random = createSeededRandom(7)
  const clock = createManualClock(vectorMs)
  const device = createDevice('laptop', random)
  const keyring = createKeyring({ entropy: random.bytes(32), device, clock, random })
  const { did } = keyring.create({ kind: 'sub', name: 'kitchen' })
  using identity = keyring.open(did)
  const { manifest, entries } = packVector()
  const signed = signManifest(manifest, {
    identity: identity.public(),
    name: 'Stone Soup Works',
    nowMs: vectorMs,
    sign: (message, context) => identity.signer.sign(message, context),
  })
  return writeZip(withManifest(entries, signed))
}

if (process.argv.includes('--write') && import.meta.main) writeFileSync(vectorUrl, makeVector())
