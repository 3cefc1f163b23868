/** What can begin before a home is open. A module of its own, so that it loads before nearly everything else. */
import { equalBytes } from '@anarq/bytes'
import { decodeCbor, readArray, readBytes, readFields, readInt, readOptional, readText } from '@anarq/ipld'
import { type Stretch, stretchPassphrase, type VaultCost, vaultCost, wipe } from '@anarq/qlock'

/** Another way to the master key than the passphrase: whoever holds the passkey's secret opens `box`. */
export type PasskeySlot = {
  /** The id that the authenticator gave it. */
  readonly credential: Uint8Array
  /** The name of the site that it was made for: browsers offer it there alone. */
  readonly host: string
  /** What the authenticator is asked about; its answer is the secret. */
  readonly salt: Uint8Array
  readonly box: Uint8Array
}

export const passkeysMax = 16
const credentialBytesMax = 1023
const hostCharactersMax = 253

/** The outer layer of a home's vault, without opening it; `invalid.*` where it is no vault. Version 1 had no passkeys. */
export function parseVault(bytes: Uint8Array): {
  master: Uint8Array
  box: Uint8Array
  passkeys: readonly PasskeySlot[]
  /** The master key, for whoever has the words; absent in homes without, and in vaults from before there was such a way. */
  words: Uint8Array | undefined
} {
  const what = 'The key vault'
  const fields = readFields(decodeCbor(bytes, what), ['v', 'master', 'box', 'passkeys', 'words'], what)
  const version = readInt(fields.v, 'The version of the key vault', { min: 1, max: 2 })
  return {
    master: readBytes(fields.master, 'The sealed master key', { max: 4096 }),
    box: readBytes(fields.box, 'The sealed keyring'),
    words: readOptional(fields.words, (value) => readBytes(value, 'The slot of the words', { max: 4096 })),
    passkeys:
      version === 1
        ? []
        : readArray(fields.passkeys, 'The list of passkeys', { max: passkeysMax }).map(readPasskeySlot),
  }
}

function readPasskeySlot(value: unknown): PasskeySlot {
  const what = 'A passkey of the key vault'
  const fields = readFields(value, ['credential', 'host', 'salt', 'box'], what)
  return {
    credential: readCredential(fields.credential),
    host: readHost(fields.host),
    salt: readBytes(fields.salt, 'The salt of a passkey', { length: 32 }),
    box: readBytes(fields.box, 'The box of a passkey', { max: 4096 }),
  }
}

export function readHost(value: unknown): string {
  return readText(value, 'The site of a passkey', { max: hostCharactersMax })
}

export function readCredential(value: unknown): Uint8Array {
  return readBytes(value, 'The id of a passkey', { max: credentialBytesMax })
}

export type HeadStart = { readonly stretch: Stretch; close(): void }

/**
 * Begins on the key of this passphrase and this vault, which takes as long as all else that a short command does. The vault
 * may be anything that lay on the disk: whoever opens it asks for what the checked one names, and gets no other key.
 */
export function beginStretch(vault: Uint8Array, passphrase: string): HeadStart {
  const cost = vaultCost(parseVault(vault).master)
  let begun: Promise<Uint8Array> | undefined = stretchPassphrase(passphrase, cost)
  // Where it fails, whoever asks is told.
  begun.catch(() => {})
  return {
    stretch(asked, of) {
      const key = asked === passphrase && isSameCost(of, cost) ? begun : undefined
      if (key !== undefined) begun = undefined
      return key ?? stretchPassphrase(asked, of)
    },
    close() {
      begun?.then(wipe, () => {})
      begun = undefined
    },
  }
}

function isSameCost(a: VaultCost, b: VaultCost): boolean {
  return (
    a.memoryKiB === b.memoryKiB && a.passes === b.passes && a.lanes === b.lanes && equalBytes(a.salt, b.salt)
  )
}
