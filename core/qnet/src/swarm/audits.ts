import { equalBytes } from '@anarq/bytes'
import { readBytes, readInt } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { fraction, pick } from './chance.ts'
import type { Membership } from './membership.ts'
import { rankFor } from './place.ts'
import type { Requests } from './requests.ts'
import type { Store } from './store.ts'

export type Audits = {
  /** A holder said that it has this block. */
  claimed(holder: NodeId, key: Uint8Array): void
  /** Challenges one neighbour about one block that both should hold. */
  tick(): void
  changed(): void
  answer(
    from: NodeId,
    body: readonly unknown[],
    send: (to: NodeId, kind: string, ...body: readonly unknown[]) => void,
  ): void
}

export type AuditsOptions = {
  readonly self: NodeId
  readonly world: World
  readonly store: Store
  readonly membership: Membership
  readonly requests: Requests
  readonly copies: number
}

const rangeBytes = 4096
const strikesMax = 2
const nonceBytes = 16

/**
 * A holder proves a block by the hash of a nonce and a range that it could not know before. The asker has the block as well,
 * so it needs no help to judge. Two wrong answers of one that had said it holds the block are an accusation.
 */
export function createAudits({ self, world, store, membership, requests, copies }: AuditsOptions): Audits {
  const claims = new Map<NodeId, Set<string>>()
  const strikes = new Map<NodeId, number>()
  let generation = 0

  function challenge(holder: NodeId, key: Uint8Array, own: Uint8Array): void {
    const nonce = world.random.bytes(nonceBytes)
    const offset = Math.floor(fraction(world.random) * Math.max(1, own.length - rangeBytes))
    const of = generation
    const expected = proofOf(nonce, own, offset)
    requests.ask(holder, 'audit', [key, nonce, offset], (answer) => {
      // Silence is for the probes to judge.
      if (answer === undefined || of !== generation) return
      const isRight = answer[0] instanceof Uint8Array && equalBytes(answer[0], expected)
      if (isRight) {
        strikes.delete(holder)
        return
      }
      const count = (strikes.get(holder) ?? 0) + 1
      strikes.set(holder, count)
      if (count >= strikesMax) membership.accusations.accuse(holder, 'no-block')
    })
  }

  return {
    claimed(holder, key) {
      const keys = claims.get(holder) ?? new Set<string>()
      claims.set(holder, keys)
      if (keys.size < 64) keys.add(key.toHex())
    },
    tick() {
      const view = membership.view()
      const holder = pick([...claims.keys()], 1, world.random)[0]
      const claim = holder && pick([...(claims.get(holder) ?? [])], 1, world.random)[0]
      if (view === undefined || holder === undefined || claim === undefined) return
      const key = Uint8Array.fromHex(claim)
      const holders = rankFor(key, view.members).slice(0, copies)
      const isBoth = [holder, self].every((id) => holders.some((one) => one.id === id))
      if (!isBoth) return
      store.get(key, (own) => {
        const isWhole = own !== undefined && equalBytes(hashBlake3(own), key)
        if (isWhole) challenge(holder, key, own)
      })
    },
    changed() {
      generation += 1
      claims.clear()
    },
    answer(from, body, send) {
      const number = readInt(body[0], 'a number')
      const key = readBytes(body[1], 'a key', { length: 32 })
      const nonce = readBytes(body[2], 'a nonce', { length: nonceBytes })
      const offset = readInt(body[3], 'an offset')
      store.get(key, (own) =>
        send(from, 'audited', number, own === undefined ? null : proofOf(nonce, own, offset)),
      )
    },
  }
}

function proofOf(nonce: Uint8Array, bytes: Uint8Array, offset: number): Uint8Array {
  return hashBlake3(nonce, bytes.subarray(offset, offset + rangeBytes))
}
