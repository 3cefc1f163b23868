import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { createKemKey, createSigner, deriveLeaf, type KeyClass, type Signer, wipe } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { isDelegated } from '../child/chain.ts'
import { childScope, type Device, deviceKeysOf } from '../devices.ts'
import { createLogMemory, type LogMemory } from '../did/log-memory.ts'
import { type IdentityKind, type IdentityRecord, nameCharactersMax } from './record.ts'

/** Kinds that come from the words by class and index. */
export type DerivedKind = Exclude<IdentityKind, 'child'>
/** The index that the next identity of a kind gets. */
export type NextIndex = Readonly<Record<'sub' | 'anonymous' | 'organisation' | 'child', number>>

/** What a child's own keyring holds instead of words. All secret. */
export type WardSecrets = {
  readonly childLeaf: Uint8Array
  /** From the day the child has taken its key over. */
  readonly subjectLeaf?: Uint8Array
}

/** A DID of this keyring: the identity it belongs to, and the epoch whose keys it has. */
export type Holding = { readonly record: IdentityRecord; readonly epoch: number; readonly isFormer: boolean }

/** The state that the parts of a keyring share. */
export type KeyringCore = {
  readonly clock: Clock
  readonly random: Random
  readonly device: Device
  records(): readonly IdentityRecord[]
  /** A current or former DID; `missing.identity` where it is nobody's here. */
  find(did: string): Holding
  /** Stores a record in place of the one it came from (`was`, where the DID changed). */
  put(record: IdentityRecord, was?: string): IdentityRecord
  takeIndex(kind: keyof NextIndex): number
  reserveIndex(kind: keyof NextIndex, index: number): void
  next(): NextIndex
  current(): string
  setCurrent(did: string): void
  /** A leaf from the words: a fresh copy, the caller wipes it. `refused.words` in a child's keyring. */
  leafAt(keyClass: KeyClass, index: number, epoch: number): Uint8Array
  readonly logs: LogMemory
  ward(): WardSecrets | undefined
  setSubjectLeaf(subjectLeaf: Uint8Array): void
  check(): void
  onChange(listener: (did: string) => void): () => void
  dispose(): void
}

export type CoreOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly device: Device
  readonly seed: Uint8Array | undefined
  readonly ward: WardSecrets | undefined
  readonly records: readonly IdentityRecord[]
  readonly next: NextIndex
  readonly current: string | undefined
}

export const identitiesMax = 1000

