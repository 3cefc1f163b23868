import { median } from '../table.ts'
import type { Run } from '../tools.ts'
import type { ContenderName } from './store.ts'

/** What is measured of each contender. */
export type RowId =
  | `put-${InputName}`
  | `get-${InputName}`
  | 'again'
  | 'thorough'
  | 'shifted'
  | 'put-large'
  | 'share-small'
  | 'share-large'

export type InputName = 'random' | 'text' | 'files'

export type Sample = Run & {
  readonly newBytes?: number
  readonly newBlocks?: number
  readonly storedBytes?: number
}

type Measure = 'wallMs' | 'cpuMs' | 'peakBytes' | 'newBytes' | 'newBlocks' | 'storedBytes'

/** All samples of one run of the benchmark, and what follows from them. */
export type Figures = {
  add(row: RowId, contender: ContenderName, sample: Sample): void
  /** One value a round; empty where it was not measured. */
  all(row: RowId, contender: ContenderName, measure: Measure): readonly number[]
  median(row: RowId, contender: ContenderName, measure: Measure): number | undefined
}

export function createFigures(): Figures {
  const samples = new Map<string, Sample[]>()
  const all: Figures['all'] = (row, contender, measure) =>
    (samples.get(`${row} ${contender}`) ?? [])
      .map((sample) => sample[measure])
      .filter((value) => value !== undefined)
  return {
    add(row, contender, sample) {
      const key = `${row} ${contender}`
      const known = samples.get(key)
      if (known === undefined) samples.set(key, [sample])
      else known.push(sample)
    },
    all,
    median: (row, contender, measure) => median(all(row, contender, measure)),
  }
}
