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
import { openBox, openVault, sealBox, sealVault, wipe } from '@anarq/qlock'
import { type Device, type Keyring, restoreKeyring } from '@anarq/squid'
import { parseVault } from './head-start.ts'
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
 * The vault is two layers: the passphrase seals a random master key (Argon2id, slow on purpose), and the master key
 * seals the resident, so that a new identity needs no passphrase again.
 */
export type OpenVault = {
  readonly master: Uint8Array
  readonly sealedMaster: Uint8Array
  /** 32 bytes that only this device has. */
  readonly replica: Uint8Array
  readonly resident: Resident
}

const passphraseMin = 8
const vaultBox = 'q/v1/vault/keyring'

type Ports = Pick<KernelPorts, 'clock' | 'random' | 'stretch'>
type SealPorts = Pick<KernelPorts, 'random' | 'passphraseCost'>

export async function newVault(resident: Resident, passphrase: string, ports: SealPorts): Promise<OpenVault> {
  const { random } = ports
  const master = random.bytes(32)
  const sealedMaster = await sealMaster(master, passphrase, ports)
  return { master, sealedMaster, replica: random.bytes(32), resident }
}

export function writeVault(
  { master, sealedMaster, replica, resident }: OpenVault,
  { random }: Pick<Ports, 'random'>,
): Uint8Array {
  const inner = encodeCbor({ replica, ...fieldsOf(resident) })
  const box = sealBox(master, inner, { context: vaultBox, random })
  wipe(inner)
  return encodeCbor({ v: 1, master: sealedMaster, box })
}

export async function readVault(stored: Uint8Array, passphrase: string, ports: Ports): Promise<OpenVault> {
  const { master: sealedMaster, box } = parseVault(stored)
  const { stretch } = ports
  const master = unwrap(await openVault(passphrase, sealedMaster, stretch === undefined ? {} : { stretch }))
  const inner = openBox(master, box, { context: vaultBox })
  if (inner === undefined)
    throw new Fault(
      'damaged.vault',
      'The key vault is damaged. Bring the identity back with its 24 words: anarq id recover',
    )
  const what = 'The keyring'
  const fields = readFields(decodeCbor(inner, what), ['entropy', 'replica', 'keyring', 'device'], what)
  const replica = readBytes(fields.replica, 'The replica secret', { length: 32 })
  return { master, sealedMaster, replica, resident: readResident(fields, ports) }
}

/** The vault under another passphrase; `refused.passphrase` where `from` is not the one that it has. */
export async function withPassphrase(
  vault: OpenVault,
  { from, to }: { from: string; to: string },
  ports: SealPorts,
): Promise<OpenVault> {
  wipe(unwrap(await openVault(from, vault.sealedMaster)))
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
