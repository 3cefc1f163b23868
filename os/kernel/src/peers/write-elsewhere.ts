import { concatBytes } from '@anarq/bytes'
import { decidedElsewhere, type PutItem } from '@anarq/flows'
import type { PutReport } from '../operations.ts'
import type { SharingContext } from '../sharing/context.ts'
import { asks, note, type PingElsewhere, proveGrant } from './elsewhere.ts'
import { encodeItems } from './item-stream.ts'
import { encodeQuestion, givenBytesMax } from './messages.ts'
import { parseGiven, parseReport, parseWriting } from './write-messages.ts'
import { piecesAheadMax } from './writings.ts'

type WriteOptions = { readonly purpose?: string; readonly signal?: AbortSignal | undefined }

/**
 * Files for the owner's node, which decides, takes them in under the owner's keys, and says what became of them. They travel in the link
 * as they are, because nobody but the owner has the keys that they are kept under.
 */
export async function writeElsewhere(
  context: SharingContext,
  there: PingElsewhere,
  items: AsyncIterable<readonly PutItem[]>,
  { purpose, signal }: WriteOptions,
): Promise<PutReport> {
  const { ping, peers } = there
  const asking = asks(context, there, { action: '/qnt/write', purpose })
  const { flow } = asking.signed.requested
  try {
    const question = encodeQuestion({ ask: 'write', ...asking.fields })
    const answer = await peers.ask(ping.where, question, signal)
    const { writing, delegation, name } = parseWriting(answer)
    proveGrant(context, there, asking, delegation)
    decidedElsewhere(asking.signed, answer)
    await note(context, there, { flow: flow.id, name, delegation }, { isWriting: true })
    const report = await giveAll(there, writing, items, signal)
    flow.end('ok')
    return report
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

/** So many pieces are on their way as the other node takes ahead. */
async function giveAll(
  { ping, peers }: PingElsewhere,
  writing: Uint8Array,
  items: AsyncIterable<readonly PutItem[]>,
  signal: AbortSignal | undefined,
): Promise<PutReport> {
  const failed = new AbortController()
  const until = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  const give = (number: number, piece: Uint8Array, isLast: boolean): Promise<Uint8Array> =>
    peers.ask(ping.where, encodeQuestion({ ask: 'give', writing, number, piece, isLast }), until)
  const under = new Set<Promise<void>>()
  let number = 0
  try {
    for await (const piece of pieced(encodeItems(items))) {
      until.throwIfAborted()
      const given: Promise<void> = give(number, piece, false)
        .then(parseGiven)
        .finally(() => under.delete(given))
      // The first that fails is thrown where the others are waited for.
      given.catch((error: unknown) => failed.abort(error))
      under.add(given)
      number += 1
      while (under.size >= piecesAheadMax) await Promise.race(under)
    }
    await Promise.all(under)
    return parseReport(await give(number, new Uint8Array(0), true), ping.owner)
  } catch (error) {
    failed.abort(error)
    throw failed.signal.aborted && signal?.aborted !== true ? failed.signal.reason : error
  }
}

/** The same bytes in pieces that are as long as may be. */
async function* pieced(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = []
  let bytes = 0
  for await (const frame of frames) {
    held.push(frame)
    bytes += frame.length
    if (bytes < givenBytesMax) continue
    let rest = concatBytes(...held)
    for (; rest.length >= givenBytesMax; rest = rest.subarray(givenBytesMax))
      yield rest.subarray(0, givenBytesMax)
    held = [rest]
    bytes = rest.length
  }
  if (bytes > 0) yield concatBytes(...held)
}
