import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, cborCodec, digestOf } from '@anarq/ipld'
import type { Change, CommitInfo, QIndex } from '@anarq/qindex'
import { hashBlake3 } from '@anarq/qlock'
import type { Sealed } from './intake.ts'

/** The envelope that names a sealed body, and the change of the index that would make it visible. */
export type Registered = {
  readonly stage: 'registered'
  readonly sealed: Sealed
  readonly envelope: { readonly cid: Cid; readonly bytes: Uint8Array }
  readonly change: Change
}

/** The guardian has seen every stage so far in order, and each stage's bytes are the ones that the stage before made. */
export type Checked = { readonly stage: 'checked'; readonly registered: Registered }

export type Stored = {
  readonly stage: 'stored'
  readonly registered: Registered
  readonly commit: CommitInfo
}

/** Fourth stage: Qindex learns hashes and sealed metadata, never content. Nothing is written yet. */
export function register(sealed: Sealed, envelope: Registered['envelope'], change: Change): Registered {
  sealed.flow.report('registered', { hash: envelope.cid.multihash.digest, bytes: envelope.bytes.length })
  return { stage: 'registered', sealed, envelope, change }
}

/** Fifth stage: Qerberos recomputes the envelope's name and compares what the stages said. */
export function check(registered: Registered): Checked {
  const { envelope, sealed } = registered
  if (!equalBytes(hashBlake3(envelope.bytes), digestOf(envelope.cid))) {
    sealed.flow.end('refused', 'damaged.envelope')
    throw new Fault(
      'damaged.envelope',
      `The envelope of ${sealed.file.path} changed on its way to the store. Put the file again.`,
    )
  }
  sealed.flow.report('checked', { hash: envelope.cid.multihash.digest })
  return { stage: 'checked', registered }
}

/** Where envelopes go whose names were checked a moment ago. */
export type EnvelopeSink = {
  putSealed(
    blocks: readonly {
      readonly codec: typeof cborCodec
      readonly digest: Uint8Array
      readonly parts: readonly Uint8Array[]
    }[],
    blockClass: 'meta',
  ): Promise<unknown>
}

export type StoreOptions = {
  blocks: EnvelopeSink
  index: QIndex
  /** Changes that belong to the same moment: folders, names taken away. */
  others?: readonly Change[]
  signal?: AbortSignal | undefined
}

/** Last stage: envelopes first, then one signed commit of the index. Before the commit is durable, nothing is visible. */
export async function store(
  checked: readonly Checked[],
  { blocks, index, others = [], signal }: StoreOptions,
): Promise<readonly Stored[]> {
  await blocks.putSealed(
    checked.map(({ registered: { envelope } }) => {
      return { codec: cborCodec, digest: digestOf(envelope.cid), parts: [envelope.bytes] }
    }),
    'meta',
  )
  const changes = [...others, ...checked.map(({ registered }) => registered.change)]
  const batch = checked.map(({ registered }) => registered.envelope.cid.multihash.digest)
  const commit = await index.commit(changes, { batch, ...(signal === undefined ? {} : { signal }) })
  return checked.map(({ registered }) => {
    registered.sealed.flow.report('stored', { hash: commit.cid.multihash.digest })
    registered.sealed.flow.end('ok')
    return { stage: 'stored', registered, commit }
  })
}
