import { formatBytes } from '@anarq/bytes'
import { counted, greatest, markdown, median, ratio, seconds, spread } from '../table.ts'
import type { ProcessFacts } from '../tools.ts'
import type { Figures, RowId } from './figures.ts'
import type { Verdict } from './goals.ts'
import type { ContenderName } from './store.ts'

export type ReportInput = {
  readonly figures: Figures
  /** The columns: whoever took part, in order. */
  readonly names: readonly ContenderName[]
  readonly labels: Readonly<Record<RowId, string>>
}

/** Names of the rows, for inputs of this size. */
export function labelsFor(inputBytes: number, files: number): Record<RowId, string> {
  const size = formatBytes(inputBytes)
  const many = `${files.toLocaleString('en')} files of 4 KiB`
  return {
    'put-random': `put ${size} of random bytes`,
    'get-random': `get ${size} of random bytes`,
    'put-text': `put ${size} of text`,
    'get-text': `get ${size} of text`,
    'put-files': `put ${many}`,
    'get-files': `get ${many}`,
    again: `put the same ${size} again`,
    thorough: `put the same ${size} again, read anew`,
    shifted: `put it with one byte more at the start`,
    'put-large': 'put 10 GiB of random bytes',
    'share-small': 'share 1 MiB with one more reader',
    'share-large': `share ${size} with one more reader`,
  }
}

const storing = ['put-random', 'put-text', 'get-random', 'get-text', 'put-files', 'get-files'] as const
const repeating = ['again', 'thorough', 'shifted'] as const
const sharing = ['share-small', 'share-large'] as const

export function timesTable({ figures, names, labels }: ReportInput): string {
  const rows = [...storing, ...repeating, ...sharing].map((row) => {
    const own = figures.median(row, 'anarq', 'wallMs')
    const ratios = (['restic', 'age'] as const).map((other) =>
      ratio(figures.median(row, other, 'wallMs'), own),
    )
    return [labels[row], ...names.map((name) => spread(figures.all(row, name, 'wallMs'))), ...ratios]
  })
  return markdown(['time: median (least–most)', ...names, 'restic ÷ anarq', 'age ÷ anarq'], rows)
}

export function cpuTable({ figures, names, labels }: ReportInput): string {
  const cell = (row: RowId, name: ContenderName): string => {
    const ms = figures.median(row, name, 'cpuMs')
    return ms === undefined ? '' : `${seconds(ms)} s`
  }
  const rows = [...storing, ...repeating].map((row) => [labels[row], ...names.map((name) => cell(row, name))])
  return markdown(['CPU time of all cores: median', ...names], rows)
}

export function roomTable({ figures, names, labels }: ReportInput): string {
  const kept = (['put-random', 'put-text', 'put-files'] as const).map((row) => [
    `${labels[row]}: on the disk`,
    ...names.map((name) => bytesCell(figures.median(row, name, 'storedBytes'))),
  ])
  const fresh = repeating.map((row) => [
    `${labels[row]}: new`,
    ...names.map((name) =>
      freshCell(figures.all(row, name, 'newBlocks'), figures.all(row, name, 'newBytes')),
    ),
  ])
  return markdown(['room', ...names], [...kept, ...fresh])
}

export function memoryTable({ figures, names, labels }: ReportInput, idle: ProcessFacts | undefined): string {
  const rows = [...storing, 'put-large' as const]
    .filter((row) => names.some((name) => figures.all(row, name, 'peakBytes').length > 0))
    .map((row) => [
      labels[row],
      ...names.map((name) => bytesCell(greatest(figures.all(row, name, 'peakBytes')))),
    ])
  const idleCells = names.map((name) =>
    name === 'anarq' && idle !== undefined ? formatBytes(idle.residentBytes) : '',
  )
  return markdown(
    ['most memory held', ...names],
    [...rows, ['a node, idle 10 s after its start', ...idleCells]],
  )
}

export function goalsTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ goal, measured, isMet }) => [
    goal,
    measured,
    isMet === undefined ? 'not measured' : isMet ? 'met' : 'not met',
  ])
  return markdown(['goal', 'measured', 'verdict'], rows)
}

function bytesCell(bytes: number | undefined): string {
  return bytes === undefined ? '' : formatBytes(bytes)
}

function freshCell(blocks: readonly number[], bytes: readonly number[]): string {
  const middle = median(blocks)
  return middle === undefined ? '' : `${counted(middle)}, ${bytesCell(median(bytes))}`
}
