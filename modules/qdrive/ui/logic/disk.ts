import type { Entry, Version } from './entry.ts'

/** What somebody with this node's disk in their hands has of a file: computed from what the index says, nothing claimed. */
export type DiskFacts = {
  readonly versions: number
  /** As it was put in, over all versions. */
  readonly contentBytes: number
  /** As it lies sealed, over all versions; equal parts of versions lie there once, so the disk has this or less. */
  readonly storedBytes: number
  /** Stored for the latest version, of its content's size: below 1 where compression helped. */
  readonly ratio: number | undefined
  /** What the sealed envelope of the latest version is called there. */
  readonly cid: string | undefined
  readonly savedMs: number | undefined
}

export function diskFactsOf(versions: readonly Version[]): DiskFacts {
  const latest = versions.find(({ isLatest }) => isLatest)
  return {
    versions: versions.length,
    contentBytes: versions.reduce((sum, { bytes }) => sum + bytes, 0),
    storedBytes: versions.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    ratio: latest === undefined || latest.bytes === 0 ? undefined : latest.storedBytes / latest.bytes,
    cid: latest?.cid,
    savedMs: latest?.savedMs,
  }
}

export type Words = { readonly what: 'name' | 'type' | 'tags' | 'path'; readonly value: string }

/** The words about it that lie sealed beside it, and that the envelope's name on the disk does not hold. */
export function sealedWordsOf(
  entry: Pick<Entry, 'name' | 'type' | 'tags' | 'path'>,
  { cid }: DiskFacts,
): readonly Words[] {
  const words: Words[] = [
    { what: 'name', value: entry.name },
    { what: 'path', value: entry.path },
    { what: 'type', value: entry.type },
    { what: 'tags', value: entry.tags.join(', ') },
  ]
  return words.filter(({ value }) => value !== '' && cid?.includes(value) !== true)
}
