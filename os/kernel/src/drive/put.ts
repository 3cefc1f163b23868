import { formatBytes } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { type BlockSink, intake, type PutItem } from '@anarq/flows'
import { rawCodec } from '@anarq/ipld'
import type { Guardian } from '@anarq/qerberos'
import { deriveLockKey } from '@anarq/qompress'
import type { BranchRules } from '../branches/rules.ts'
import type { Quota, QuotaHolder } from '../health/quota.ts'
import type { PutOptions, PutReport } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'
import { lockCostOf } from './put-facts.ts'
import { createPutWork } from './put-work.ts'
import type { Found } from './resolve.ts'
import { checkTag } from './tags.ts'
import { wordsOf } from './words.ts'

/** For whom a grant allows to write: one new version of a file that is there, or files put into a folder. */
export type PutFor = { readonly into: Found; readonly by: string }

export type PutContext = {
  space: Space
  ports: KernelPorts
  guardian: Guardian
  quota: Quota
  branches: Pick<BranchRules, 'book' | 'branchOf' | 'chunkSecretOf'>
}

/** Items of the outside, through the flow in, to objects of the drive. */
export async function putItems(
  items: AsyncIterable<readonly PutItem[]>,
  options: PutOptions,
  context: PutContext,
  writer?: PutFor,
): Promise<PutReport> {
  const { space, ports, guardian, quota } = context
  const { signal, onProgress } = options
  using holder = await quota.holder()
  const lockKey =
    options.lock === undefined
      ? undefined
      : await deriveLockKey(options.lock, space.identity.secrets.lockSalt, lockCostOf(ports))
  const work = createPutWork({ ...options, tags: (options.tags ?? []).map(checkTag) }, context, writer)
  const sink = countingSink(ports, holder)
  let bytes = 0
  let wantedBytes = 0
  const results = intake({
    items: announced(work.select(items), (more) => {
      wantedBytes += more
    }),
    sealer: ports.sealer,
    sink,
    chunker: space.chunker,
    keys: { chunkSecret: space.identity.secrets.chunk, ...(lockKey === undefined ? {} : { lockKey }) },
    chunkSecretOf:
      space.chunkSecrets.isAny() || context.branches.book.hasFolders() ? work.chunkSecretOf : undefined,
    guardian,
    identity: space.did,
    peek: wordsOf,
    onBytes: (more) => {
      bytes += more
    },
    signal,
  })
  try {
    for await (const result of results) {
      if ('stage' in result) await work.file(result)
      else if (result.kind === 'folder') work.folder(result.path, result)
      else work.skip(result.path, result.fault)
      await work.commitIfDue()
      onProgress?.({ files: work.files(), bytes, path: 'stage' in result ? result.file.path : result.path })
    }
    await work.commit()
  } catch (error) {
    throw hasCode(error, 'unavailable.full') ? lacksRoom(error, wantedBytes - sink.counts().newBytes) : error
  } finally {
    await work.settled()
  }
  return work.report({ bytes, ...sink.counts() })
}

async function* announced(
  items: AsyncIterable<readonly PutItem[]>,
  onBytes: (bytes: number) => void,
): AsyncIterable<readonly PutItem[]> {
  for await (const batch of items) {
    for (const item of batch) if (item.kind === 'file') onBytes(item.bytes ?? 0)
    yield batch
  }
}

/** How much of what came so far found no room, as far as that was said before. */
function lacksRoom(cause: Fault, needBytes: number): Fault {
  if (needBytes <= 0) return cause
  return new Fault(
    'unavailable.full',
    `The disk is full: what is being put takes up to ${formatBytes(needBytes)} more. Nothing stored is lost; make room (anarq compact) and put it again.`,
    { cause, data: { ...cause.data, needBytes } },
  )
}

function countingSink({ blocks }: Pick<KernelPorts, 'blocks'>, holder: QuotaHolder) {
  let newBytes = 0
  let newBlocks = 0
  return {
    counts: () => ({ newBytes, newBlocks }),
    async putSealed(sealed: Parameters<BlockSink['putSealed']>[0]): Promise<void> {
      const added = await blocks.putSealed(
        sealed.map(({ digest, block }) => ({ codec: rawCodec, digest, parts: [block] })),
        'data',
      )
      newBytes += added.bytes
      newBlocks += added.blocks
      holder.added(added.bytes)
    },
    put: blocks.put,
  }
}
