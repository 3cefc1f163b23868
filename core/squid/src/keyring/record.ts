import { Fault } from '@anarq/fault'
import { type Fields, readArray, readBytes, readFields, readInt, readOptional, readText } from '@anarq/ipld'
import { kemPublicKeyBytes, verifyKeyBytes } from '@anarq/qlock'
import { isDelegated } from '../child/chain.ts'
import { formerDevicesMax } from '../child/custody.ts'
import {
  allowed,
  type ChildAction,
  type ChildLimits,
  type ChildVerdict,
  limitsAllow,
  readLimits,
  verdict,
  writeLimits,
} from '../child/limits.ts'
import type { DeviceRecord } from '../devices.ts'
import { logEntriesMax, logEntryBytesMax } from '../did/key-log.ts'

export type IdentityKind = 'root' | 'sub' | 'anonymous' | 'child' | 'organisation'

/** A DID that this identity had before a rotation, and the epoch of its keys. */
export type FormerDid = { readonly did: string; readonly epoch: number; readonly untilMs: number }

/** A child as its guardian or its own device keeps it. No part of it is secret; the sealed share opens on the device only. */
export type ChildRecord = {
  readonly side: 'guardian' | 'child'
  readonly stage: 'minor' | 'adult'
  readonly long: string
  readonly guardian: string
  readonly limits: ChildLimits
  readonly consent: Uint8Array
  readonly authority: Uint8Array
  readonly delegation: Uint8Array
  readonly delegatedFromMs: number
  readonly delegatedUntilMs: number
  /** The id of the child's device, what it verifies with, and what lost devices before it did. */
  readonly device: string
  readonly deviceKey: Uint8Array
  readonly formerDeviceKeys: readonly Uint8Array[]
  /** Guardian's side. */
  readonly deviceKem?: Uint8Array
  readonly sealedShare?: Uint8Array
  /** Child's side: the guardian's public identity, as `encodePublicIdentity` gives it. */
  readonly guardianIdentity?: Uint8Array
}

/** What a keyring keeps of an identity: private to its owner, and without any secret that the words bring back. */
export type IdentityRecord = {
  readonly did: string
  readonly kind: IdentityKind
  /** For the owner's eyes; nobody else ever sees it. */
  readonly name: string
  readonly index: number
  readonly epoch: number
  readonly createdMs: number
  readonly status: 'active' | 'revoked'
  /** An agent's owner, and when the agent stops signing. */
  readonly owner?: string
  readonly expiresMs?: number
  readonly formerly: readonly FormerDid[]
  readonly devices: readonly DeviceRecord[]
  /** The lines of a did:squid log. */
  readonly log?: readonly string[]
  /** The log may have more lines than these: it came from the words alone. */
  readonly isLogUnsure?: boolean
  readonly child?: ChildRecord
}

export const nameCharactersMax = 200

/** Whether a child may do this now, and why not. Pure; anybody who is no minor may. */
export function childMayAct(
  { child, status }: Pick<IdentityRecord, 'child' | 'status'>,
  action: ChildAction,
  nowMs: number,
): ChildVerdict {
  if (status === 'revoked') return verdict('deny', 'revoked', 'This identity was revoked.')
  if (child === undefined || child.stage === 'adult') return allowed
  if (nowMs >= child.limits.majorityMs) {
    return verdict('deny', 'majority', 'You are of age. Take your key over from your guardian first.')
  }
  if (!isDelegated({ fromMs: child.delegatedFromMs, untilMs: child.delegatedUntilMs }, nowMs)) {
    return verdict('deny', 'expired', 'Your guardian has to renew this device first.')
  }
  return limitsAllow(child.limits, action, nowMs)
}

export function checkName(name: string): string {
  if (name.length > 0 && name.length <= nameCharactersMax && name.isWellFormed()) return name
  throw new Fault('invalid.name', `An identity has a name of 1 to ${nameCharactersMax} characters.`)
}

/** As a map for DAG-CBOR, without absent fields. */
export function writeRecord({ child, ...record }: IdentityRecord): Record<string, unknown> {
  return present({ ...record, child: child && present({ ...child, limits: writeLimits(child.limits) }) })
}

