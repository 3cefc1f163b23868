import { Fault, unwrap } from '@anarq/fault'
import {
  decodeCbor,
  encodeCbor,
  type Fields,
  readBytes,
  readFields,
  readOptional,
  readText,
} from '@anarq/ipld'
import { deriveSecret, openBox, openVault, sealBox, sealVault, wipe } from '@anarq/qlock'
import { type Device, type Keyring, restoreKeyring } from '@anarq/squid'
import { parseVault, passkeysMax } from './head-start.ts'
import {
  findSlot,
  type NewPasskey,
  openPasskey,
  type Passkey,
  readNotes,
  refusedPasskey,
  sealPasskey,
} from './passkeys.ts'
import type { KernelPorts } from './ports.ts'

/**
 * Who a home is of: somebody with words, a child (whose guardians hold its key), or a device that was enrolled for a
 * child and waits for the guardian's file.
 */
export type Resident =
  | { readonly kind: 'person'; readonly entropy: Uint8Array; readonly keyring: Keyring }
  | { readonly kind: 'child'; readonly keyring: Keyring }
  | { readonly kind: 'waiting'; readonly device: Device }

/**
 * The vault is two layers: the passphrase seals a random master key (Argon2id, slow on purpose), and so does each passkey
 * in a slot of its own, and a key made of the words; the master key seals the resident, so that a new identity needs no passphrase again.
 */
export type OpenVault = {
  readonly master: Uint8Array
  readonly sealedMaster: Uint8Array
  /** 32 bytes that only this device has. */
  readonly replica: Uint8Array
  readonly resident: Resident
  readonly passkeys: readonly Passkey[]
  /** Whether the person showed that they have the words. */
  readonly areWordsConfirmed: boolean
}

const passphraseMin = 8
const vaultBox = 'q/v1/vault/keyring'
const wordsBox = 'q/v1/vault/words'
const wordsKey = 'q/v1/vault/words/key'

type Ports = Pick<KernelPorts, 'clock' | 'random' | 'stretch'>
type SealPorts = Pick<KernelPorts, 'random' | 'passphraseCost'>

export async function newVault(
  resident: Resident,
  { passphrase, areWordsConfirmed }: { passphrase: string; areWordsConfirmed: boolean },
  ports: SealPorts,
): Promise<OpenVault> {
  const { random } = ports
  const master = random.bytes(32)
  const sealedMaster = await sealMaster(master, passphrase, ports)
  return { master, sealedMaster, replica: random.bytes(32), resident, passkeys: [], areWordsConfirmed }
}

export function writeVault(
  { master, sealedMaster, replica, resident, passkeys, areWordsConfirmed }: OpenVault,
  { random }: Pick<Ports, 'random'>,
): Uint8Array {
  const notes = passkeys.map(({ credential, name, addedMs }) => ({ credential, name, addedMs }))
  const slots = passkeys.map(({ credential, host, salt, box }) => ({ credential, host, salt, box }))
  const inner = encodeCbor({ replica, passkeys: notes, areWordsConfirmed, ...fieldsOf(resident) })
  const box = sealBox(master, inner, { context: vaultBox, random })
  wipe(inner)
  const words = resident.kind === 'person' ? { words: sealByWords(master, resident.entropy, random) } : {}
  return encodeCbor({ v: 2, master: sealedMaster, box, passkeys: slots, ...words })
}

export async function readVault(stored: Uint8Array, passphrase: string, ports: Ports): Promise<OpenVault> {
  const { stretch } = ports
  const { master } = parseVault(stored)
  const options = stretch === undefined ? {} : { stretch }
  return openWith(unwrap(await openVault(passphrase, master, options)), stored, ports)
}

/** The same by a passkey's secret; `refused.passkey` where it opens nothing. */
export function readVaultByPasskey(
  stored: Uint8Array,
  { credential, secret }: { credential: Uint8Array; secret: Uint8Array },
  ports: Ports,
): OpenVault {
  const slot = findSlot(parseVault(stored).passkeys, credential)
  const master = slot === undefined ? undefined : openPasskey(slot, secret)
  if (master === undefined) throw refusedPasskey()
  const vault = openWith(master, stored, ports)
  if (findSlot(vault.passkeys, credential) !== undefined) return vault
  closeVault(vault)
  throw refusedPasskey()
}

/**
 * The same by what the words stand for, under a new passphrase: for whoever forgot theirs. `refused.words` where they are another
 * identity's, and where there is no such slot yet.
 */
export async function readVaultByWords(
  stored: Uint8Array,
  { entropy, passphrase }: { entropy: Uint8Array; passphrase: string },
  ports: Ports & SealPorts,
): Promise<OpenVault> {
  const { words } = parseVault(stored)
  const key = deriveSecret(entropy, wordsKey)
  const master = words && openBox(key, words, { context: wordsBox })
  wipe(key)
  if (master === undefined)
    throw new Fault(
      'refused.words',
      'These are not the words of this home, or it was not unlocked yet since it knows this way in. Nothing was changed.',
    )
  const vault = openWith(master, stored, ports)
  return { ...vault, sealedMaster: await sealMaster(master, passphrase, ports) }
}

