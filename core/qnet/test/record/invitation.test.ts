import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  type InvitationFields,
  invitationLettersMax,
  type NodeAddress,
  parseInvitation,
  writeInvitation,
} from '@anarq/qnet/record'
import fc from 'fast-check'
import { keysOf, startMs } from './fixture.ts'

const keys = keysOf(1)
const address: NodeAddress = { transport: 'tcp', host: '203.0.113.7', port: 7000 }
const full: InvitationFields = {
  addresses: [address],
  endMs: startMs + 86_400_000,
  secret: new Uint8Array(16).fill(5),
  did: `did:peer:4zQm${'a'.repeat(42)}`,
}

test('an invitation is one line that a phone reads, and says whom to reach, where, and until when [QN-ARC-5]', () => {
  const text = writeInvitation(keys, full)
  assert.match(text, /^anarq:[\w-]+$/)
  assert.ok(text.length <= invitationLettersMax, `${text.length} letters`)
  assert.deepEqual(parseInvitation(text), {
    ...full,
    id: keys.id,
    publicKey: keys.publicKey,
    linkKey: keys.link.publicKey,
  })
  const addresses: NodeAddress[] = [
    address,
    { transport: 'ws', host: '2001:db8::7', port: 443 },
    { transport: 'ws', host: 'relay.example.org', port: 65_535 },
  ]
  assert.deepEqual(parseInvitation(writeInvitation(keys, { addresses, endMs: startMs })).addresses, addresses)
})

test('an invitation that is changed anywhere, cut, spelled another way or too long is refused [SW-SEC-3]', () => {
  const text = writeInvitation(keys, full)
  const bytes = fromBase64Url(text.slice(6))
  const at = fc.integer({ min: 0, max: bytes.length - 1 })
  const refused = { code: 'invalid.invitation' }
  fc.assert(
    fc.property(at, fc.integer({ min: 1, max: 255 }), (index, difference) => {
      const changed = bytes.slice()
      changed[index] = (changed[index] as number) ^ difference
      assert.throws(() => parseInvitation(`anarq:${toBase64Url(changed)}`), refused)
    }),
    { numRuns: 200 },
  )
  for (let length = 0; length < text.length; length += 1)
    assert.throws(() => parseInvitation(text.slice(0, length)), refused)
  for (const other of [`${text}A`, `${text}=`, ` ${text}`, text.toUpperCase(), `${text}${text}`])
    assert.throws(() => parseInvitation(other), refused)
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 210 }).map(toBase64Url)), (junk) => {
      assert.throws(() => parseInvitation(`anarq:${junk}`), Fault)
    }),
  )
})

test('what does not fit an invitation is refused when it is written', () => {
  const many = Array.from({ length: 5 }, () => address)
  assert.throws(() => writeInvitation(keys, { ...full, addresses: many }), { code: 'invalid.invitation' })
  assert.throws(() => writeInvitation(keys, { ...full, secret: new Uint8Array(3) }), {
    code: 'invalid.invitation',
  })
  assert.throws(() => writeInvitation(keys, { ...full, did: `did:webvh:${'a'.repeat(150)}` }), {
    code: 'limit.invitation',
  })
  assert.throws(() => writeInvitation(keys, { ...full, did: 'bob' }), { code: 'invalid.invitation' })
  const host = `${'a'.repeat(63)}.${'b'.repeat(40)}.example`
  assert.throws(() => writeInvitation(keys, { ...full, addresses: [{ ...address, host }] }), {
    code: 'limit.invitation',
  })
  assert.throws(() => writeInvitation(keys, { ...full, addresses: [{ ...address, host: 'LOCALHOST' }] }), {
    code: 'invalid.address',
  })
})
