import { compareBytes, toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { readBytes, readInt } from '@anarq/ipld'

/**
 * When a field was written: a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014).
 * `ms` is wall time as far as the clock could be trusted, `counter` breaks ties within it, `device` (8 bytes)
 * breaks ties between devices. The order is total: ms, counter, device.
 */
export type Stamp = { readonly ms: number; readonly counter: number; readonly device: Uint8Array }

/** The part of a stamp that a whole index can be said to have reached. */
export type ClockMark = { readonly ms: number; readonly counter: number }

export type StampClock = {
  /** A stamp greater than every stamp given out or observed before. */
  tick(): Stamp
  /** Makes later stamps greater than this one. */
  observe(mark: ClockMark): void
  mark(): ClockMark
}

export const deviceBytes = 8
/** The year 10889: enough for people, and 12 hexadecimal digits. */
export const stampMsMax: number = 2 ** 48 - 1
const counterMax = 2 ** 32 - 1

/**
 * Never goes back: where the wall clock stands still, jumps back or was set to another year and put right again,
 * the counter takes over until the wall clock has caught up. `device` has 8 bytes.
 */
export function createStampClock({ clock, device }: { clock: Clock; device: Uint8Array }): StampClock {
  if (device.length !== deviceBytes) {
    throw new Fault('invalid.device', `A device is named by ${deviceBytes} bytes, not ${device.length}.`)
  }
  let last: ClockMark = { ms: 0, counter: 0 }
  return {
    tick() {
      last = markAfter(last, clock.nowMs())
      return { ms: last.ms, counter: last.counter, device }
    },
    observe(mark) {
      if (compareMarks(mark, last) > 0) last = { ms: mark.ms, counter: mark.counter }
    },
    mark: () => last,
  }
}

export function compareMarks(a: ClockMark, b: ClockMark): number {
  return a.ms - b.ms || a.counter - b.counter
}

export function compareStamps(a: Stamp, b: Stamp): number {
  if (a === b) return 0
  return a.ms - b.ms || a.counter - b.counter || compareBytes(a.device, b.device)
}

/** 36 hexadecimal digits whose text order is the order of stamps: for sorting where there is no `compareStamps`. */
export function stampKey(stamp: Stamp): string {
  if (last.stamp !== stamp) {
    const { ms, counter, device } = stamp
    const key = ms.toString(16).padStart(12, '0') + counter.toString(16).padStart(8, '0') + toHex(device)
    last = { stamp, key }
  }
  return last.key
}

/** Thousands of records that were written together share one. */
let last: { readonly stamp: Stamp | undefined; readonly key: string } = { stamp: undefined, key: '' }

/** Three values as they stand in a record: ms, counter, device. */
export function readStamp(ms: unknown, counter: unknown, device: unknown, what: string): Stamp {
  const mark = readMark(ms, counter, what)
  return { ms: mark.ms, counter: mark.counter, device: readBytes(device, what, { length: deviceBytes }) }
}

export function readMark(ms: unknown, counter: unknown, what: string): ClockMark {
  return {
    ms: readInt(ms, what, { max: stampMsMax }),
    counter: readInt(counter, what, { max: counterMax }),
  }
}

function markAfter(last: ClockMark, nowMs: number): ClockMark {
  const wallMs = Number.isFinite(nowMs) ? Math.min(Math.max(Math.floor(nowMs), 0), stampMsMax) : 0
  if (wallMs > last.ms) return { ms: wallMs, counter: 0 }
  if (last.counter < counterMax) return { ms: last.ms, counter: last.counter + 1 }
  if (last.ms < stampMsMax) return { ms: last.ms + 1, counter: 0 }
  throw new Fault('limit.stamp', 'The clock of this index has reached its end. Set the clock of the machine.')
}
