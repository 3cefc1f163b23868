/** What can begin before a home is open. A module of its own, so that it loads before nearly everything else. */
import { equalBytes } from '@anarq/bytes'
import { decodeCbor, readBytes, readFields, readInt } from '@anarq/ipld'
import { type Stretch, stretchPassphrase, type VaultCost, vaultCost, wipe } from '@anarq/qlock'

/** The outer layer of a home's vault, without opening it; `invalid.*` where it is no vault. */
export function parseVault(bytes: Uint8Array): { master: Uint8Array; box: Uint8Array } {
  const fields = readFields(decodeCbor(bytes, 'The key vault'), ['v', 'master', 'box'], 'The key vault')
  readInt(fields.v, 'The version of the key vault', { min: 1, max: 1 })
  return {
    master: readBytes(fields.master, 'The sealed master key', { max: 4096 }),
    box: readBytes(fields.box, 'The sealed keyring'),
  }
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
