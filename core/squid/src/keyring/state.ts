import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { deriveSecret, wipe } from '@anarq/qlock'
import { type Device, deviceNameCharactersMax, deviceSecretBytes } from '../devices.ts'
import { identitiesMax, type KeyringCore, type NextIndex, type WardSecrets } from './core.ts'
import { type IdentityRecord, readRecord, writeRecord } from './record.ts'

/** A keyring at rest. Secret: it holds the device's secret and a child's leaves; whoever stores it seals it first. */
export type KeyringState = {
  /** Recognises the words, without telling anything about them. Absent in a child's keyring. */
  readonly check?: Uint8Array
  readonly current: string
  readonly next: NextIndex
  readonly device?: Device
  readonly ward?: WardSecrets
  readonly identities: readonly IdentityRecord[]
}

const stateBytesMax: number = 64 * 1024 * 1024
const what = 'This keyring'
const checkBytes = 16

/** Canonical DAG-CBOR, the same bytes for the same state. `withoutDevice` is the form to carry to another device. */
export function writeState(
  core: KeyringCore,
  { withoutDevice = false }: { withoutDevice?: boolean } = {},
): Uint8Array {
  core.check()
  const { device } = core
  const ward = core.ward()
  return encodeCbor({
    v: 1,
    current: core.current(),
    next: core.next(),
    identities: core.records().map(writeRecord),
    ...(ward === undefined ? { check: wordsCheck(core.leafAt('root', 0, 0)) } : { ward: { ...ward } }),
    ...(withoutDevice ? {} : { device: { name: device.name, secret: device.secret } }),
  })
}

/** Strict: `invalid.cbor`, `invalid.shape`, `limit.keyring`, or `damaged.keyring` where the parts contradict each other. */
export function readState(bytes: Uint8Array): KeyringState {
  if (bytes.length > stateBytesMax) throw new Fault('limit.keyring', 'This keyring is too large to be one.')
  const known = ['v', 'check', 'current', 'next', 'device', 'ward', 'identities'] as const
  const fields = readFields(decodeCbor(bytes, what), known, what)
  readInt(fields.v, 'The version of this keyring', { min: 1, max: 1 })
  const identities = readArray(fields.identities, what, { max: identitiesMax }).map(readRecord)
  const state: KeyringState = {
    current: readText(fields.current, what, { max: 256 }),
    next: readNext(fields.next),
    identities,
    ...(fields.check === undefined ? {} : { check: readBytes(fields.check, what, { length: checkBytes }) }),
    ...(fields.device === undefined ? {} : { device: readDevice(fields.device) }),
    ...(fields.ward === undefined ? {} : { ward: readWard(fields.ward) }),
  }
  checkWhole(state)
  return state
}

/** `refused.words` where the state was made with other words. `leaf` is the root's at epoch 0 and is wiped. */
export function checkWords({ check }: KeyringState, leaf: Uint8Array): void {
  const found = wordsCheck(leaf)
  if (check !== undefined && equalBytes(check, found)) return
  throw new Fault('refused.words', 'This keyring belongs to other words, or to another passphrase.')
}

function wordsCheck(leaf: Uint8Array): Uint8Array {
  const check = deriveSecret(leaf, 'q/v1/squid/keyring-check', checkBytes)
  wipe(leaf)
  return check
}

function checkWhole({ identities, current, next, check, ward }: KeyringState): void {
  const dids = identities.flatMap(({ did, formerly }) => [did, ...formerly.map((former) => former.did)])
  const places = identities.map(({ kind, index }) => `${kind}/${index}`)
  const roots = identities.filter(({ kind }) => kind === 'root').length
  const isChilds = identities.length === 1 && identities[0]?.child?.side === 'child'
  const isWhole =
    (ward === undefined) === (check !== undefined) &&
    (ward === undefined ? roots === 1 : isChilds) &&
    new Set(dids).size === dids.length &&
    new Set(places).size === places.length &&
    identities.some(({ did }) => did === current) &&
    identities.every(({ kind, index }) => (kind === 'root' ? index === 0 : isChilds || index < next[kind]))
  if (!isWhole)
    throw new Fault('damaged.keyring', 'This keyring contradicts itself. Restore an earlier copy.')
}

function readNext(value: unknown): NextIndex {
  const fields = readFields(value, ['sub', 'anonymous', 'organisation', 'child'], what)
  const read = (index: unknown) => readInt(index, what, { max: 0x7fffffff })
  return {
    sub: read(fields.sub),
    anonymous: read(fields.anonymous),
    organisation: read(fields.organisation),
    child: read(fields.child),
  }
}

function readDevice(value: unknown): Device {
  const fields = readFields(value, ['name', 'secret'], what)
  const name = readText(fields.name, what, { max: deviceNameCharactersMax })
  return { name, secret: readBytes(fields.secret, what, { length: deviceSecretBytes }) }
}

function readWard(value: unknown): WardSecrets {
  const fields = readFields(value, ['childLeaf', 'subjectLeaf'], what)
  const childLeaf = readBytes(fields.childLeaf, what, { length: 32 })
  if (fields.subjectLeaf === undefined) return { childLeaf }
  return { childLeaf, subjectLeaf: readBytes(fields.subjectLeaf, what, { length: 32 }) }
}
