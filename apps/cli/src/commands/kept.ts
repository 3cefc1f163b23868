import { formatBytes } from '@anarq/bytes'
import type { KeptCounts, KeptEntryFacts, KeptFacts, Operations } from '@anarq/kernel'
import type { NeighbourhoodFacts } from '@anarq/sdk'
import type { Context } from '../command.ts'
import { shown, table } from '../terminal.ts'

const progressEveryMs = 500

/** Everything that other nodes kept of this home, with what has come so far on the way. */
export async function backFromOthers(
  { terminal, signal }: Pick<Context, 'signal' | 'terminal'>,
  { keeping }: Pick<Operations, 'keeping'>,
  invitation: string | undefined,
): Promise<number> {
  const timer = setInterval(() => {
    keeping.kept().then(
      ({ returning }) =>
        terminal.status(
          returning === undefined
            ? 'Looking for other nodes …'
            : `${returning.blocks} blocks, ${formatBytes(returning.bytes)} from other nodes`,
        ),
      () => {},
    )
  }, progressEveryMs)
  try {
    const back = await keeping.bringBack({ invitation, signal })
    terminal.status('')
    terminal.result(
      back,
      [
        `Welcome back. ${counted(back.identities, 'identity', 'identities')}, ${counted(back.files, 'file', 'files')}; ${counted(back.blocks, 'block', 'blocks')} (${formatBytes(back.bytes)}) came from other nodes.`,
        ...(back.missing === 0
          ? ['Everything is here.']
          : [
              `${counted(back.missing, 'block is', 'blocks are')} kept by nobody that answers now. Try again later with: anarq net bring-back`,
            ]),
      ].join('\n'),
    )
    return back.missing === 0 ? 0 : 1
  } finally {
    clearInterval(timer)
  }
}

export function describeKept(facts: KeptFacts): string {
  const { isAmongNeighbours, copies, blocks, index, isCounted, returning, refused, held } = facts
  return [
    isAmongNeighbours
      ? 'Other nodes keep copies of what is here.'
      : 'No other node is there now that could keep copies. See: anarq net status',
    table([
      ['full', String(blocks.full), `all ${copies} holders have it: any five may be lost at once`],
      ['fewer', String(blocks.fewer), 'some have it; there are not more other nodes, or they do not answer'],
      ['alone', String(blocks.alone), 'waits: only this disk has it'],
    ]),
    ...(refused === undefined ? [] : [describeRefused(refused)]),
    ...(held === undefined ? [] : [describeHeld(held)]),
    ...(isCounted || !isAmongNeighbours
      ? []
      : ['Still looking at what is here; these are those counted so far.']),
    index === undefined
      ? 'Nothing would come back with the words alone yet.'
      : index.isNewest
        ? 'With the words alone, everything up to now comes back as far as it is kept.'
        : `With the words alone, everything up to change ${index.sequence} comes back; what is newer is on its way.`,
    ...(returning === undefined ? [] : [`Coming back now: ${formatBytes(returning.bytes)} so far.`]),
  ].join('\n')
}

/** Of the holders of one block; the others have it, or do not answer. */
function describeRefused({ full, share }: NonNullable<KeptFacts['refused']>): string {
  const why = [
    ...(full === 0 ? [] : [`${counted(full, 'holder is', 'holders are')} full`]),
    ...(share === 0
      ? []
      : [`${counted(share, 'holder keeps', 'holders keep')} as much for this node as it may already`]),
  ]
  return why.length === 0
    ? 'Where too few have a block, nobody refused: there are not more nodes, or they do not answer.'
    : `Of those asked for the last block that too few have, ${why.join(', and ')}. It is tried again.`
}

function describeHeld({ blocks, bytes, bytesMax }: NonNullable<KeptFacts['held']>): string {
  return bytesMax === 0
    ? 'This node gives no room (--give none), so it has no seat: others keep little for it, and that goes first.'
    : `Held here for others: ${blocks} blocks, ${formatBytes(bytes)} of at most ${formatBytes(bytesMax)}`
}

export function describeKeptEntry({ name, guarantee, files, blocks }: KeptEntryFacts): string {
  const of = files === 1 ? '' : `, ${files} files`
  return `${shown(name)}${of}: ${guaranteeWords[guarantee]} (${blocksText(blocks)})`
}

const guaranteeWords = {
  full: 'all holders have all of it',
  fewer: 'others have all of it, some of it in too few copies',
  alone: 'a part of it is on this disk alone',
} as const

function blocksText({ full, fewer, alone }: KeptCounts): string {
  return `blocks: ${full} full, ${fewer} fewer, ${alone} alone`
}

export function describeNeighbourhood({ held, members, prefix }: NeighbourhoodFacts): string {
  const rows = members.map(({ id, row, column, isSelf, isAnswering, latencyMs, answered, asked }) => [
    `${row + 1}/${column + 1}`,
    id.slice(0, 16),
    isSelf ? 'this node' : isAnswering ? 'answers' : 'silent',
    latencyMs === undefined ? '' : `${latencyMs} ms`,
    isSelf ? '' : `${answered} of ${asked}`,
  ])
  return [
    prefix === undefined
      ? held.bytesMax === 0
        ? 'This node has no neighbourhood: who gives no room has no seat.'
        : 'This node has no neighbourhood yet.'
      : `Neighbourhood ${prefix === '' ? 'of the whole network' : prefix}: ${members.length} of 25 seats`,
    ...(rows.length === 0 ? [] : [table(rows)]),
    describeHeld(held),
  ].join('\n')
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