export function createCore({ clock, random, device, seed, ward, ...state }: CoreOptions): KeyringCore {
  const records = new Map(state.records.map((record) => [record.did, record]))
  const next = { ...state.next }
  const listeners = new Set<(did: string) => void>()
  let current = state.current
  let secrets = ward
  let isOpen = true
  const check = () => {
    if (!isOpen) throw new Fault('refused.disposed', 'This keyring was locked. Unlock it to go on.')
  }
  const notify = () => {
    for (const listener of listeners) listener(current ?? '')
  }
  return {
    clock,
    random,
    device,
    logs: createLogMemory(),
    check,
    records: () => [...records.values()],
    find: (did) => findHolding(records, did),
    put(record, was = record.did) {
      if (!records.has(was) && records.size >= identitiesMax) throw full()
      records.delete(was)
      records.set(record.did, record)
      current ??= record.did
      if (current === was && was !== record.did) {
        current = record.did
        notify()
      }
      return record
    },
    takeIndex(kind) {
      if (records.size >= identitiesMax) throw full()
      next[kind] += 1
      return next[kind] - 1
    },
    reserveIndex(kind, index) {
      next[kind] = Math.max(next[kind], index + 1)
    },
    next: () => ({ ...next }),
    current: () => current ?? '',
    setCurrent(did) {
      if (did === current) return
      current = did
      notify()
    },
    leafAt(keyClass, index, epoch) {
      check()
      if (seed === undefined) throw new Fault('refused.words', "A child's keyring has no words of its own.")
      return deriveLeaf(seed, { keyClass, index, epoch })
    },
    ward: () => secrets,
    setSubjectLeaf(subjectLeaf) {
      if (secrets !== undefined) secrets = { ...secrets, subjectLeaf }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    dispose() {
      isOpen = false
      listeners.clear()
      wipe(...(seed ? [seed] : []), device.secret)
      wipe(...Object.values(secrets ?? {}))
    },
  }
}

/** The leaves of an identity by epoch. */
export function leavesOf(
  core: KeyringCore,
  { kind, index, child }: IdentityRecord,
): (epoch: number) => Uint8Array {
  if (kind !== 'child') return (epoch) => core.leafAt(classOf(kind), index, epoch)
  return () => {
    core.check()
    const ward = core.ward()
    if (child?.side === 'child' && ward !== undefined) return ward.childLeaf.slice()
    throw new Fault(
      'refused.child',
      "A child's identity opens on the child's own device, not on the guardian's.",
    )
  }
}

/** What signs for an identity at an epoch. A minor signs with the device, whose delegation others check. */
export function signerOf(core: KeyringCore, record: IdentityRecord, epoch: number): Signer {
  const leaf = leavesOf(core, record)(epoch)
  try {
    if (record.kind !== 'child') return createSigner(leaf)
    const subjectLeaf = core.ward()?.subjectLeaf
    return subjectLeaf === undefined ? deviceSigner(core.device) : createSigner(subjectLeaf)
  } finally {
    wipe(leaf)
  }
}

/** The public key to wrap for, at an epoch. */
export function kemKeyOf(core: KeyringCore, record: IdentityRecord, epoch: number): Uint8Array {
  const leaf = leavesOf(core, record)(epoch)
  const kem = createKemKey(leaf)
  wipe(leaf)
  kem.dispose()
  return kem.publicKey
}

/** Throws where the identity, as it is now, must not sign with the keys of this DID and epoch. */
export function checkSigning(core: KeyringCore, did: string, epoch: number): void {
  core.check()
  const { record, isFormer } = core.find(did)
  if (record.status === 'revoked') {
    throw new Fault(
      'refused.revoked',
      'This identity was revoked: its data can be read, and it signs nothing more.',
    )
  }
  if (isFormer || epoch !== record.epoch) {
    throw new Fault(
      'refused.former',
      'These keys were rotated. Open the identity again to sign with its new ones.',
    )
  }
  const nowMs = core.clock.nowMs()
  if (record.expiresMs !== undefined && nowMs >= record.expiresMs) {
    throw new Fault('refused.expired', 'This agent has run out of time. Give it more, or make a new one.')
  }
  const { child } = record
  if (child?.stage !== 'minor') return
  if (!isDelegated({ fromMs: child.delegatedFromMs, untilMs: child.delegatedUntilMs }, nowMs)) {
    throw new Fault('refused.expired', 'The guardian has to renew this device before it can sign again.')
  }
}

/** Organisations are key-log identities like the root, and follow it in its class. */
function classOf(kind: DerivedKind): KeyClass {
  return kind === 'organisation' ? 'root' : kind
}

export function requireActive(record: IdentityRecord): IdentityRecord {
  if (record.status === 'active') return record
  throw new Fault('refused.revoked', `The identity "${record.name.slice(0, nameCharactersMax)}" was revoked.`)
}

/** An active, current identity whose keys are here; a child's has none that could change it. */
export function requireOwn(core: KeyringCore, did: string): IdentityRecord {
  core.check()
  const { record, isFormer } = core.find(did)
  requireActive(record)
  if (isFormer) throw new Fault('refused.former', 'This identity was rotated. Use the one that followed it.')
  if (record.kind !== 'child') return record
  throw new Fault(
    'refused.child',
    record.child?.stage === 'adult'
      ? 'A key that guardians held cannot be changed. Make an identity with words of its own in another home.'
      : "A child's keys change through its guardians: recover the child instead.",
  )
}

export function withSigner<T>(
  core: KeyringCore,
  record: IdentityRecord,
  epoch: number,
  use: (signer: Signer) => T,
): T {
  const signer = signerOf(core, record, epoch)
  try {
    return use(signer)
  } finally {
    signer.dispose()
  }
}

function deviceSigner(device: Device): Signer {
  const { signer, kem } = deviceKeysOf(device, childScope)
  kem.dispose()
  return signer
}

function findHolding(records: ReadonlyMap<string, IdentityRecord>, did: string): Holding {
  const record = records.get(did)
  if (record !== undefined) return { record, epoch: record.epoch, isFormer: false }
  for (const candidate of records.values()) {
    const former = candidate.formerly.find((entry) => entry.did === did)
    if (former !== undefined) return { record: candidate, epoch: former.epoch, isFormer: true }
  }
  throw new Fault('missing.identity', 'This keyring holds no such identity.')
}

function full(): Fault {
  return new Fault('limit.identities', `A keyring holds at most ${identitiesMax} identities.`)
}
