import { fromBase32 } from '@anarq/bytes'
import type { World } from '../world.ts'
import type { Hop } from './client.ts'
import { type Handshake, hybridForm, startHandshake } from './handshake.ts'
import { circuitVersion, type HopKeys, hopKeyBytes, hopKeysOf, verificationOf } from './hop-keys.ts'

/** The handshakes of a circuit's client, one at a time. */
export type Greeter = {
  /** A hello to this hop; with `chain`, of a hop that has keys already. Undefined where its published key is no key. */
  greet(hop: number, chain?: Uint8Array): Uint8Array | undefined
  /** The keys of the hop that was greeted. Undefined: the answer is not by this hop. */
  agreed(reply: Uint8Array): HopKeys | undefined
  /** Who was greeted and has not answered. */
  readonly hop: number | undefined
  dispose(): void
}

export function createGreeter({ random }: World, path: readonly Hop[]): Greeter {
  let pending: { readonly hop: number; readonly handshake: Handshake } | undefined
  return {
    greet(hop, chain) {
      const { node, onionKey } = path[hop] as Hop
      try {
        const handshake = startHandshake({
          form: hybridForm,
          identity: fromBase32(node),
          verification: verificationOf(chain),
          onionKey,
          message: circuitVersion,
          random,
        })
        pending = { hop, handshake }
        return handshake.hello
      } catch {
        return undefined
      }
    },
    agreed(reply) {
      const result = pending?.handshake.finish(reply, hopKeyBytes)
      pending = undefined
      return result && hopKeysOf(result.keys)
    },
    get hop() {
      return pending?.hop
    },
    dispose: () => pending?.handshake.dispose(),
  }
}
