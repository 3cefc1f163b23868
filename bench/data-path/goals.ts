import { formatBytes } from '@anarq/bytes'
import { counted, greatest } from '../table.ts'
import type { Figures, RowId } from './figures.ts'
import type { ContenderName } from './store.ts'

export type Facts = {
  readonly inputBytes: number
  readonly files: number
  readonly idleBytes: number | undefined
  readonly packages: number
}

export type Verdict = {
  readonly goal: string
  readonly measured: string
  /** Undefined: not measured in this run. */
  readonly isMet: boolean | undefined
}

const storedShareMax = 1.3
const shiftedBytesMax = 8 * 1024 * 1024
const largePeakBytesMax = 350e6
const idleBytesMax = 150e6
const shareShareMax = 1.25
const packagesMax = 150

/** Where each of them comes from is told in docs/BENCHMARKS.md. Times are of the command alone. */
export function judge(figures: Figures, facts: Facts): Verdict[] {
  const size = formatBytes(facts.inputBytes)
  const files = facts.files.toLocaleString('en')
  const own = (
    row: RowId,
    measure: 'cpuMs' | 'newBlocks' | 'newBytes' | 'peakBytes' | 'wallMs',
  ): number | undefined => figures.median(row, 'anarq', measure)
  const largest = (row: RowId): number | undefined => greatest(figures.all(row, 'anarq', 'newBytes'))
  return [
    asFast(figures, 'put-random', `put ${size} of random bytes`, 3),
    asFast(figures, 'put-text', `put ${size} of text`, 3),
    asFast(figures, 'get-random', `get ${size} of random bytes`, 2),
    asFast(figures, 'get-text', `get ${size} of text`, 2),
    asFast(figures, 'put-files', `put ${files} files`, 1),
    asFast(figures, 'get-files', `get ${files} files`, 1),
    verdict(
      `on the disk: at most ${storedShareMax} bytes for each byte of random`,
      figures.median('put-random', 'anarq', 'storedBytes'),
      (bytes) => [(bytes / facts.inputBytes).toFixed(3), bytes <= facts.inputBytes * storedShareMax],
    ),
    verdict('the same file again: no new blocks', own('again', 'newBlocks'), (blocks) => [
      counted(blocks),
      blocks === 0,
    ]),
    verdict('the same file again, read anew: no new blocks', own('thorough', 'newBlocks'), (blocks) => [
      counted(blocks),
      blocks === 0,
    ]),
    verdict(
      `one byte more at the start: at most ${formatBytes(shiftedBytesMax)} new`,
      largest('shifted'),
      (bytes) => [formatBytes(bytes), bytes <= shiftedBytesMax],
    ),
    verdict(
      `put 10 GiB: at most ${largePeakBytesMax / 1e6} MB of memory`,
      own('put-large', 'peakBytes'),
      (bytes) => [`${Math.round(bytes / 1e6)} MB`, bytes <= largePeakBytesMax],
    ),
    verdict(`an idle node: at most ${idleBytesMax / 1e6} MB of memory`, facts.idleBytes, (bytes) => [
      `${Math.round(bytes / 1e6)} MB`,
      bytes <= idleBytesMax,
    ]),
    sharesAreAlike(own('share-small', 'wallMs'), own('share-large', 'wallMs'), size),
    verdict(`runtime packages: fewer than ${packagesMax}`, facts.packages, (count) => [
      String(count),
      count < packagesMax,
    ]),
  ]
}

function verdict(
  goal: string,
  value: number | undefined,
  look: (value: number) => [string, boolean],
): Verdict {
  if (value === undefined) return { goal, measured: '', isMet: undefined }
  const [measured, isMet] = look(value)
  return { goal, measured, isMet }
}

function asFast(figures: Figures, row: RowId, what: string, timesMin: number): Verdict {
  const timesOf = (name: ContenderName): number | undefined => {
    const [own, theirs] = [figures.median(row, name, 'wallMs'), figures.median(row, 'restic', 'wallMs')]
    return own === undefined || theirs === undefined ? undefined : theirs / own
  }
  const served = timesOf('anarq, node running')
  const beside = served === undefined ? '' : `; ${served.toFixed(2)}× beside a node`
  return verdict(`${what}: at least ${timesMin}× as fast as restic`, timesOf('anarq'), (value) => [
    `${value.toFixed(2)}× as fast${beside}`,
    value >= timesMin,
  ])
}

function sharesAreAlike(small: number | undefined, large: number | undefined, size: string): Verdict {
  const share = small === undefined || large === undefined ? undefined : large / small
  const goal = `share ${size}: at most ${shareShareMax}× the time that 1 MiB takes`
  return verdict(goal, share, (value) => [`${value.toFixed(2)}×`, value <= shareShareMax])
}
