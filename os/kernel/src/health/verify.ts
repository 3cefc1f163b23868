import { asFault } from '@anarq/fault'
import { type Cid, cidKey, digestOf } from '@anarq/ipld'
import { folderKind, type IndexRecord, pathOf, readFile } from '@anarq/qindex'
import { blocksOf } from '@anarq/qnt'
import { isPurged, openVersion } from '../drive/versions.ts'
import type { Office } from '../office.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'
import type { Finding, VerifyReport } from './operations.ts'

export type VerifyOptions = {
  /** Only this file, or what is in this folder. */
  id?: Uint8Array
  onProgress?: ((done: { files: number; bytes: number }) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Blocks read at once. */
const readsMax = 8

/** Reads every block that the files of an identity stand on, each once, and names what does not read. */
export async function verifyFiles(
  { space }: Office,
  { blocks }: Pick<KernelPorts, 'blocks'>,
  { id, onProgress, signal }: VerifyOptions,
): Promise<VerifyReport> {
  const findings: Finding[] = []
  /** What is known of a block already: sound or not. */
  const known = new Map<string, string | undefined>()
  let files = 0
  let bytes = 0

  const read = async (cid: Cid): Promise<string | undefined> => {
    const key = cidKey(digestOf(cid))
    if (known.has(key)) return known.get(key)
    const trouble = await blocks.get(cid).then(
      (block) => {
        bytes += block?.length ?? 0
        return block === undefined ? 'a part of it is missing' : undefined
      },
      (error: unknown) => asFault(error).message,
    )
    known.set(key, trouble)
    return trouble
  }

  for await (const record of id === undefined ? space.index.records() : recordsBelow(space, id)) {
    signal?.throwIfAborted()
    if (record.kind !== 'file' || isPurged(record)) continue
    const file = readFile(record)
    const path = pathOf(space.view, record.id) ?? file.name
    for (const version of file.versions) {
      const which = version === file.versions[0] ? '' : ` (version ${version.sequence + 1})`
      const trouble = await versionTrouble(version.cid, path)
      if (trouble !== undefined)
        findings.push({
          severity: 'error',
          path,
          what: `damaged${which}: ${trouble}`,
          advice:
            'Put the same file again (anarq put --thorough FILE), or get it back from a backup or another device.',
        })
    }
    files += 1
    onProgress?.({ files, bytes })
  }
  return { files, bytes, findings }

  async function versionTrouble(cid: Cid, path: string): Promise<string | undefined> {
    try {
      const { inner } = await openVersion(space, { blocks }, cid, path, { isThorough: true })
      let waiting: Promise<string | undefined>[] = []
      for await (const block of blocksOf(blocks, inner)) {
        waiting.push(read(block))
        if (waiting.length < readsMax) continue
        const trouble = (await Promise.all(waiting)).find((text) => text !== undefined)
        if (trouble !== undefined) return trouble
        waiting = []
      }
      return (await Promise.all(waiting)).find((text) => text !== undefined)
    } catch (error) {
      return asFault(error).message
    }
  }
}

/** The index and the audit log of an identity: signatures, chain, tree. */
export async function verifyBooks({ space }: Office): Promise<Finding[]> {
  const findings: Finding[] = []
  await space.index.verify((fault) => findings.push({ severity: 'error', what: fault.message }))
  const report = await space.audit.verify()
  if (!report.ok) {
    for (const { sentence } of report.findings)
      findings.push({ severity: 'error', what: sentence, advice: 'See: anarq audit verify' })
  }
  return findings
}

/** What it is, and all that lies in it. */
async function* recordsBelow(space: Space, id: Uint8Array): AsyncIterable<IndexRecord> {
  const record = await space.index.get(id)
  if (record !== undefined) yield record
  if (record?.kind !== folderKind) return
  for (const entry of space.view.children(id, { limit: Number.MAX_SAFE_INTEGER }))
    yield* recordsBelow(space, entry.id)
}