/** HKDF with a label: what the words stand for opens nothing by itself. */
function sealByWords(master: Uint8Array, entropy: Uint8Array, random: Ports['random']): Uint8Array {
  const key = deriveSecret(entropy, wordsKey)
  const box = sealBox(key, master, { context: wordsBox, random })
  wipe(key)
  return box
}

/** The passphrase is asked once more: who finds an open desktop makes no way in of their own. */
export async function withPasskey(
  vault: OpenVault,
  { passphrase, ...passkey }: NewPasskey & { passphrase: string },
  { clock, random }: Pick<Ports, 'clock' | 'random'>,
): Promise<OpenVault> {
  await checkVault(vault, passphrase)
  if (findSlot(vault.passkeys, passkey.credential) !== undefined)
    throw new Fault(
      'conflict.passkey',
      'This passkey opens this home already. Remove it first to add it anew.',
    )
  if (vault.passkeys.length >= passkeysMax)
    throw new Fault('limit.passkeys', `A home has at most ${passkeysMax} passkeys. Remove one first.`)
  const added = sealPasskey(vault.master, passkey, { random, nowMs: clock.nowMs() })
  return { ...vault, passkeys: [...vault.passkeys, added] }
}

export function withoutPasskey(vault: OpenVault, credential: Uint8Array): OpenVault {
  const gone = findSlot(vault.passkeys, credential)
  if (gone === undefined) throw new Fault('missing.passkey', 'There is no such passkey any more.')
  return { ...vault, passkeys: vault.passkeys.filter((one) => one !== gone) }
}

function openWith(master: Uint8Array, stored: Uint8Array, ports: Ports): OpenVault {
  const { master: sealedMaster, box, passkeys: slots } = parseVault(stored)
  const inner = openBox(master, box, { context: vaultBox })
  if (inner === undefined)
    throw new Fault(
      'damaged.vault',
      'The key vault is damaged. Bring the identity back with its 24 words: anarq id recover',
    )
  const what = 'The keyring'
  const known = ['entropy', 'replica', 'keyring', 'device', 'passkeys', 'areWordsConfirmed']
  const fields = readFields(decodeCbor(inner, what), known, what)
  const passkeys = (readOptional(fields.passkeys, readNotes) ?? []).flatMap((note): Passkey[] => {
    const slot = findSlot(slots, note.credential)
    return slot === undefined ? [] : [{ ...slot, ...note }]
  })
  return {
    master,
    sealedMaster,
    replica: readBytes(fields.replica, 'The replica secret', { length: 32 }),
    resident: readResident(fields, ports),
    passkeys,
    areWordsConfirmed: fields.areWordsConfirmed === true,
  }
}

/** `refused.passphrase` where it is not the one that this vault has. */
export async function checkVault({ sealedMaster }: OpenVault, passphrase: string): Promise<void> {
  wipe(unwrap(await openVault(passphrase, sealedMaster)))
}

/** The vault under another passphrase; `refused.passphrase` where `from` is not the one that it has. */
export async function withPassphrase(
  vault: OpenVault,
  { from, to }: { from: string; to: string },
  ports: SealPorts,
): Promise<OpenVault> {
  await checkVault(vault, from)
  return { ...vault, sealedMaster: await sealMaster(vault.master, to, ports) }
}

/** Every secret leaves memory. */
export function closeVault({ master, replica, resident }: OpenVault): void {
  wipe(master, replica)
  if (resident.kind === 'waiting') wipe(resident.device.secret)
  else resident.keyring.dispose()
  if (resident.kind === 'person') wipe(resident.entropy)
}

export function checkPassphrase(passphrase: string): void {
  if (passphrase.length >= passphraseMin) return
  throw new Fault(
    'invalid.passphrase',
    `A passphrase has at least ${passphraseMin} characters; four or five unrelated words are easy to remember and hard to guess.`,
  )
}

function sealMaster(
  master: Uint8Array,
  passphrase: string,
  { random, passphraseCost: params }: SealPorts,
): Promise<Uint8Array> {
  return sealVault(passphrase, master, params === undefined ? { random } : { random, params })
}

function fieldsOf(resident: Resident): Record<string, unknown> {
  switch (resident.kind) {
    case 'person':
      return { entropy: resident.entropy, keyring: resident.keyring.export() }
    case 'child':
      return { keyring: resident.keyring.export() }
    case 'waiting':
      return { device: { name: resident.device.name, secret: resident.device.secret } }
    default:
      return resident satisfies never
  }
}

function readResident(fields: Fields, ports: Ports): Resident {
  if (fields.device !== undefined) return { kind: 'waiting', device: readDevice(fields.device) }
  const state = readBytes(fields.keyring, 'The keyring')
  const entropy = readOptional(fields.entropy, (value) => readBytes(value, 'The entropy', { length: 32 }))
  if (entropy === undefined) return { kind: 'child', keyring: restoreKeyring(state, ports) }
  return { kind: 'person', entropy, keyring: restoreKeyring(state, { entropy, ...ports }) }
}

function readDevice(value: unknown): Device {
  const what = 'The keys of this device'
  const fields = readFields(value, ['name', 'secret'], what)
  return {
    name: readText(fields.name, what, { max: 100 }),
    secret: readBytes(fields.secret, what, { length: 32 }),
  }
}
