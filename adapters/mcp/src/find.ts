import type { EntryFacts } from '@anarq/kernel'
import type { IndexSdk, Sdk } from '@anarq/sdk'
import type { ToolAccess } from './access.ts'
import { isInside } from './confine.ts'
import { isCount } from './content.ts'

type Query = Parameters<IndexSdk['find']>[0]
export type FoundPage = { readonly entries: readonly EntryFacts[]; readonly nextOffset?: number }

export const pageMax = 500
const pageUsual = 50
const searchedAtOnce = 1000
const searchedMax = 10_000

/** What a search finds in the key's folder. The index searches the whole drive, so pages are counted here. */
export async function findInside(sdk: Sdk, query: Query, access: ToolAccess): Promise<FoundPage> {
  const { limit = pageUsual, offset = 0 } = query
  if (!isCount(limit) || !isCount(offset)) return { entries: await sdk.index.find(query) }
  const wanted = offset + Math.min(limit, pageMax)
  const inside: EntryFacts[] = []
  for (let at = 0; at < searchedMax && inside.length <= wanted; at += searchedAtOnce) {
    const page = await sdk.index.find({ ...query, limit: searchedAtOnce, offset: at })
    if (page.length === 0) break
    inside.push(...page.filter(({ path }) => isInside(path, access)))
  }
  return pageOf(inside.slice(offset), offset, wanted - offset)
}

/** The same for what lies in a folder. */
export async function listPage(sdk: Sdk, input: Parameters<Sdk['storage']['list']>[0]): Promise<FoundPage> {
  const { limit = pageUsual, offset = 0 } = input
  if (!isCount(limit) || !isCount(offset)) return { entries: await sdk.storage.list(input) }
  const size = Math.min(limit, pageMax)
  // One more says that there is more, and a second one stands in for the system's folder, which is left out.
  return pageOf(await sdk.storage.list({ ...input, limit: size + 2, offset }), offset, size)
}

function pageOf(entries: readonly EntryFacts[], offset: number, size: number): FoundPage {
  const isMore = entries.length > size
  return { entries: entries.slice(0, size), ...(isMore ? { nextOffset: offset + size } : {}) }
}
