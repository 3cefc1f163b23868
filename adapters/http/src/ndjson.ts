import { Readable } from 'node:stream'

export const ndjsonType = 'application/x-ndjson'

/** Events of a long piece of work, one JSON text a line; its outcome, or what went wrong, is the last. */
export function eventStream(
  run: (emit: (event: object) => void) => Promise<object>,
  errorEvent: (error: unknown) => object,
): Readable {
  const out = new Readable({ read() {} })
  const emit = (event: object): void => {
    if (!out.destroyed) out.push(`${JSON.stringify(event)}\n`)
  }
  void run(emit)
    .then(emit, (error: unknown) => emit(errorEvent(error)))
    .then(() => out.push(null))
  return out
}

const lineGroup = 64

/** Each thing a line, as fast as they are taken; `{ "error": … }` is the last line where they stop short. */
export function lineStream(things: AsyncIterable<object>, errorEvent: (error: unknown) => object): Readable {
  return Readable.from(lines(things, errorEvent), { objectMode: false, highWaterMark: 256 * 1024 })
}

async function* lines(
  things: AsyncIterable<object>,
  errorEvent: (error: unknown) => object,
): AsyncIterable<string> {
  let group = ''
  let count = 0
  try {
    for await (const thing of things) {
      group += `${JSON.stringify(thing)}\n`
      count += 1
      if (count < lineGroup) continue
      yield group
      group = ''
      count = 0
    }
  } catch (error) {
    group += `${JSON.stringify(errorEvent(error))}\n`
  }
  if (group !== '') yield group
}

/** At most one call in so many milliseconds; the first goes through at once. */
export function atMostEvery<T>(ms: number, call: (value: T) => void): (value: T) => void {
  let dueMs = 0
  return (value) => {
    const now = performance.now()
    if (now < dueMs) return
    dueMs = now + ms
    call(value)
  }
}

const lineCharactersMax = 16 * 1024 * 1024

/** The lines of such a stream, parsed; a last line without its end was cut off and is given to nobody. */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let rest = ''
  for await (const piece of source) {
    rest += decoder.decode(piece, { stream: true })
    const all = rest.split('\n')
    rest = all.pop() ?? ''
    if (rest.length > lineCharactersMax) throw new RangeError('a line is too long')
    for (const line of all) if (line !== '') yield JSON.parse(line)
  }
}
