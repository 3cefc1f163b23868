import { equalBytes } from '@anarq/bytes'
import { readBytes } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { Card } from './card.ts'
import { statement } from './certificate.ts'
import { rankFor } from './place.ts'
import { labelled, type Signing, signatureBytesMax } from './ports.ts'
import {
  decodeViews,
  encodeViews,
  hashOfView,
  nextViews,
  recoverySubject,
  type View,
  type ViewProof,
} from './view.ts'

export type Recovery = {
  /** Called again and again while too few are left; another of them leads each time. */
  attempt(number: number): void
  receive(from: NodeId, kind: string, body: readonly unknown[]): boolean
}

export type RecoveryOptions = {
  readonly network: string
  readonly self: NodeId
  readonly world: World
  readonly signing: Signing
  readCard(value: unknown): Card
  view(): View | undefined
  isGone(id: NodeId): boolean
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  recovered(proof: ViewProof): void
}

/**
 * When more than a third is gone at once nobody can make a quorum. Those left go on where every single one of them agrees on
 * who is left. Two halves of a partition may both do that: when they meet, the lesser joins the greater (`verdictOn`).
 */
export function createRecovery({
  network,
  self,
  world,
  signing,
  readCard,
  view,
  isGone,
  send,
  recovered,
}: RecoveryOptions): Recovery {
  let open: { value: Uint8Array; next: View; votes: Map<number, Uint8Array> } | undefined

  function accept(index: number, signature: Uint8Array): void {
    if (open === undefined) return
    const { value, next, votes } = open
    votes.set(index, signature)
    if (votes.size < next.members.length) return
    open = undefined
    const certificate = {
      phase: 'commit' as const,
      round: 0,
      hash: hashBlake3(value),
      votes: [...votes].sort(([a], [b]) => a - b),
    }
    const proof: ViewProof = {
      kind: 'recovered',
      from: next.prefix,
      previous: hashOfView(next),
      value,
      views: [next],
      certificate,
      electorate: next.members,
    }
    recovered(proof)
  }

  function mayFollow(next: View): boolean {
    const now = view()
    if (now === undefined || next.prefix !== now.prefix || next.epoch !== now.epoch + 1) return false
    const left = new Set(next.members.map(({ id }) => id))
    return (
      left.has(self) &&
      now.members.every(({ id }) => left.has(id) !== isGone(id)) &&
      next.members.every(({ id }) => now.members.some((member) => member.id === id))
    )
  }

  return {
    attempt(number) {
      const now = view()
      if (now === undefined) return
      const left = now.members.filter(({ id }) => !isGone(id))
      const order = rankFor(labelled('recover', Uint8Array.of(number >> 2)), left)
      if (order[0]?.id !== self || number % 4 !== 0) return
      const [next] = nextViews(now, {
        joins: [],
        leaves: new Set(now.members.map(({ id }) => id).filter(isGone)),
      })
      if (next === undefined) return
      const value = encodeViews([next])
      open = { value, next, votes: new Map() }
      for (const { id } of next.members) if (id !== self) send(id, 'recover', value)
      world.after(0, () =>
        accept(
          next.members.findIndex(({ id }) => id === self),
          sign(next, value),
        ),
      )
    },
    receive(from, kind, body) {
      if (kind === 'recover') {
        const value = readBytes(body[0], 'a view', { max: 64 * 1024 })
        const [next, ...others] = decodeViews(value, readCard)
        if (next === undefined || others.length > 0 || !mayFollow(next)) return true
        send(from, 'recovering', hashBlake3(value), sign(next, value))
      } else if (kind === 'recovering') {
        const hash = readBytes(body[0], 'a hash', { length: 32 })
        const signature = readBytes(body[1], 'a signature', { max: signatureBytesMax })
        const index = open?.next.members.findIndex(({ id }) => id === from) ?? -1
        const member = open?.next.members[index]
        if (open === undefined || member === undefined || !equalBytes(hash, hashBlake3(open.value)))
          return true
        const subject = recoverySubject(network, open.next.prefix, open.next.epoch)
        if (signing.verify(member.publicKey, statement(subject, 'commit', 0, hash), signature))
          accept(index, signature)
      } else return false
      return true
    },
  }

  function sign(next: View, value: Uint8Array): Uint8Array {
    const subject = recoverySubject(network, next.prefix, next.epoch)
    return signing.sign(statement(subject, 'commit', 0, hashBlake3(value)))
  }
}

/** Alone, and the first. */
export function foundingProof(network: string, card: Card, signing: Signing): ViewProof {
  const alone: View = { prefix: '', epoch: 1, members: [{ ...card, seat: 0 }] }
  const value = encodeViews([alone])
  const hash = hashBlake3(value)
  const signature = signing.sign(statement(recoverySubject(network, '', 1), 'commit', 0, hash))
  return {
    kind: 'recovered',
    from: '',
    previous: hashOfView(alone),
    value,
    views: [alone],
    certificate: { phase: 'commit', round: 0, hash, votes: [[0, signature]] },
    electorate: [card],
  }
}
