import type { Clock } from '@anarq/clock'
import { asFault, Fault, type Outcome, ok } from '@anarq/fault'
import { entropyOf, type Share, seedOf, wipe } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { openInvitation } from '../child/handover.ts'
import type { ChildLimits } from '../child/limits.ts'
import { childScope, type Device, type DeviceRecord, deviceKeysOf, type Enrolment } from '../devices.ts'
import type { Member } from '../did/key-log.ts'
import { encodePublicIdentity, type PublicIdentity } from '../did/public-identity.ts'
import { checkSigning, createCore, type KeyringCore, leavesOf, requireActive, signerOf } from './core.ts'
import { addDevice, revokeDevice } from './device-changes.ts'
import {
  type ChildHandover,
  createChild,
  type NewChild,
  recoverChild,
  releaseChild,
  renewChild,
} from './guardianship.ts'
import {
  createIdentity,
  didAt,
  draftIdentity,
  type IdentityPath,
  type NewIdentity,
  type Rotation,
  reclaimIdentity,
  renameIdentity,
  revokeIdentity,
  rotateIdentity,
} from './identities.ts'
import { adoptLog, changeMembers } from './log-changes.ts'
import { type OpenIdentity, openIdentity } from './open-identity.ts'
import { publicOfKeys } from './public-at.ts'
import { checkName, type IdentityRecord } from './record.ts'
import { checkWords, readState, writeState } from './state.ts'
import { acceptDelegation, takeOver } from './ward.ts'

/** The identities of one person, family member or organisation, on one device. */
export type Keyring = {
  list(): readonly IdentityRecord[]
  /** By its current DID or one it had before. `missing.identity` where it is not here. */
  record(did: string): IdentityRecord
  /** The DID in use. */
  current(): string
  /** Everybody who listens knows before this returns. */
  use(did: string): void
  /** Called with the DID in use, each time it becomes another. Gives back what ends it. */
  onChange(listener: (did: string) => void): () => void
  open(did: string): OpenIdentity

  create(options: NewIdentity): IdentityRecord
  rename(did: string, name: string): IdentityRecord
  rotate(did: string): Rotation
  revoke(did: string): IdentityRecord
  addDevice(did: string, enrolment?: Enrolment): DeviceRecord
  revokeDevice(did: string, deviceId: string): IdentityRecord
  changeMembers(did: string, members: readonly Member[]): IdentityRecord

  /** After a recovery from words alone: what is at a path, and having it back. */
  didAt(path: IdentityPath): string
  reclaim(path: IdentityPath & { readonly name: string }): IdentityRecord
  adoptLog(did: string, log: readonly string[]): IdentityRecord

  /** A guardian's side. */
  createChild(options: NewChild): ChildHandover
  renewChild(did: string, options?: { readonly limits?: ChildLimits; readonly ttlMs?: number }): Uint8Array
  recoverChild(
    did: string,
    options: {
      readonly share: Share
      readonly device: Enrolment
      readonly second?: Pick<PublicIdentity, 'kemKey'>
    },
  ): Outcome<ChildHandover>
  releaseChild(did: string): Uint8Array
  /** A child's side. */
  acceptDelegation(delegation: Uint8Array, guardian?: Uint8Array): Outcome<IdentityRecord>
  takeOver(release: Uint8Array): Outcome<IdentityRecord>

  /** The state to be sealed in the vault; `withoutDevice` to carry it to another device. */
  export(options?: { readonly withoutDevice?: boolean }): Uint8Array
  /** Wipes every secret; open identities are put away on their own. */
  dispose(): void
}

type Ports = { readonly clock: Clock; readonly random: Random }

export type KeyringOptions = Ports & {
  /** 32 bytes, the words. Not kept: the caller goes on owning it. */
  readonly entropy: Uint8Array
  readonly passphrase?: string
  readonly device: Device
  /** What the root is called on the owner's screen. */
  readonly name?: string
}

export type RestoreOptions = Ports & {
  /** The words; a child's keyring has none. */
  readonly entropy?: Uint8Array
  readonly passphrase?: string
  /** In place of the device in the state: a state that was carried to another device. */
  readonly device?: Device
}

export type RecoverOptions = Ports & {
  readonly passphrase?: string
  readonly device: Device
  /** The keyring's state, where a copy was found: everything comes back. */
  readonly state?: Uint8Array
  /** The root's log, where it was found: needed if the root was ever rotated. */
  readonly log?: readonly string[]
}

/** A new keyring with its root. Keys are made here, from the words, and nowhere else. */
export function createKeyring({ entropy, passphrase, name = 'Me', ...rest }: KeyringOptions): Keyring {
  const core = coreOfWords({ ...rest, seed: seedOf(entropy, passphrase), first: 0 })
  core.put(draftIdentity(core, { kind: 'root', index: 0, name: checkName(name) }))
  return keyringOf(core)
}

/** A keyring from its state. Faults: `refused.words`, `invalid.*`, `limit.keyring`, `damaged.keyring`, `missing.device`. */
export function restoreKeyring(
  bytes: Uint8Array,
  { entropy, passphrase, ...options }: RestoreOptions,
): Keyring {
  const state = readState(bytes)
  const device = options.device ?? state.device
  if (device === undefined) {
    throw new Fault('missing.device', 'This keyring was carried here without a device. Give it one.')
  }
  if (state.ward === undefined && entropy === undefined) {
    throw new Fault('refused.words', 'This keyring opens with its words only.')
  }
  const { current, next, ward, identities: records } = state
  const seed = ward === undefined && entropy !== undefined ? seedOf(entropy, passphrase) : undefined
  const held = { name: device.name, secret: device.secret.slice() }
  const { clock, random } = options
  const core = createCore({ clock, random, device: held, seed, ward, records, next, current })
  if (seed !== undefined) checkWords(state, core.leafAt('root', 0, 0))
  return keyringOf(core)
}

