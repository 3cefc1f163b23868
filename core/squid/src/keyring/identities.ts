import { Fault } from '@anarq/fault'
import { createLog } from '../did/key-log.ts'
import { peerDidOf } from '../did/peer-did.ts'
import { sealSuccession } from '../succession.ts'
import {
  type DerivedKind,
  type KeyringCore,
  kemKeyOf,
  requireActive,
  requireOwn,
  withSigner,
} from './core.ts'
import { certifyThis, recertify } from './device-changes.ts'
import { withLogKeys, writeLog } from './log-changes.ts'
import { checkName, type IdentityRecord } from './record.ts'

export type NewIdentity =
  | {
      readonly kind: 'sub'
      readonly name: string
      /** Makes it an agent: the DID of the identity of this keyring that answers for it. */
      readonly owner?: string
      readonly expiresMs?: number
    }
  | { readonly kind: 'anonymous' | 'organisation'; readonly name: string }

/** A place in the tree of keys that the words give. */
export type IdentityPath = { readonly kind: DerivedKind; readonly index: number; readonly epoch?: number }

export type Rotation = {
  readonly record: IdentityRecord
  /** did:peer only: the old identity names its successor. For contacts who may know; to all others they stay two. */
  readonly succession?: Uint8Array
}

export function createIdentity(core: KeyringCore, options: NewIdentity): IdentityRecord {
  core.check()
  const name = checkName(options.name)
  const agent = options.kind === 'sub' ? checkAgent(core, options) : {}
  const index = core.takeIndex(options.kind)
  return core.put({ ...draftIdentity(core, { kind: options.kind, index, name }), ...agent })
}

/** The record at a path, with this device certified; not stored yet. */
export function draftIdentity(
  core: KeyringCore,
  { kind, index, epoch = 0, name }: IdentityPath & { readonly name: string },
): IdentityRecord {
  const blank = blankRecord(kind, index, epoch)
  const named = { ...blank, ...nameOf(core, blank), name, createdMs: core.clock.nowMs() }
  const device = withSigner(core, named, epoch, (signer) => certifyThis(core, named.did, signer))
  return { ...named, devices: [device] }
}

/** The DID at a path, without keeping it. */
export function didAt(core: KeyringCore, { kind, index, epoch = 0 }: IdentityPath): string {
  return nameOf(core, blankRecord(kind, index, epoch)).did
}

/** An identity that was made before and forgotten, back at its path. A did:squid one needs its log next. */
export function reclaimIdentity(
  core: KeyringCore,
  { kind, index, epoch = 0, name }: IdentityPath & { readonly name: string },
): IdentityRecord {
  core.check()
  if (kind === 'root') throw new Fault('conflict.root', 'This keyring has its root already.')
  const isLogged = kind === 'organisation'
  const draft = draftIdentity(core, { kind, index, epoch: isLogged ? 0 : epoch, name: checkName(name) })
  const untilMs = core.clock.nowMs()
  const formerly = Array.from({ length: isLogged ? 0 : epoch }, (_, at) => ({
    did: didAt(core, { kind, index, epoch: at }),
    epoch: at,
    untilMs,
  }))
  const isHere = core.records().some((record) => record.kind === kind && record.index === index)
  if (isHere) throw new Fault('conflict.identity', 'This identity is in the keyring already.')
  core.reserveIndex(kind, index)
  return core.put({ ...draft, formerly, ...(isLogged ? { isLogUnsure: true } : {}) })
}

export function rotateIdentity(core: KeyringCore, did: string): Rotation {
  const record = requireOwn(core, did)
  return record.log === undefined ? rotatePeer(core, record) : { record: rotateLogged(core, record) }
}

export function revokeIdentity(core: KeyringCore, did: string): IdentityRecord {
  core.check()
  const { record } = core.find(did)
  requireActive(record)
  if (record.kind === 'root') {
    throw new Fault(
      'refused.root',
      'The root anchors all others and cannot be revoked. Rotate its keys instead.',
    )
  }
  if (record.child?.side === 'child') {
    throw new Fault('refused.child', "A child's identity is revoked by its guardian.")
  }
  const ended = record.log === undefined ? record : writeLog(core, record, () => ({}), { isLast: true })
  const revoked = core.put({ ...ended, status: 'revoked' })
  const root = core.records().find(({ kind }) => kind === 'root')
  if (core.current() === record.did && root !== undefined) core.setCurrent(root.did)
  return revoked
}

export function renameIdentity(core: KeyringCore, did: string, name: string): IdentityRecord {
  core.check()
  return core.put({ ...core.find(did).record, name: checkName(name) })
}

function blankRecord(
  kind: DerivedKind,
  index: number,
  epoch: number,
): IdentityRecord & { kind: DerivedKind } {
  const none = { name: '', did: '', createdMs: 0, formerly: [], devices: [] }
  return { ...none, kind, index, epoch, status: 'active' }
}

function checkAgent(
  core: KeyringCore,
  { owner, expiresMs }: { readonly owner?: string; readonly expiresMs?: number },
): { owner?: string; expiresMs?: number } {
  if (owner !== undefined) requireActive(core.find(owner).record)
  if (expiresMs !== undefined && expiresMs <= core.clock.nowMs()) {
    throw new Fault('invalid.expiry', 'This agent would have run out of time before it is made.')
  }
  return { ...(owner === undefined ? {} : { owner }), ...(expiresMs === undefined ? {} : { expiresMs }) }
}

function nameOf(
  core: KeyringCore,
  record: IdentityRecord & { kind: DerivedKind },
): { did: string; log?: readonly string[] } {
  const { kind, epoch } = record
  if (kind === 'root' || kind === 'organisation') {
    return withLogKeys(core, { ...record, epoch: 0 }, 0, (keys) => {
      const { did, line } = createLog(kind, keys)
      return { did, log: [line] }
    })
  }
  const kemKey = kemKeyOf(core, record, epoch)
  const verifyKey = withSigner(core, record, epoch, ({ publicKey }) => publicKey)
  return { did: peerDidOf({ verifyKey, kemKey }).short }
}

function rotateLogged(core: KeyringCore, record: IdentityRecord): IdentityRecord {
  const epoch = record.epoch + 1
  const rotated = writeLog(core, { ...record, epoch }, () => ({ epoch }), { isNewEpoch: true })
  const devices = withSigner(core, rotated, epoch, (signer) =>
    record.devices.map((device) => recertify(core, rotated.did, signer, device)),
  )
  return core.put({ ...rotated, devices })
}

function rotatePeer(core: KeyringCore, record: IdentityRecord): Rotation {
  const next = { ...record, epoch: record.epoch + 1 }
  const kemKey = kemKeyOf(core, next, next.epoch)
  const untilMs = core.clock.nowMs()
  return withSigner(core, next, next.epoch, (signer) => {
    const { short: did, long } = peerDidOf({ verifyKey: signer.publicKey, kemKey })
    const formerly = [...record.formerly, { did: record.did, epoch: record.epoch, untilMs }]
    const succession = withSigner(core, record, record.epoch, (old) => sealSuccession(record.did, long, old))
    // Other devices showed the old DID the keys that they would show the new one, so they are not carried over.
    const devices = [certifyThis(core, did, signer)]
    return { record: core.put({ ...next, did, formerly, devices }, record.did), succession }
  })
}
