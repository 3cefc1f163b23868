import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { deriveSecret, openBox, sealBox, wipe } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type PasskeySlot, passkeysMax, readCredential, readHost } from './head-start.ts'

/** A slot, and what only the open vault says of it. */
export type Passkey = PasskeySlot & PasskeyNote
/** Kept in the sealed part of the vault: a slot without its note is none, whoever wrote it there. */
export type PasskeyNote = {
  readonly credential: Uint8Array
  readonly name: string
  readonly addedMs: number
}

export type NewPasskey = Omit<PasskeySlot, 'box'> & {
  readonly name: string
  /** What the authenticator answers to the salt (WebAuthn, extension `prf`): 32 bytes, wiped here. */
  readonly secret: Uint8Array
}

const slotBox = 'q/v1/vault/passkey'
const slotKey = 'q/v1/vault/passkey/key'
const secretBytes = 32
const saltBytes = 32
const nameCharactersMax = 100

export function sealPasskey(
  master: Uint8Array,
  { credential, host, salt, name, secret }: NewPasskey,
  { random, nowMs }: { random: Random; nowMs: number },
): Passkey {
  if (host === '' || credential.length === 0 || salt.length !== saltBytes)
    throw new Fault(
      'invalid.passkey',
      'A passkey has an id, the site that it was made for, and a salt of 32 bytes.',
    )
  const slot = { credential: readCredential(credential), host: readHost(host), salt }
  const key = keyOf(secret)
  const box = sealBox(key, master, { context: contextOf(slot), random })
  wipe(key)
  return { ...slot, box, name: name.slice(0, nameCharactersMax), addedMs: nowMs }
}

/** The master key; undefined where this secret does not open this slot. The secret is wiped. */
export function openPasskey(slot: PasskeySlot, secret: Uint8Array): Uint8Array | undefined {
  const key = keyOf(secret)
  const master = openBox(key, slot.box, { context: contextOf(slot) })
  wipe(key)
  return master
}

export function findSlot<Slot extends PasskeySlot>(
  slots: readonly Slot[],
  credential: Uint8Array,
): Slot | undefined {
  return slots.find((slot) => equalBytes(slot.credential, credential))
}

/** The same whether there is no such passkey, it was removed, or its secret is another. */
export function refusedPasskey(): Fault {
  return new Fault(
    'refused.passkey',
    'This passkey does not open this home. Unlock with the passphrase, and add the passkey again.',
  )
}

export function readNotes(value: unknown): readonly PasskeyNote[] {
  const what = 'A note on a passkey'
  return readArray(value, 'The notes on passkeys', { max: passkeysMax }).map((one) => {
    const fields = readFields(one, ['credential', 'name', 'addedMs'], what)
    return {
      credential: readCredential(fields.credential),
      name: readText(fields.name, what, { max: nameCharactersMax }),
      addedMs: readInt(fields.addedMs, what),
    }
  })
}

/** HKDF with a label: the secret itself opens nothing, and nothing else that it may open tells this key. */
function keyOf(secret: Uint8Array): Uint8Array {
  readBytes(secret, 'The secret of a passkey', { length: secretBytes })
  const key = deriveSecret(secret, slotKey)
  wipe(secret)
  return key
}

function contextOf({ credential, host, salt }: Omit<PasskeySlot, 'box'>): Uint8Array {
  return encodeCbor({ is: slotBox, credential, host, salt })
}
