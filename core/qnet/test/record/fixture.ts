import {
  createNodeKeys,
  type NodeKeys,
  type NodeRecord,
  type RecordFields,
  searchWork,
  signRecord,
  workDayOf,
} from '@anarq/qnet/record'

export const startMs: number = Date.UTC(2026, 0, 1)
const hourMs = 3_600_000

export function keysOf(n: number): NodeKeys {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, n)
  return createNodeKeys(seed)
}

export function workOf(keys: NodeKeys, issuedMs: number, bits: number): Uint8Array {
  return searchWork(keys.publicKey, workDayOf(issuedMs), bits).step(10_000_000) as Uint8Array
}

export function recordOf(keys: NodeKeys, fields: Partial<RecordFields> = {}, bits = 4): NodeRecord {
  const issuedMs = fields.issuedMs ?? startMs
  return signRecord(keys, {
    linkKey: keys.link.publicKey,
    onionKey: new Uint8Array(32).fill(9),
    onionEndMs: issuedMs + 24 * hourMs,
    addresses: [{ transport: 'tcp', host: '203.0.113.7', port: 7000 }],
    brokers: [],
    roles: ['relay'],
    capacity: 3,
    branches: [],
    sinceMs: issuedMs,
    sequence: issuedMs,
    issuedMs,
    expiresMs: issuedMs + 6 * hourMs,
    work: workOf(keys, issuedMs, bits),
    ...fields,
  })
}
