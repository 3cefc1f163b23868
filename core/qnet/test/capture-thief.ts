import { Session } from 'node:inspector'
import { fromHex, toHex } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { bodyFrom, plainBytes, tagBytes } from '../src/circuit/cell.ts'
import { cellAead } from '../src/circuit/layer.ts'
import { headBytes } from '../src/link/frame.ts'
import { slabBytes } from '../src/link/key-store.ts'

/**
 * Everything in memory that could be a key, taken at one moment: of all nodes at once, which are in this process. As text, so that a
 * second theft does not find the first one's.
 */
export type Loot = {
  /** 44 bytes each, wherever a link could keep a key and its salt. */
  readonly frameKeys: readonly string[]
  /** 32 bytes each: every array of a key's length. */
  readonly cellKeys: readonly string[]
}

/** A key lies in an array of its own, or in those that links keep for many. */
const arrayBytesMax = 256
const frameKeyBytes = 32 + 12

/** Every byte array that the collector cannot take away, as a debugger finds them: private fields and closures hide nothing. */
export function stealMemory(recorded: ReadonlySet<Uint8Array>): Loot {
  const arrays = liveArrays().filter((bytes) => !recorded.has(bytes))
  const frameKeys = new Set<string>()
  for (const bytes of arrays)
    for (let at = 0; at + frameKeyBytes <= bytes.length; at += 1) {
      const window = bytes.subarray(at, at + frameKeyBytes)
      if (looksRandom(window)) frameKeys.add(toHex(window))
    }
  const cellKeys = new Set(arrays.filter(({ length }) => length === 32).map((bytes) => toHex(bytes)))
  return { frameKeys: [...frameKeys], cellKeys: [...cellKeys] }
}

function liveArrays(): Uint8Array[] {
  const session = new Session()
  session.connect()
  const post = <T>(method: string, parameters: object): T => {
    let answer: T | undefined
    session.post(method, parameters, (error, result) => {
      if (error !== null) throw error
      answer = result as T
    })
    return answer as T
  }
  const found: unknown[] = []
  const slot = Symbol.for('anarq test: live arrays')
  Reflect.set(globalThis, slot, found)
  const prototype = post<{ result: { objectId: string } }>('Runtime.evaluate', {
    expression: 'Uint8Array.prototype',
  })
  const { objects } = post<{ objects: { objectId: string } }>('Runtime.queryObjects', {
    prototypeObjectId: prototype.result.objectId,
  })
  post('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: `function () { for (const one of this) globalThis[Symbol.for('anarq test: live arrays')].push(one) }`,
  })
  Reflect.deleteProperty(globalThis, slot)
  session.disconnect()
  return found.filter(
    (one): one is Uint8Array =>
      ArrayBuffer.isView(one) &&
      one.byteLength >= 32 &&
      (one.byteLength <= arrayBytesMax || one.byteLength === slabBytes),
  )
}

/** Of 44 random bytes hardly ever fewer than 30 differ; of text and zeros hardly ever as many. */
function looksRandom(window: Uint8Array): boolean {
  return new Set(window).size >= 30
}

/** A frame as it was on the wire, and its number since its key began. */
export type RecordedFrame = { readonly bytes: Uint8Array; readonly number: number }

export function opensFrame({ frameKeys }: Loot, { bytes, number }: RecordedFrame): boolean {
  const [sealed, head] = [bytes.subarray(headBytes), bytes.subarray(0, headBytes)]
  return frameKeys.some((hex) => {
    const window = fromHex(hex)
    const nonce = window.slice(32)
    for (let i = 0, rest = number; rest > 0; i += 1, rest = Math.floor(rest / 256))
      nonce[i] = (nonce[i] as number) ^ (rest & 255)
    return primitives.chachaOpen(window.subarray(0, 32), nonce, sealed, head) !== undefined
  })
}

/** Whether any key opens a cell, whichever number it had since that key began. */
export function opensCell({ cellKeys }: Loot, cell: Uint8Array, numbersMax: number): boolean {
  const body = cell.subarray(bodyFrom)
  const [sealed, tail] = [body.subarray(0, plainBytes + tagBytes), body.subarray(plainBytes + tagBytes)]
  const nonce = new Uint8Array(12)
  return cellKeys.some((hex) => {
    const key = fromHex(hex)
    for (let number = 0; number < numbersMax; number += 1) {
      new DataView(nonce.buffer).setUint32(8, number)
      if (cellAead.open(key, nonce, sealed, tail) !== undefined) return true
    }
    return false
  })
}
