import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Kernel, Peers } from '@anarq/kernel'
import { messageBytesMax, type NodeId } from '@anarq/qnet'
import type { Contact } from '@anarq/qnet/discovery'
import type { LinkStream, StreamEvents } from '@anarq/qnet/link'
import { type Invitation, parseInvitation } from '@anarq/qnet/record'
import type { Ground } from './ground.ts'
import { contactsOf, invitationHere } from './invited.ts'

/** Streams begin with what they are for: this one carries one question, and back its answer. */
const questionStream = 1
/** A piece of what is written is in it at most. */
const questionBytesMax = 80 * 1024
/** Without a byte of the answer for so long, nobody is there any more. */
const silenceMsMax = 15_000
const contactsMax = 1024
/** A place in a ping file leads here for so long. */
const placeMs = 365 * 24 * 3_600_000

/** The kernel's questions to other nodes, and its answers to theirs, over streams of links. */
export function openQuestions(ground: Ground, kernel: Pick<Kernel, 'answer'>, isAmongOthers: boolean): Peers {
  const { world, links, addresses } = ground
  const contacts = new Map<NodeId, Contact>()
  const placesRead = createPlaces()
  ground.lookIn((peer) => contacts.get(peer))
  ground.hear({ onStream: (from, stream) => answering(kernel, from, stream) })
  /** The nodes behind these places. Who they are, and who brings others to them, is known from then on. */
  const nodesAt = (places: readonly string[]): readonly NodeId[] =>
    places.flatMap((place) => {
      const invitation = placesRead.invitationAt(place, world.clock.nowMs())
      if (invitation === undefined) return []
      for (const contact of contactsOf(invitation)) {
        // Of others it is a claim, which takes the place of nothing that is known.
        if (contact.id !== invitation.id && ground.contactOf(contact.id) !== undefined) continue
        contacts.delete(contact.id)
        contacts.set(contact.id, contact)
        if (contacts.size > contactsMax) contacts.delete(contacts.keys().next().value as NodeId)
      }
      return [invitation.id]
    })
  return {
    async places() {
      const endMs = world.clock.nowMs() + placeMs
      // Whoever is among others may know the way to it, or have a link.
      const isReached = isAmongOthers || addresses.length > 0 || ground.brokers().length > 0
      return isReached ? [invitationHere(ground, endMs)] : []
    },
    async ask(places, question, signal) {
      let last: unknown
      for (const id of nodesAt(places)) {
        try {
          return await askOver(ground, id, question, signal)
        } catch (error) {
          if (signal?.aborted === true) throw error
          last = error
        }
      }
      throw away(last)
    },
    async greet(places, signal) {
      let last: unknown
      for (const id of nodesAt(places)) {
        const startMs = performance.now()
        try {
          await unlessAborted(links.connect(id), signal)
          return Math.round(links.peer(id)?.latencyMs ?? performance.now() - startMs)
        } catch (error) {
          if (signal?.aborted === true) throw error
          last = error
        }
      }
      throw away(last)
    },
  }
}

/** Places that are none of ours, or over, lead nowhere. Those that were read are known: each costs a signature's check. */
function createPlaces(): { invitationAt(place: string, nowMs: number): Invitation | undefined } {
  const known = new Map<string, Invitation | undefined>()
  const read = (place: string): Invitation | undefined => {
    try {
      return parseInvitation(place)
    } catch {
      return undefined
    }
  }
  return {
    invitationAt(place, nowMs) {
      if (!known.has(place)) known.set(place, read(place))
      if (known.size > contactsMax) known.delete(known.keys().next().value as string)
      const invitation = known.get(place)
      return invitation !== undefined && invitation.endMs > nowMs ? invitation : undefined
    },
  }
}

async function askOver(
  { links, world }: Ground,
  to: NodeId,
  question: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const giveUp = (): void => reject(broken())
  let stopTimer = (): void => {}
  const wait = (): void => {
    stopTimer()
    stopTimer = world.after(silenceMsMax, giveUp)
  }
  const answer = gather(messageBytesMax, { onWhole: resolve, onBroken: giveUp, onPiece: wait })
  const onAbort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true) onAbort()
  wait()
  let stream: LinkStream | undefined
  const opening = links.openStream(to, answer.events).then((opened) => {
    stream = opened
    answer.use(opened)
    opened.write(concatBytes(Uint8Array.of(questionStream), question))
    opened.end()
  })
  try {
    return await Promise.race([promise, opening.then(() => promise)])
  } catch (error) {
    stream?.reset()
    throw error
  } finally {
    stopTimer()
    signal?.removeEventListener('abort', onAbort)
  }
}

/** A stream that another node opened: its question, then our answer. */
function answering(kernel: Pick<Kernel, 'answer'>, from: NodeId, stream: LinkStream): StreamEvents {
  const question = gather(questionBytesMax, {
    async onWhole(bytes) {
      if (bytes[0] !== questionStream) return stream.reset()
      stream.write(await kernel.answer(bytes.subarray(1), from))
      stream.end()
    },
    onBroken: () => {},
  })
  question.use(stream)
  return question.events
}

/** All that comes on a stream, up to a limit. */
function gather(
  bytesMax: number,
  { onWhole, onBroken, onPiece }: { onWhole(bytes: Uint8Array): void; onBroken(): void; onPiece?(): void },
): { readonly events: StreamEvents; use(stream: LinkStream): void } {
  const pieces: Uint8Array[] = []
  let bytes = 0
  let stream: LinkStream | undefined
  return {
    use(opened) {
      stream = opened
    },
    events: {
      onData(piece) {
        bytes += piece.length
        if (bytes > bytesMax) {
          stream?.reset()
          onBroken()
          return
        }
        pieces.push(piece)
        onPiece?.()
        stream?.consumed(piece.length)
      },
      onEnd: () => onWhole(concatBytes(...pieces)),
      onReset: onBroken,
      onDrain: () => {},
    },
  }
}

function away(cause: unknown): Fault {
  return new Fault(
    'unavailable.peer',
    'The node of its owner does not answer. It may be switched off, or out of reach from here; try again later.',
    { cause },
  )
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function broken(): Fault {
  return new Fault('unavailable.peer', 'The other node broke off before it had answered. Try again.')
}
