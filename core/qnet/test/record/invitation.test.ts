import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { concatBytes, fromBase64Url, fromHex, toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { parseNodeId } from '@anarq/qnet'
import {
  createNodeKeys,
  type InvitationFields,
  type InvitedBroker,
  invitationLettersMax,
  type NodeAddress,
  parseInvitation,
  writeInvitation,
} from '@anarq/qnet/record'
import fc from 'fast-check'
import { keysOf, startMs } from './fixture.ts'

const keys = keysOf(1)
const address: NodeAddress = { transport: 'tcp', host: '203.0.113.7', port: 7000 }
const broker: InvitedBroker = {
  id: keysOf(9).id,
  linkKey: keysOf(9).link.publicKey,
  address: { transport: 'tcp', host: '203.0.113.9', port: 4610 },
}
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

test('[SW-OVL-1] who cannot be dialled names by whom one comes to it, and an invitation without that is spelled as ever', () => {
  const brokers: InvitedBroker[] = [2, 3].map((n) => {
    const { id, link } = keysOf(n)
    return { id, linkKey: link.publicKey, address: { ...address, host: `203.0.113.${n}` } }
  })
  const text = writeInvitation(keys, { addresses: [], endMs: startMs, brokers })
  assert.ok(text.length <= invitationLettersMax, `${text.length} letters`)
  assert.deepEqual(parseInvitation(text).brokers, brokers)
  assert.equal(writeInvitation(keys, { ...full, brokers: [] }), writeInvitation(keys, full))
  assert.throws(() => writeInvitation(keys, { ...full, brokers: [...brokers, ...brokers] }), {
    code: 'invalid.invitation',
  })
  // The flag without one, and more than may be.
  const body = fromBase64Url(text.slice(6))
  for (const count of [0, 3]) {
    const changed = body.slice(0, -64)
    changed[71] = count
    const signed = concatBytes(changed, keys.sign('anarq invitation v1', changed))
    assert.throws(() => parseInvitation(`anarq:${toBase64Url(signed)}`), { code: 'invalid.invitation' })
  }
})

test('the invitations of the format’s test vectors are made and read as they stand there', () => {
  const file = new URL('../../../../docs/formats/qnet-invitation-vectors.json', import.meta.url)
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: readonly Vector[] }
  assert.ok(vectors.length >= 3)
  for (const { nodeSeed, endMs, addresses, brokers, secret, did, invitation } of vectors) {
    const named = brokers.map(({ id, linkKey, address: at }) => ({
      id: parseNodeId(id),
      linkKey: fromHex(linkKey),
      address: at,
    }))
    const made = writeInvitation(createNodeKeys(fromHex(nodeSeed)), {
      ...{ addresses, endMs, brokers: named },
      ...(secret === undefined ? {} : { secret: fromHex(secret) }),
      ...(did === undefined ? {} : { did }),
    })
    assert.equal(made, invitation)
    assert.deepEqual(parseInvitation(invitation).brokers ?? [], named)
  }
})

type Vector = {
  readonly nodeSeed: string
  readonly endMs: number
  readonly addresses: readonly NodeAddress[]
  readonly brokers: readonly {
    readonly id: string
    readonly linkKey: string
    readonly address: NodeAddress
  }[]
  readonly secret?: string
  readonly did?: string
  readonly invitation: string
}

test('an invitation that is changed anywhere, cut, spelled another way or too long is refused [SW-SEC-3]', () => {
  const text = writeInvitation(keys, { ...full, did: 'did:key:z6Mk', brokers: [broker] })
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
    fc.property(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 290 }).map(toBase64Url)), (junk) => {
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
