import type { AppSdk } from '@anarq/sdk/app'
import { useEffect, useState } from 'react'
import type { Entry } from '../logic/entry.ts'

const seenMax = 2000
const shownMax = 200

/** The tags that are seen: of what was changed lately, and of what is on the screen. */
export function useTags(sdk: AppSdk, entries: readonly Entry[]): readonly string[] {
  const [tags, setTags] = useState<readonly string[]>([])
  useEffect(() => {
    let isWanted = true
    void sdk.index
      .find({ limit: seenMax })
      .then((found) => isWanted && setTags((before) => union(before, found)))
      .catch(() => {})
    return () => {
      isWanted = false
    }
  }, [sdk])
  useEffect(() => setTags((before) => union(before, entries)), [entries])
  return tags
}

function union(before: readonly string[], entries: readonly Entry[]): readonly string[] {
  const all = new Set(before)
  for (const { tags } of entries) for (const tag of tags) all.add(tag)
  if (all.size === before.length) return before
  return [...all].sort((a, b) => a.localeCompare(b)).slice(0, shownMax)
}
