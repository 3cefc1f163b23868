import { fromBase32 } from '@anarq/bytes'
import { encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { type NodeId, nodeIdOf, textOfNodeId } from '../node-id.ts'
import { type Equivocation, isEquivocation } from './agreement.ts'
import { faultsOf } from './certificate.ts'
import { labelled, type Signing, signatureBytesMax } from './ports.ts'
import type { View } from './view.ts'

/** What a member can be put out for. Only the last proves itself; the others need more witnesses than there can be liars. */
export const charges = ['no-block', 'wrong-block', 'false-receipt', 'equivocation'] as const
export type Charge = (typeof charges)[number]

export type Accusations = {
  /** What this node saw itself. */
  accuse(subject: NodeId, charge: Charge): void
  /** A proof that needs no witness. */
  prove(evidence: Equivocation): void
  isOut(id: NodeId): boolean
  /** Who was put out, and why. */
  out(): ReadonlyMap<NodeId, Charge>
  tick(): void
  receive(from: NodeId, kind: string, body: readonly unknown[]): boolean
}

export type AccusationsOptions = {
  readonly network: string
  readonly self: NodeId
  readonly signing: Signing
  view(): View | undefined
  tell(kind: string, ...body: readonly unknown[]): void
  readonly banTicks: number
  condemned(id: NodeId): void
}

const outMax = 256
/** An accusation is forgotten after so many ticks: bad luck over a year is no crime. */
const rememberTicks = 720

/**
 * One member more than can lie must have seen it: then at least one honest one has. Where lies prove themselves, one is enough.
 */
export function createAccusations({
  network,
  self,
  signing,
  view,
  tell,
  banTicks,
  condemned,
}: AccusationsOptions): Accusations {
  const heard = new Map<NodeId, Map<NodeId, number>>()
  const out = new Map<NodeId, { charge: Charge; untilTick: number }>()
  let ticks = 0

  function note(subject: NodeId, accuser: NodeId, charge: Charge): void {
    const now = view()
    if (now === undefined || subject === accuser || subject === self) return
    const accusers = heard.get(subject) ?? new Map<NodeId, number>()
    heard.set(subject, accusers.set(accuser, ticks))
    const valid = [...accusers.keys()].filter((id) => now.members.some((member) => member.id === id))
    if (valid.length > faultsOf(now.members.length)) condemn(subject, charge)
  }

  function condemn(subject: NodeId, charge: Charge): void {
    if (out.has(subject) || subject === self) return
    out.set(subject, { charge, untilTick: ticks + banTicks })
    if (out.size > outMax) out.delete(out.keys().next().value as NodeId)
    condemned(subject)
  }

  function onEvidence(evidence: Equivocation): void {
    const id = nodeIdOf(evidence.publicKey)
    if (out.has(id) || !isEquivocation(evidence, signing)) return
    condemn(id, 'equivocation')
    tell('evidence', encodeEvidence(evidence))
  }

  return {
    accuse(subject, charge) {
      if (heard.get(subject)?.has(self) === true) return
      note(subject, self, charge)
      tell('accuse', fromBase32(subject), charge, signing.sign(accusation(network, subject, charge)))
    },
    prove: onEvidence,
    isOut: (id) => out.has(id),
    out: () => new Map([...out].map(([id, { charge }]) => [id, charge])),
    tick() {
      ticks += 1
      for (const [id, { untilTick }] of out) if (untilTick <= ticks) out.delete(id)
      for (const [id, accusers] of heard) {
        for (const [accuser, at] of accusers) if (at + rememberTicks < ticks) accusers.delete(accuser)
        if (accusers.size === 0) heard.delete(id)
      }
    },
    receive(from, kind, body) {
      if (kind === 'evidence') {
        onEvidence(readEvidence(body[0]))
        return true
      }
      if (kind !== 'accuse') return false
      const subject = textOfNodeId(readBytes(body[0], 'a node', { length: 32 }))
      const charge = charges.find((one) => one === body[1])
      const member = view()?.members.find(({ id }) => id === from)
      const signature = readBytes(body[2], 'a signature', { max: signatureBytesMax })
      if (charge === undefined || charge === 'equivocation' || member === undefined) return true
      if (!view()?.members.some(({ id }) => id === subject)) return true
      if (signing.verify(member.publicKey, accusation(network, subject, charge), signature))
        note(subject, from, charge)
      return true
    },
  }
}

function accusation(network: string, subject: NodeId, charge: Charge): Uint8Array {
  return labelled('accusation', encodeCbor([network, subject, charge]))
}

function encodeEvidence({ subject, round, publicKey, one, other }: Equivocation): readonly unknown[] {
  return [subject.topic, subject.sequence, round, publicKey, one, other]
}

function readEvidence(value: unknown): Equivocation {
  const [topic, sequence, round, publicKey, one, other] = readArray(value, 'evidence', { max: 6 })
  return {
    subject: { topic: readBytes(topic, 'a topic', { max: 256 }), sequence: readInt(sequence, 'a number') },
    round: readInt(round, 'a round'),
    publicKey: readBytes(publicKey, 'a key', { length: 32 }),
    one: readSigned(one),
    other: readSigned(other),
  }
}

function readSigned(value: unknown): readonly [Uint8Array, Uint8Array] {
  const [hash, signature] = readArray(value, 'a signed proposal', { max: 2 })
  return [
    readBytes(hash, 'a hash', { length: 32 }),
    readBytes(signature, 'a signature', { max: signatureBytesMax }),
  ]
}
