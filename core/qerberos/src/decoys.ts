import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Alert } from './alarms.ts'

/** What a decoy looks like from outside: an object's id, or the digest of a block. */
export type DecoyKind = 'object' | 'block'
export type Decoy = { readonly key: string; readonly kind: DecoyKind; readonly sinceMs: number }

/** Where a touch came from (a peer, an address: a pseudonym of it) and how (`read`, `list`, `share`, …). */
export type TouchHow = { readonly method: string; readonly source?: string; readonly flow?: string }

/** Object ids and block digests that nobody honest ever asks for. A key is text, or bytes that count as their hex. */
export type Decoys = {
  add(key: string | Uint8Array, kind?: DecoyKind): void
  remove(key: string | Uint8Array): void
  has(key: string | Uint8Array): boolean
  list(): readonly Decoy[]
  /**
   * Call it for whatever is asked for: undefined for what is no decoy, else a critical alert with the source, the
   * method and the identity's last steps, and what the rules say follows.
   */
  touched(key: string | Uint8Array, by: string, how: TouchHow): Alert | undefined
}

export type DecoysOptions = {
  nowMs(): number
  decoysMax: number
  onTouch(decoy: Decoy, by: string, how: TouchHow): Alert | undefined
}

export function createDecoys({ nowMs, decoysMax, onTouch }: DecoysOptions): Decoys {
  const all = new Map<string, Decoy>()
  return {
    add(key, kind = 'object') {
      const name = nameOf(key)
      if (all.size >= decoysMax && !all.has(name)) {
        throw new Fault('limit.decoys', `There are ${decoysMax} decoys already. Take some away first.`)
      }
      all.set(name, { key: name, kind, sinceMs: nowMs() })
    },
    remove(key) {
      all.delete(nameOf(key))
    },
    has: (key) => all.size > 0 && all.has(nameOf(key)),
    list: () => [...all.values()],
    touched(key, by, how) {
      if (all.size === 0) return undefined
      const decoy = all.get(nameOf(key))
      return decoy === undefined ? undefined : onTouch(decoy, by, how)
    },
  }
}

function nameOf(key: string | Uint8Array): string {
  return typeof key === 'string' ? key : toHex(key)
}