/**
 * Everything that the words give back, on a new device and without asking anybody: the whole keyring with a copy of
 * its state, else the root. New identities then start far from where the forgotten ones are, so none is made twice.
 */
export function recoverKeyring(words: string, options: RecoverOptions): Outcome<Keyring> {
  const entropy = entropyOf(words)
  if (!entropy.ok) return entropy
  const { state, log, passphrase, ...rest } = options
  try {
    const spoken = { entropy: entropy.value, ...(passphrase === undefined ? {} : { passphrase }) }
    const keyring =
      state === undefined
        ? recoverRoot({ ...rest, ...spoken })
        : restoreKeyring(state, { ...rest, ...spoken })
    const root = keyring.list().find(({ kind }) => kind === 'root')
    if (log !== undefined && root !== undefined) keyring.adoptLog(root.did, log)
    return ok(keyring)
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  } finally {
    wipe(entropy.value)
  }
}

/** The keyring of a child, from its guardian's invitation. */
export function acceptChild(
  invitation: Uint8Array,
  { name, device, clock, random }: Ports & { readonly name: string; readonly device: Device },
): Outcome<Keyring> {
  const keys = deviceKeysOf(device, childScope)
  const nowMs = clock.nowMs()
  const opened = openInvitation(invitation, keys, nowMs)
  keys.dispose()
  if (!opened.ok) return opened
  const { child, guardian, childLeaf, untilMs, fromMs, ...rest } = opened.value
  const record: IdentityRecord = {
    did: child.did,
    kind: 'child',
    name: checkName(name),
    index: 0,
    epoch: 0,
    createdMs: nowMs,
    status: 'active',
    formerly: [],
    devices: [],
    child: {
      ...rest,
      side: 'child',
      stage: 'minor',
      long: child.long ?? '',
      guardian: guardian.did,
      delegatedFromMs: fromMs,
      delegatedUntilMs: untilMs,
      device: keys.id,
      deviceKey: keys.signer.publicKey,
      guardianIdentity: encodePublicIdentity(guardian),
    },
  }
  const held = { name: device.name, secret: device.secret.slice() }
  const none = { sub: 0, anonymous: 0, organisation: 0, child: 0 }
  const ward = { childLeaf }
  const state = { records: [record], next: none, current: record.did, seed: undefined, ward }
  return ok(keyringOf(createCore({ clock, random, device: held, ...state })))
}

/** Indices that a recovery from words alone starts from: at random, so that a second one starts elsewhere again. */
const recoveredFirst = 0x10000

function recoverRoot({ entropy, passphrase, ...rest }: KeyringOptions): Keyring {
  const [a = 0, b = 0, c = 0] = rest.random.bytes(3)
  const first = recoveredFirst + ((a << 16) | (b << 8) | c) * 64
  const core = coreOfWords({ ...rest, seed: seedOf(entropy, passphrase), first })
  core.put({ ...draftIdentity(core, { kind: 'root', index: 0, name: 'Me' }), isLogUnsure: true })
  return keyringOf(core)
}

function coreOfWords({
  clock,
  random,
  device,
  seed,
  first,
}: Ports & { readonly device: Device; readonly seed: Uint8Array; readonly first: number }): KeyringCore {
  const next = { sub: first, anonymous: first, organisation: Math.max(first, 1), child: first }
  const held = { name: device.name, secret: device.secret.slice() }
  return createCore({
    clock,
    random,
    device: held,
    seed,
    ward: undefined,
    records: [],
    next,
    current: undefined,
  })
}

function keyringOf(core: KeyringCore): Keyring {
  return {
    list: () => core.records(),
    record: (did) => core.find(did).record,
    current: () => core.current(),
    use(did) {
      core.check()
      const { record } = core.find(did)
      requireActive(record)
      if (record.child?.side === 'guardian') {
        throw new Fault('refused.child', "A child's identity is used on the child's own device.")
      }
      core.setCurrent(record.did)
    },
    onChange: (listener) => core.onChange(listener),
    open: (did) => open(core, did),

    create: (options) => createIdentity(core, options),
    rename: (did, name) => renameIdentity(core, did, name),
    rotate: (did) => rotateIdentity(core, did),
    revoke: (did) => revokeIdentity(core, did),
    addDevice: (did, enrolment) => addDevice(core, did, enrolment),
    revokeDevice: (did, deviceId) => revokeDevice(core, did, deviceId),
    changeMembers: (did, members) => changeMembers(core, did, members),

    didAt: (path) => didAt(core, path),
    reclaim: (path) => reclaimIdentity(core, path),
    adoptLog: (did, log) => adoptLog(core, did, log),

    createChild: (options) => createChild(core, options),
    renewChild: (did, options) => renewChild(core, did, options),
    recoverChild: (did, options) => recoverChild(core, did, options),
    releaseChild: (did) => releaseChild(core, did),
    acceptDelegation: (delegation, guardian) => acceptDelegation(core, delegation, guardian),
    takeOver: (release) => takeOver(core, release),

    export: (options) => writeState(core, options),
    dispose: () => core.dispose(),
  }
}

function open(core: KeyringCore, did: string): OpenIdentity {
  core.check()
  const { record, epoch } = core.find(did)
  return openIdentity({
    record,
    did,
    epoch,
    leafOf: leavesOf(core, record),
    createSigner: () => signerOf(core, record, epoch),
    checkSigning: () => checkSigning(core, did, epoch),
    resolve: (verifyKey, kemKey) => publicOfKeys(core, did, { verifyKey, kemKey }),
  })
}
