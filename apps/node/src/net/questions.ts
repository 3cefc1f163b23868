import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Kernel, Peers } from '@anarq/kernel'
import { messageBytesMax, type NodeId } from '@anarq/qnet'
import type { LinkStream, StreamEvents } from '@anarq/qnet/link'
import { type Invitation, parseInvitation, writeInvitation } from '@anarq/qnet/record'
import type { Ground } from './ground.ts'

/** Streams begin with what they are for: this one carries one question, and back its answer. */
const questionStream = 1
const questionBytesMax = 16 * 1024
/** Without a byte of the answer for so long, nobody is there any more. */
const silenceMsMax = 15_000
const contactsMax = 1024
/** A place in a ping file leads here for so long. */
const placeMs = 365 * 24 * 3_600_000

/** The kernel's questions to other nodes, and its answers to theirs, over streams of links. */
export function openQuestions(ground: Ground, kernel: Pick<Kernel, 'answer'>): Peers {
  const { keys, world, addresses } = ground
  const contacts = new Map<NodeId, Invitation>()
  ground.lookIn((peer) => contacts.get(peer))
  ground.hear({ onStream: (from, stream) => answering(kernel, from, stream) })
  return {
    places: async () =>
      addresses.length === 0
        ? []
        : [writeInvitation(keys, { addresses, endMs: world.clock.nowMs() + placeMs })],
    async ask(places, question, signal) {
      let last: unknown
      for (const contact of places.flatMap((place) => contactOf(place, world.clock.nowMs()))) {
        contacts.delete(contact.id)
        contacts.set(contact.id, contact)
        if (contacts.size > contactsMax) contacts.delete(contacts.keys().next().value as NodeId)
        try {
          return await askOver(ground, contact.id, question, signal)
        } catch (error) {
          if (signal?.aborted === true) throw error
          last = error
        }
      }
      throw new Fault(
        'unavailable.peer',
        'The node of its owner does not answer. It may be switched off, or out of reach from here; try again later.',
        { cause: last },
      )
    },
  }
}

/** Places that are none of ours, or over, lead nowhere. */
function contactOf(place: string, nowMs: number): Invitation[] {
  try {
    const invitation = parseInvitation(place)
    return invitation.endMs > nowMs ? [invitation] : []
  } catch {
    return []
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

function broken(): Fault {
  return new Fault('unavailable.peer', 'The other node broke off before it had answered. Try again.')
}
