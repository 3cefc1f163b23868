import { fromUtf8 } from '@anarq/bytes'
import { Fault, failed, type Outcome, ok } from '@anarq/fault'
import { decodeCbor, encodeCbor, type Fields, readBytes, readFields, readInt } from '@anarq/ipld'
import type { Random } from '@anarq/random'
import { primitives } from '#primitives'
import { openBox, sealBox } from './box.ts'
import { wipe } from './secrets.ts'
import { suite } from './suite.ts'

/** The cost of one guess, for Argon2id (RFC 9106). */
export type VaultParams = { readonly memoryKiB: number; readonly passes: number; readonly lanes: number }

/** 64 MiB, three passes: RFC 9106 section 4, second recommended option, on one lane. */
export const vaultParamsDefault: VaultParams = { memoryKiB: 65_536, passes: 3, lanes: 1 }

/** A passphrase made a key, slowly on purpose; the salt is the vault's. */
export type Stretch = (passphrase: string, cost: VaultCost) => Promise<Uint8Array>
export type VaultCost = VaultParams & { readonly salt: Uint8Array }

type VaultHeader = VaultParams & { readonly version: 1; readonly suite: number; readonly salt: Uint8Array }
type Vault = VaultHeader & { readonly box: Uint8Array }

const saltBytes = 16
const boxBytesMax = 16 * 1024 * 1024
/** A file may not ask for more work than this: 1 GiB, 16 passes, 16 lanes. */
const memoryKiBMax = 1_048_576
const passesMax = 16
const lanesMax = 16

/** A secret sealed under a passphrase: canonical CBOR that names its version, suite, cost and salt. The passphrase is NFKD-normalised. */
export async function sealVault(
  passphrase: string,
  secret: Uint8Array,
  { random, params = vaultParamsDefault }: { readonly random: Random; readonly params?: VaultParams },
): Promise<Uint8Array> {
  const header: VaultHeader = { version: 1, suite, ...readParams(params), salt: random.bytes(saltBytes) }
  const key = await stretchPassphrase(passphrase, header)
  const box = sealBox(key, secret, { context: encodeCbor(header), random })
  wipe(key)
  if (box.length > boxBytesMax) throw new Fault('limit.vault', 'A vault holds at most 16 MiB.')
  return encodeCbor({ ...header, box } satisfies Vault)
}

/**
 * The secret; `refused.passphrase` where it does not open, `damaged.vault` where the bytes are no vault. Who began to
 * stretch the passphrase before gives that as `stretch`; the key is wiped here.
 */
export async function openVault(
  passphrase: string,
  sealed: Uint8Array,
  { stretch = stretchPassphrase }: { readonly stretch?: Stretch } = {},
): Promise<Outcome<Uint8Array>> {
  let vault: Vault
  try {
    vault = readVault(sealed)
  } catch (cause) {
    return failed('damaged.vault', 'This is no vault of AnarQ, or it was damaged. Use a backup of it.', {
      cause,
    })
  }
  const { box, ...header } = vault
  const key = await stretch(passphrase, header)
  const secret = openBox(key, box, { context: encodeCbor(header) })
  wipe(key)
  if (secret !== undefined) return ok(secret)
  return failed('refused.passphrase', 'The passphrase does not open this vault. Check it and try again.')
}

/** What opening this vault costs; throws where the bytes are no vault. */
export function vaultCost(sealed: Uint8Array): VaultCost {
  const { salt, memoryKiB, passes, lanes } = readVault(sealed)
  return { salt, memoryKiB, passes, lanes }
}

function readVault(sealed: Uint8Array): Vault {
  const known = ['version', 'suite', 'memoryKiB', 'passes', 'lanes', 'salt', 'box']
  const fields = readFields(decodeCbor(sealed, 'The vault'), known, 'The vault')
  readInt(fields.version, 'The version', { min: 1, max: 1 })
  return {
    version: 1,
    suite: readInt(fields.suite, 'The suite', { min: 1, max: suite }),
    ...readParams(fields),
    salt: readBytes(fields.salt, 'The salt', { length: saltBytes }),
    box: readBytes(fields.box, 'The box', { max: boxBytesMax }),
  }
}

/** RFC 9106 section 3.1 wants 8 KiB a lane at least. */
function readParams(fields: Fields): VaultParams {
  const lanes = readInt(fields.lanes, 'The number of lanes', { min: 1, max: lanesMax })
  const memoryKiB = readInt(fields.memoryKiB, 'The memory in KiB', { min: 8 * lanes, max: memoryKiBMax })
  const passes = readInt(fields.passes, 'The number of passes', { min: 1, max: passesMax })
  return { memoryKiB, passes, lanes }
}

/** Argon2id of the passphrase in NFKD, with the cost and the salt that a vault names. */
export const stretchPassphrase: Stretch = async (passphrase, { salt, memoryKiB, passes, lanes }) => {
  const password = fromUtf8(passphrase.normalize('NFKD'))
  try {
    return await primitives.argon2id(password, salt, { memoryKiB, passes, lanes, length: 32 })
  } finally {
    wipe(password)
  }
}
