import { asFault, type Fault } from '@anarq/fault'
import { type Cid, cidKey, cidOfDigest, digestOf, rawCodec } from '@anarq/ipld'
import type { Grown } from '@anarq/qindex'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'
import type { Ledger } from './ledger.ts'
import { blocksOfVersion, type UsedBlock, usedBlocks, versionsIn } from './used-blocks.ts'

/**
 * Finds what an identity's index stands on: all of it once, and then what each commit adds, which is little. So nothing has to be
 * remembered of what was put, and what was put and not committed is nobody's business. Pieces are some hundred blocks; one at a time.
 */
export type Survey = {
  /** A piece of finding what names and opens things, up to the head; undefined where all of that was found. */
  name(): Promise<void> | undefined
  /** A piece of finding what is in the files that came since, and then of a look at everything; undefined where nothing is left. */
  list(): Promise<void> | undefined
  /** Begins a look at everything, where none is under way. */
  begin(): void
  /** Whether everything was looked at, and all of it could be, since this was last asked: only then others may be told to let go of the rest. */
  takeWhole(): boolean
  /** Whether all that is in use was looked at. */
  isOver(): boolean
}

export type SurveyOptions = {
  readonly space: Space
  /** What is not here comes from others. */
  readonly blocks: KernelPorts['blocks']
  readonly disk: Pick<KernelPorts['blocks'], 'has'>
  readonly ledger: Ledger
  /** Of a file: what it stands on is others' business. */
  isLeftOut(id: Uint8Array): boolean
  onFound(part: UsedBlock['part'], cid: Cid): void
  onFault(fault: Fault): void
}

const pieceBlocks = 256
/** Files that came and whose contents wait; more are found by a look at everything. */
const versionsMax = 100_000

export function createSurvey(options: SurveyOptions): Survey {
  const { space, blocks, disk, ledger, isLeftOut, onFound, onFault } = options
  const { index } = space
  /** The head whose every name for things was found. */
  let named = ledger.walkedTo && cidOfDigest(rawCodec, ledger.walkedTo)
  let naming: Naming | undefined
  const versions = new Map<string, Cid>()
  let listing: AsyncGenerator<Cid> | undefined
  let walk: Walk | undefined
  let isWalkWanted = false
  let isWhole = false

  const find: Find = async (part, cid) => {
    walk?.keep(digestOf(cid))
    if (!(await disk.has(cid))) await blocks.get(cid).catch((error) => onFault(asFault(error)))
    onFound(part, cid)
  }
  const begin = (): void => {
    if (walk !== undefined) return
    isWalkWanted = false
    walk = startWalk(options)
  }

  async function nameOn({ to, grown }: Naming): Promise<void> {
    for (let i = 0; i < pieceBlocks; i += 1) {
      const { value, done } = await grown.next()
      if (done === true) {
        naming = undefined
        named = to
        return
      }
      if ('cid' in value) await find('meta', value.cid)
      else if (!isLeftOut(value.record.id))
        for (const cid of newVersions(value)) {
          await find('meta', cid)
          if (versions.size < versionsMax) versions.set(cidKey(digestOf(cid)), cid)
          else isWalkWanted = true
        }
    }
  }

  async function listOn(on: AsyncGenerator<Cid>): Promise<void> {
    try {
      for (let i = 0; i < pieceBlocks; i += 1) {
        const { value, done } = await on.next()
        if (done === true) {
          listing = undefined
          return
        }
        await find('data', value)
      }
    } catch (error) {
      listing = undefined
      onFault(asFault(error))
    }
  }

  async function walkOn(on: Walk): Promise<void> {
    const { hasNames, isOver } = await on.next(find)
    if (hasNames) named ??= on.from
    if (!isOver) return
    walk = undefined
    isWhole = !on.hasFaults()
  }

  return {
    name() {
      if (named === undefined) {
        begin()
        return walkOn(walk as Walk)
      }
      const head = index.head()?.cid
      if (head === undefined || (naming === undefined && named.equals(head))) return undefined
      naming ??= { to: head, grown: index.grown(named)[Symbol.asyncIterator]() }
      return nameOn(naming).catch((error: unknown) => {
        // What came since cannot all be told: everything is looked at instead, from the beginning.
        naming = undefined
        named = undefined
        walk = undefined
        throw error
      })
    },
    list() {
      const next = listing === undefined ? takeFirst(versions) : undefined
      if (next !== undefined) listing = blocksOfVersion(space, { blocks }, { cid: next })
      if (listing !== undefined) return listOn(listing)
      if (isWalkWanted) begin()
      return walk && walkOn(walk)
    },
    begin,
    takeWhole() {
      const was = isWhole
      isWhole = false
      return was
    },
    isOver: () =>
      walk === undefined &&
      !isWalkWanted &&
      naming === undefined &&
      listing === undefined &&
      versions.size === 0 &&
      named !== undefined &&
      index.head()?.cid.equals(named) === true,
  }
}

type Find = (part: UsedBlock['part'], cid: Cid) => Promise<void>

type Naming = { readonly to: Cid; readonly grown: AsyncIterator<Grown> }

/** A look at everything; what is noted and not found by it is forgotten at its end. */
type Walk = {
  /** The head that it began at. */
  readonly from: Cid | undefined
  keep(digest: Uint8Array): void
  /** A piece. `hasNames`: all that names things was found. */
  next(find: Find): Promise<{ readonly hasNames: boolean; readonly isOver: boolean }>
  hasFaults(): boolean
}

function startWalk({ space, blocks, ledger, isLeftOut, onFault }: SurveyOptions): Walk {
  let hasFaults = false
  const renewal = ledger.renew()
  const used = usedBlocks(
    space,
    { blocks },
    (fault) => {
      hasFaults = true
      onFault(fault)
    },
    isLeftOut,
  )
  return {
    from: space.index.head()?.cid,
    keep: renewal.keep,
    async next(find) {
      let hasNames = false
      for (let i = 0; i < pieceBlocks; i += 1) {
        const { value, done } = await used.next().catch((error: unknown) => {
          // It ends here the next time that it is asked, and was not all.
          hasFaults = true
          throw error
        })
        if (done === true) {
          renewal.end()
          return { hasNames: true, isOver: true }
        }
        hasNames ||= value.part === 'data'
        await find(value.part, value.cid)
      }
      return { hasNames, isOver: false }
    },
    hasFaults: () => hasFaults,
  }
}

function newVersions({ record, before }: Extract<Grown, { record: unknown }>): readonly Cid[] {
  const known = new Set(
    (before === undefined ? [] : versionsIn(before)).map(({ cid }) => cidKey(digestOf(cid))),
  )
  return versionsIn(record).flatMap(({ cid }) => (known.has(cidKey(digestOf(cid))) ? [] : [cid]))
}

function takeFirst<T>(from: Map<string, T>): T | undefined {
  const [first] = from
  if (first !== undefined) from.delete(first[0])
  return first?.[1]
}
