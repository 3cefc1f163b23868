/** What the tables say only together with it; small, and kept in a snapshot beside them. */
export type Ledger = {
  root: Uint8Array | undefined
  nextNum: number
  /** Folders that something lies in and that are not there as folders: id in hexadecimal to number. */
  ghosts: Map<string, number>
  /** Ids in hexadecimal of folders that are lifted to the root folder because they lie in a cycle. */
  cuts: Set<string>
  /** Names that several carry, by folder. */
  crowds: Map<number, Set<string>>
  /** Names of which more or fewer carry them since the shown names were settled, by folder. */
  touched: Map<number, Set<string> | 'all'>
  /** True once a name was shown that is not the given one. */
  isRenamed: boolean
  /** Rows up to this number are in the full text; those of them whose words changed since are in `stale`. */
  indexedTo: number
  stale: Set<number>
  /** Tables and indexes that are there already. */
  parts: Set<Part>
}

/** What is made when it is first needed, because that is quicker than to keep it while many records come. */
export type Part = 'folders' | 'kinds' | 'search' | 'sizes'

export function createLedger(): Ledger {
  return {
    root: undefined,
    nextNum: 1,
    ghosts: new Map(),
    cuts: new Set(),
    crowds: new Map(),
    touched: new Map(),
    isRenamed: false,
    indexedTo: 0,
    stale: new Set(),
    parts: new Set(),
  }
}

/** Somebody came to this name in this folder, or left it. */
export function touch({ touched, parts }: Ledger, home: number, name: string): void {
  // Before the first question, nothing has been settled that this could unsettle.
  if (!parts.has('folders')) return
  const names = touched.get(home)
  if (names === undefined) touched.set(home, new Set([name]))
  else if (names !== 'all' && names.add(name).size > namesMax) touched.set(home, 'all')
}

export function touchAll({ touched, parts }: Ledger, home: number): void {
  if (parts.has('folders')) touched.set(home, 'all')
}

/** How many names of a folder are remembered one by one before the whole folder is looked through. */
const namesMax = 20_000
