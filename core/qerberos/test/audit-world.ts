import { createManualClock } from '@anarq/clock/testing'
import {
  type AuditEntry,
  type AuditLog,
  type AuditLogOptions,
  type AuditRecord,
  createAuditLog,
  createMemoryLog,
  type LogStore,
  type MemoryLogState,
} from '@anarq/qerberos'
import { createSigner, type Signer } from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'

export const key: Uint8Array = new Uint8Array(32).fill(1)
export const signer: Signer = createSigner(new Uint8Array(32).fill(2))
export const stranger: Signer = createSigner(new Uint8Array(32).fill(3))
export const did: string = 'did:squid:owner'

export function memory(): MemoryLogState {
  return { entries: [], leaves: [], head: undefined }
}

export function open(
  state: MemoryLogState | LogStore,
  more: Partial<AuditLogOptions> = {},
): Promise<AuditLog> {
  const store = 'append' in state ? state : createMemoryLog(state)
  return createAuditLog({
    store,
    key,
    did,
    signer,
    clock: createManualClock(),
    random: createSeededRandom(store.size()),
    ...more,
  })
}

export function entry(i: number): AuditEntry {
  return {
    atMs: 1000 + i,
    action: i % 3 === 0 ? '/qnt/write' : '/qnt/read',
    identity: `did:squid:${i % 2}`,
    object: `object-${i % 5}`,
    verdict: i % 7 === 0 ? 'refused' : 'ok',
    ...(i % 7 === 0 ? { code: 'refused.consent' } : {}),
    flow: `flow-${i}`,
    trail: new Uint8Array(32).fill(i),
    hashes: [new Uint8Array(32).fill(i + 1)],
    details: { bytes: i, note: `entry number ${i}`, isNew: true, nothing: null, digest: Uint8Array.of(i) },
  }
}

export function entries(from: number, count: number): AuditEntry[] {
  return Array.from({ length: count }, (_, i) => entry(from + i))
}

export async function filled(count: number): Promise<{ state: MemoryLogState; log: AuditLog }> {
  const state = memory()
  const log = await open(state)
  await log.append(entries(0, count))
  return { state, log }
}

export async function listed(records: AsyncIterable<AuditRecord>): Promise<AuditRecord[]> {
  const all: AuditRecord[] = []
  for await (const record of records) all.push(record)
  return all
}

/** A signer that counts. */
export function counting(): { signer: Pick<Signer, 'publicKey' | 'sign'>; times: () => number } {
  let times = 0
  return {
    signer: {
      publicKey: signer.publicKey,
      sign(message, context) {
        times += 1
        return signer.sign(message, context)
      },
    },
    times: () => times,
  }
}

export function flip(bytes: Uint8Array | undefined, at: number): void {
  if (bytes !== undefined) bytes[at % bytes.length]! ^= 0x10
}
