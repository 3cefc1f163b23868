import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromUtf8, toHex, toUtf8 } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { canonicalJson } from '@anarq/squid'
import { digestOf, isSigned, readPackage, signedBytesOf, withManifest } from '@anarq/wxa'
import { openZipBytes, writeZip } from '@anarq/zip'
import { packVector, readVector, vectorMs } from './vector.ts'

const document = readFileSync(new URL('../../../docs/formats/wxa.md', import.meta.url), 'utf8')

test('[WX-APP-1] the published package verifies, and everything in it is as the document says', async () => {
  const { manifest, read, publisher, bytes } = await readPackage(openZipBytes(readVector()), {
    nowMs: vectorMs,
  })
  assert.ok(isSigned(manifest))
  assert.equal(await read('ui/índice.txt').then(toUtf8), 'sopa de piedras\n')
  for (const fact of [
    `${bytes} bytes`,
    publisher?.did ?? 'nobody',
    toHex(primitives.sha256(readVector())),
    toHex(primitives.sha256(signedBytesOf(manifest))),
    digestOf(packVector().manifest),
    toHex(primitives.sha256(writeZip(packVector().entries))),
  ])
    assert.ok(document.includes(fact), `docs/formats/wxa.md does not say ${fact}`)
})

test('[WX-DEV-10] packed again from its files, it is the published package byte for byte, but for what signing adds', async () => {
  const { manifest, entries } = await readPackage(openZipBytes(readVector()), { nowMs: vectorMs })
  const again = packVector()
  assert.deepEqual(await entries(), again.entries.slice(1))
  assert.ok(Buffer.from(writeZip(withManifest(again.entries, manifest))).equals(readVector()))
  const { publisher: _, signature: __, ...rest } = manifest as typeof manifest & { signature: string }
  assert.equal(canonicalJson(rest), canonicalJson(again.manifest))
  assert.deepEqual(again.entries[0]?.content, fromUtf8(canonicalJson(again.manifest)))
})
