import { compareBytes, equalBytes, toHex } from '@anarq/bytes'
import { describeRecord, type EntryFacts } from './entry-facts.ts'
import { createFolderTree, type FolderTree, rootFolder } from './folder-tree.ts'
import { comparePlaced } from './folders.ts'
import { compareText, nameKey, type SearchTexts, scoreText, searchable, searchWords } from './search-text.ts'
import { type Entry, type Query, queryLimit, type View } from './view.ts'

/** Keeps everything in memory and searches by looking at each entry: for browsers, tests and small indexes. */
export function createMemoryView(): View {
  let tree = createFolderTree()
  let texts = new Map<string, SearchTexts>()
  let root: Uint8Array | undefined
  const clear = () => {
    tree = createFolderTree()
    texts = new Map()
    root = undefined
  }
  const entryOf = (facts: EntryFacts) => toEntry(facts, tree)
  const find = (query: Query) => {
    const test = matcherOf(query, tree)
    const words = query.text === undefined ? [] : searchWords(query.text)
    const isNonsense = query.text !== undefined && query.text.trim() !== '' && words.length === 0
    const found: Found[] = []
    if (isNonsense) return found
    for (const facts of query.parent === undefined ? tree.all() : tree.membersOf(folderKey(query.parent))) {
      if (!test(facts)) continue
      const score = words.length === 0 ? 0 : scoreText(words, textsOf(facts, texts))
      if (words.length === 0 || score > 0) found.push({ facts, score })
    }
    return found
  }
  return {
    root: () => root,
    apply(records, newRoot) {
      const facts = records.map(describeRecord)
      for (const { id } of facts) texts.delete(toHex(id))
      tree.apply(facts)
      root = newRoot
    },
    entry(id) {
      const facts = tree.facts(toHex(id))
      return facts && entryOf(facts)
    },
    children(parent, { limit = queryLimit, offset = 0 } = {}) {
      return tree
        .layoutOf(folderKey(parent))
        .order.slice(offset, offset + limit)
        .map(entryOf)
    },
    childByName: (parent, name) => childByName(tree, folderKey(parent), name).map(entryOf),
    search(query) {
      const { limit = queryLimit, offset = 0, isReversed = false } = query
      const hasText = query.text !== undefined && query.text.trim() !== ''
      const found = sortFound(find(query), query.order ?? (hasText ? 'relevance' : 'name'))
      if (isReversed) found.reverse()
      return found.slice(offset, offset + limit).map(({ facts }) => entryOf(facts))
    },
    count: (query = {}) => find(query).length,
    clear,
    close: clear,
  }
}

type Found = { readonly facts: EntryFacts; readonly score: number }

function toEntry(facts: EntryFacts, tree: FolderTree): Entry {
  const id = toHex(facts.id)
  const place = tree.placeOf(id)
  const conflict =
    place !== undefined && facts.trashedMs === undefined ? tree.layoutOf(place).shown.get(id) : undefined
  const { placed, moved, texts, versions, name, parent, owner, words, note, trashedMs, ...plain } = facts
  return {
    ...plain,
    name: conflict?.shown ?? name,
    versions: versions.length,
    isTrashed: tree.isTrashed(id),
    ...(conflict && { givenName: name, conflictOf: conflict.conflictOf }),
    ...(place !== undefined && { parent: place === rootFolder ? null : (tree.facts(place)?.id ?? null) }),
    ...(owner !== undefined && { owner }),
    ...(words !== undefined && { words }),
    ...(note !== undefined && { note }),
    ...(trashedMs !== undefined && { trashedMs }),
  }
}

function childByName(tree: FolderTree, folder: string, name: string): EntryFacts[] {
  const { byGiven, shown, order } = tree.layoutOf(folder)
  const given = [...(byGiven.get(name) ?? [])].sort(comparePlaced)
  if (given.length > 0) return given
  const numbered = [...shown].find(([, conflict]) => conflict.shown === name)?.[0]
  return order.filter(({ id }) => toHex(id) === numbered)
}

/** Everything but the text. */
function matcherOf(query: Query, tree: FolderTree): (facts: EntryFacts) => boolean {
  const { tag, type, owner, kind, from, to, isTrashed, field, version } = query
  const family = type?.endsWith('/*') ? type.slice(0, -1) : undefined
  const below = query.below && toHex(query.below)
  const outside = query.outside && toHex(query.outside)
  return (facts) =>
    (kind === undefined || facts.kind === kind) &&
    (type === undefined || (family === undefined ? facts.type === type : facts.type.startsWith(family))) &&
    (from === undefined || facts.modifiedMs >= from) &&
    (to === undefined || facts.modifiedMs < to) &&
    (owner === undefined || facts.owner === owner) &&
    (tag === undefined || facts.tags.includes(tag)) &&
    (field === undefined || facts.texts.get(field.name) === field.value) &&
    (version === undefined || facts.versions.some((digest) => equalBytes(digest, version))) &&
    (isTrashed !== true || facts.trashedMs !== undefined) &&
    (isTrashed !== false || !tree.isTrashed(toHex(facts.id))) &&
    (below === undefined || tree.isBelow(toHex(facts.id), below)) &&
    (outside === undefined || !(toHex(facts.id) === outside || tree.isBelow(toHex(facts.id), outside)))
}

function sortFound(found: Found[], order: NonNullable<Query['order']>): Found[] {
  if (order === 'name') {
    const keyed = found.map((one) => ({ one, key: nameKey(one.facts.name) }))
    keyed.sort(
      (a, b) =>
        compareText(a.key, b.key) ||
        compareText(a.one.facts.name, b.one.facts.name) ||
        compareBytes(a.one.facts.id, b.one.facts.id),
    )
    return keyed.map(({ one }) => one)
  }
  const rank = (a: Found, b: Found) => {
    if (order === 'size') return b.facts.bytes - a.facts.bytes
    if (order === 'time') return b.facts.modifiedMs - a.facts.modifiedMs
    return b.score - a.score || b.facts.modifiedMs - a.facts.modifiedMs
  }
  return found.sort((a, b) => rank(a, b) || compareBytes(a.facts.id, b.facts.id))
}

/** Made when a text is first looked for. */
function textsOf(facts: EntryFacts, known: Map<string, SearchTexts>): SearchTexts {
  const id = toHex(facts.id)
  const kept = known.get(id)
  if (kept !== undefined) return kept
  const made = {
    name: searchable([facts.name]),
    tags: searchable(facts.tags),
    body: searchable([facts.words ?? '', facts.note ?? '']),
  }
  known.set(id, made)
  return made
}

function folderKey(parent: Uint8Array | null): string {
  return parent === null ? rootFolder : toHex(parent)
}