export function readRecord(value: unknown): IdentityRecord {
  const what = 'An identity of this keyring'
  const fields = readFields(value, recordNames, what)
  const index = readInt(fields.index, what, { max: 0x7fffffff })
  return {
    did: readDid(fields.did),
    kind: readOneOf(fields.kind, kinds, what),
    name: checkName(readText(fields.name, what, { max: nameCharactersMax })),
    index,
    epoch: readInt(fields.epoch, what, { max: 0x7fffffff }),
    createdMs: readInt(fields.createdMs, what),
    status: readOneOf(fields.status, statuses, what),
    formerly: readArray(fields.formerly, what, { max: 10_000 }).map(readFormer),
    devices: readArray(fields.devices, what, { max: 1000 }).map(readDevice),
    ...optional(fields, 'owner', readDid),
    ...optional(fields, 'expiresMs', (v) => readInt(v, what)),
    ...optional(fields, 'log', readLog),
    ...optional(fields, 'isLogUnsure', readTrue),
    ...optional(fields, 'child', readChild),
  }
}

const kinds = ['root', 'sub', 'anonymous', 'child', 'organisation'] as const
const statuses = ['active', 'revoked'] as const
const recordNames = [
  'did',
  'kind',
  'name',
  'index',
  'epoch',
  'createdMs',
  'status',
  'owner',
  'expiresMs',
  'formerly',
  'devices',
  'log',
  'isLogUnsure',
  'child',
] as const
const childNames = [
  'side',
  'stage',
  'long',
  'guardian',
  'limits',
  'consent',
  'authority',
  'delegation',
  'delegatedFromMs',
  'delegatedUntilMs',
  'device',
  'deviceKey',
  'formerDeviceKeys',
  'deviceKem',
  'sealedShare',
  'guardianIdentity',
] as const

function readFormer(value: unknown): FormerDid {
  const what = 'A former DID'
  const fields = readFields(value, ['did', 'epoch', 'untilMs'], what)
  return {
    did: readDid(fields.did),
    epoch: readInt(fields.epoch, what, { max: 0x7fffffff }),
    untilMs: readInt(fields.untilMs, what),
  }
}

function readDevice(value: unknown): DeviceRecord {
  const what = 'A device'
  const known = ['id', 'name', 'createdMs', 'expiresMs', 'status', 'certificate'] as const
  const fields = readFields(value, known, what)
  return {
    id: readText(fields.id, what, { max: 64 }),
    name: readText(fields.name, what, { max: 200 }),
    createdMs: readInt(fields.createdMs, what),
    expiresMs: readInt(fields.expiresMs, what),
    status: readOneOf(fields.status, statuses, what),
    certificate: readBytes(fields.certificate, what, { max: 65_536 }),
  }
}

function readLog(value: unknown): string[] {
  const what = 'An identity log'
  return readArray(value, what, { max: logEntriesMax }).map((line) =>
    readText(line, what, { max: logEntryBytesMax }),
  )
}

function readChild(value: unknown): ChildRecord {
  const what = 'A child'
  const fields = readFields(value, childNames, what)
  const statement = (part: unknown) => readBytes(part, what, { max: 65_536 })
  const verifyKey = (part: unknown) => readBytes(part, what, { length: verifyKeyBytes })
  return {
    side: readOneOf(fields.side, ['guardian', 'child'] as const, what),
    stage: readOneOf(fields.stage, ['minor', 'adult'] as const, what),
    long: readText(fields.long, what, { max: 16_384 }),
    guardian: readDid(fields.guardian),
    limits: readLimits(fields.limits),
    consent: statement(fields.consent),
    authority: statement(fields.authority),
    delegation: statement(fields.delegation),
    delegatedFromMs: readInt(fields.delegatedFromMs, what),
    delegatedUntilMs: readInt(fields.delegatedUntilMs, what),
    device: readText(fields.device, what, { max: 64 }),
    deviceKey: verifyKey(fields.deviceKey),
    formerDeviceKeys: readArray(fields.formerDeviceKeys, what, { max: formerDevicesMax }).map(verifyKey),
    ...optional(fields, 'deviceKem', (v) => readBytes(v, what, { length: kemPublicKeyBytes })),
    ...optional(fields, 'sealedShare', (v) => readBytes(v, what, { max: 4096 })),
    ...optional(fields, 'guardianIdentity', (v) => readBytes(v, what)),
  }
}

function readDid(value: unknown): string {
  return readText(value, 'A DID', { max: 256 })
}

function readTrue(value: unknown): true {
  if (value === true) return true
  throw new Fault('invalid.shape', 'A keyring writes a mark only where it is set.')
}

function readOneOf<T extends string>(value: unknown, known: readonly T[], what: string): T {
  const found = known.find((name) => name === value)
  if (found !== undefined) return found
  throw new Fault('invalid.shape', `${what} is malformed: it holds an unknown word.`)
}

function optional<K extends string, T>(
  fields: Fields,
  name: K,
  read: (value: unknown) => T,
): { [key in K]?: T } {
  const value = readOptional(fields[name], read)
  return value === undefined ? {} : ({ [name]: value } as { [key in K]?: T })
}

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
