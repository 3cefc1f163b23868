import { equalBytes } from '@anarq/bytes'
import { asFault } from '@anarq/fault'
import type { NodeId } from '../node-id.ts'
import type { Requests, Signing } from '../swarm/index.ts'
import { type Chain, encodeChain, extended, lastOf, numberOf, since, sortElectors, tagOf } from './chain.ts'
import type { Deciding } from './deciding.ts'
import { hashOfElectors } from './descriptor.ts'
import type { Entry } from './entry.ts'
import type { Message } from './messages.ts'
import type { CurrentElectors } from './ports.ts'
import type { Reading } from './reading.ts'
import type { Shelf } from './shelf.ts'
import type { Spreading } from './spreading.ts'

export type HearingOptions = {
  readonly signing: Signing
  readonly shelf: Shelf
  readonly deciding: Deciding
  readonly spreading: Spreading
  readonly reading: Reading
  readonly requests: Requests
  readonly current: CurrentElectors
  send(to: NodeId, kind: Message['kind'], ...body: readonly unknown[]): void
  adopt(chain: Chain, from: NodeId | undefined): void
  blame(peer: NodeId, code: string): void
}

/** What this node does with what others say. */
export type Hearing = {
  /** Throws where a message proves nothing of what it says. */
  hear(from: NodeId, message: Message): void
}

/** Of several who have a register so many are asked at once: one of them may never answer. */
const fetchesMax = 2

export function createHearing(options: HearingOptions): Hearing {
  const fetching = new Map<string, number>()
  const fetchFrom = (from: NodeId, id: Uint8Array): void => {
    const name = id.toHex()
    const asked = fetching.get(name) ?? 0
    if (asked >= fetchesMax) return
    fetching.set(name, asked + 1)
    options.reading.fetch(from, id, options.shelf.get(id)?.chain, (chain) => {
      const left = (fetching.get(name) ?? 1) - 1
      if (left === 0) fetching.delete(name)
      else fetching.set(name, left)
      try {
        if (chain !== undefined) take(options, chain, from)
      } catch (error) {
        options.blame(from, asFault(error).code)
      }
    })
  }
  return { hear: (from, message) => handle({ ...options, fetchFrom }, from, message) }
}

type Parts = HearingOptions & { fetchFrom(from: NodeId, id: Uint8Array): void }

function handle(parts: Parts, from: NodeId, message: Message): void {
  const { shelf, requests, send } = parts
  switch (message.kind) {
    case 'offer':
      onOffer(parts, from, message.founded, message.entry)
      return
    case 'agree':
      onAgree(parts, from, message)
      return
    case 'state':
      take(parts, message.chain, from)
      return
    case 'have':
      onHave(parts, from, message)
      return
    case 'number?': {
      const held = shelf.get(message.id)
      send(from, 'answer', message.asked, held === undefined ? null : numberOf(held.chain))
      return
    }
    case 'get': {
      const held = shelf.get(message.id)
      const shown = held === undefined ? null : encodeChain(since(held.chain, message.after))
      send(from, 'answer', message.asked, shown)
      return
    }
    case 'answer':
      requests.answered(from, message.body)
      return
    default:
      message satisfies never
  }
}

/** What somebody shows, if it is further than what is here and this node keeps it. */
function take(
  { signing, shelf, spreading, current, adopt }: HearingOptions,
  chain: Chain,
  from: NodeId,
): void {
  const held = shelf.get(chain.id)
  if (held === undefined && shelf.refusal(chain, from) !== undefined) return
  if (held === undefined && numberOf(chain) === 0 && !isFoundedNow(chain, current)) return
  const next = extended(held?.chain, chain, signing)
  if (next === undefined) return
  adopt(next, from)
  spreading.tellNews(next, from)
}

/** Nobody but those who would decide today can be its founders. */
function isFoundedNow({ descriptor, founders }: Chain, current: CurrentElectors): boolean {
  const now = current(descriptor)
  return now !== undefined && equalBytes(hashOfElectors(sortElectors(now)), hashOfElectors(founders))
}

function tell({ send }: Parts, to: NodeId, chain: Chain, after: number): void {
  send(to, 'state', encodeChain(since(chain, after)))
}

function onOffer(parts: Parts, from: NodeId, founded: Chain, entry: Entry): void {
  const { shelf, deciding, spreading, fetchFrom } = parts
  const { id } = founded
  if (shelf.get(id) === undefined && entry.version === 1) take(parts, founded, from)
  const held = shelf.get(id)
  const last = held === undefined ? 0 : (lastOf(held.chain)?.entry.version ?? 0)
  if (held !== undefined && entry.version <= last) tell(parts, from, held.chain, numberOf(held.chain) - 1)
  else if (entry.version > last + 1) fetchFrom(from, id)
  else if (held !== undefined) {
    spreading.noteWriter(id, from)
    deciding.offer(held.chain, entry)
  }
}

function onAgree(parts: Parts, from: NodeId, message: Extract<Message, { kind: 'agree' }>): void {
  const held = parts.shelf.get(message.id)
  const where =
    held === undefined ? 'behind' : parts.deciding.receive(from, held.chain, message.number, message.part)
  if (where === 'behind') parts.fetchFrom(from, message.id)
  else if (where === 'ahead' && held !== undefined) tell(parts, from, held.chain, message.number - 1)
}

function onHave(parts: Parts, from: NodeId, { id, number, tag }: Extract<Message, { kind: 'have' }>): void {
  const held = parts.shelf.get(id)
  const mine = held === undefined ? 0 : numberOf(held.chain)
  if (held === undefined || mine < number) {
    parts.fetchFrom(from, id)
    return
  }
  if (mine === number && equalBytes(tag, tagOf(held.chain))) return
  tell(parts, from, held.chain, number)
  // Two of one version, of an owner who wrote apart: both sides look which of them stands.
  if (mine === number) parts.fetchFrom(from, id)
}
