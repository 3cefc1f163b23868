import { toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { asFault, Fault } from '@anarq/fault'
import type { DriveOperations } from '@anarq/kernel'
import { primitives } from '@anarq/qlock'
import type { AppOperations, FeedApp, FeedFacts } from '@anarq/sdk'
import {
  checkFeed,
  compareVersions,
  type FeedEntry,
  feedBytesMax,
  feedPath,
  parseFeed,
  type SignedFeed,
  verifyFeed,
} from '@anarq/wxa'
import { type Book, find } from './book.ts'
import { addressOf, type FarFeeds, type FeedPlace, isAddress } from './far-feeds.ts'
import type { Kept, KeptFeed } from './registry.ts'
import { readWhole } from './shelf.ts'

export type Feeds = Pick<AppOperations, 'feeds' | 'addFeed' | 'refreshFeed' | 'removeFeed'> & {
  /** The entry of the package at this path; `missing.feed` and `missing.feed-app` where no feed names it. */
  entryAt(did: string, path: string): Promise<NamedPackage>
}

export type NamedPackage = {
  readonly feed: SignedFeed
  readonly entry: FeedEntry
  /** Where it lies in the drive. */
  readonly place: string
  /** It was fetched, and nobody needs it there once it is installed. */
  readonly isCopy: boolean
}

export type FeedsOptions = { drive: DriveOperations; book: Book; clock: Clock; far: FarFeeds }

const feedsMax = 64

/**
 * Publishers' feeds as they lie in the drive. Each is read and verified whenever it is asked for; what is remembered of it is
 * how far it was.
 */
export function createFeeds(options: FeedsOptions): Feeds {
  const { book, far } = options
  const { read, fetch, remember, open, needed, forgetCopy } = createLedger(options)
  return {
    async feeds() {
      const kept = await book.kept()
      const all: FeedFacts[] = []
      for (const known of kept.feeds.filter(({ isShown }) => isShown)) {
        const { did, name, sequence } = known
        try {
          all.push(factsOf(await open(known, kept), known, kept))
        } catch (error) {
          const { code, message: sentence } = asFault(error)
          all.push({ did, name, ...whereOf(known), sequence, apps: [], problem: { code, sentence } })
        }
      }
      return all.sort((a, b) => a.name.localeCompare(b.name))
    },
    async addFeed({ path, allowsPrivate = false }) {
      const kept = await book.kept()
      const { feed, now } = isAddress(path)
        ? await fetch(far.placeOf(path, allowsPrivate), kept, () => {})
        : await read({ folder: path }, kept)
      await remember(now)
      await forgetCopy(kept, now)
      book.tell()
      return factsOf(feed, now, kept)
    },
    async refreshFeed({ did }) {
      const kept = await book.kept()
      const known = needed(did, kept)
      if (known.address === undefined) return factsOf(await open(known, kept), known, kept)
      const { feed, now } = await fetch(placeOf(known), kept, (found) => checkPublisher(found, known))
      await remember(now)
      book.tell()
      return factsOf(feed, now, kept)
    },
    async removeFeed({ did }) {
      const known = needed(did, await book.kept())
      await book.change((kept) => ({
        ...kept,
        feeds: kept.feeds.map((one) => (one.did === did ? { ...one, isShown: false } : one)),
      }))
      if (known.address !== undefined) await far.forget(known)
      book.tell()
    },
    async entryAt(did, path) {
      const kept = await book.kept()
      const known = needed(did, kept)
      const feed = await open(known, kept)
      const entry = feed.apps.find(({ file }) => shownPath(known, file) === path)
      if (entry !== undefined) {
        const isCopy = known.address !== undefined
        const place = isCopy ? await far.package(known, entry) : pathOf(known.folder, entry.file)
        return { feed, entry, place, isCopy }
      }
      throw new Fault('missing.feed-app', 'The feed does not name this package any more. Look at it again.')
    },
  }
}

/** What is known of feeds, and how it goes forward. */
function createLedger({ drive, book, clock, far }: FeedsOptions) {
  const verify = (bytes: Uint8Array, place: FeedPlace, kept: Kept): Verified => {
    const feed = parseFeed(bytes)
    const { did, name } = feed.publisher
    const before = kept.feeds.find((one) => one.did === did)
    const { log } = verifyFeed(feed, { nowMs: clock.nowMs() })
    const sha256 = toHex(primitives.sha256(bytes))
    const now: KeptFeed = {
      did,
      name,
      ...place,
      sequence: feed.sequence,
      sha256,
      isShown: true,
      ...(log === undefined ? {} : { log }),
    }
    checkFeed(now, before)
    return { feed, now }
  }
  /** As it lies in the drive. */
  const read = async (place: FeedPlace, kept: Kept): Promise<Verified> =>
    verify(await readWhole(drive, pathOf(place.folder, feedPath), feedBytesMax), place, kept)
  /** As it lies at its address now; nothing of it is kept before it is verified. */
  const fetch = async (from: FeedPlace, kept: Kept, isAsked: (now: KeptFeed) => void): Promise<Verified> => {
    const { bytes, place } = await far.fetch(from)
    const verified = verify(bytes, place, kept)
    isAsked(verified.now)
    await far.keep(place, bytes, verified.feed)
    return verified
  }
  const remember = async (now: KeptFeed): Promise<void> => {
    await book.change((kept) => {
      const others = kept.feeds.filter(({ did }) => did !== now.did)
      if (others.filter(({ isShown }) => isShown).length >= feedsMax)
        throw new Fault('limit.feeds', `At most ${feedsMax} feeds are shown. Remove one of them first.`)
      return { ...kept, feeds: [...others, now] }
    })
  }
  /** What somebody put into the folder since is a step forward, or refused. */
  const open = async (known: KeptFeed, kept: Kept): Promise<SignedFeed> => {
    const { feed, now } = await read(placeOf(known), kept)
    checkPublisher(now, known)
    if (now.sequence > known.sequence) await remember(now)
    return feed
  }
  /** Of the same publisher, at another address before: nobody looks there any more. */
  const forgetCopy = async ({ feeds }: Kept, now: KeptFeed): Promise<void> => {
    const before = feeds.find(({ did }) => did === now.did)
    if (before?.address !== undefined && before.folder !== now.folder) await far.forget(before)
  }
  const needed = (did: string, { feeds }: Kept): KeptFeed => {
    const one = feeds.find((feed) => feed.did === did && feed.isShown)
    if (one !== undefined) return one
    throw new Fault('missing.feed', 'This feed is not shown here any more. Add its folder again.')
  }
  return { read, fetch, remember, open, needed, forgetCopy }
}

type Verified = { readonly feed: SignedFeed; readonly now: KeptFeed }

function placeOf({ folder, address, allowsPrivate, fetchedMs }: KeptFeed): FeedPlace {
  return {
    folder,
    ...(address === undefined ? {} : { address }),
    ...(allowsPrivate === undefined ? {} : { allowsPrivate }),
    ...(fetchedMs === undefined ? {} : { fetchedMs }),
  }
}

function checkPublisher(now: KeptFeed, known: KeptFeed): void {
  if (now.did !== known.did)
    throw new Fault(
      'refused.feed-publisher',
      `The feed there is now of ${now.name} (${now.did}). If you want it, add it again.`,
    )
}

function whereOf({ folder, address, fetchedMs }: FeedPlace): Pick<FeedFacts, 'folder' | 'fetchedMs'> {
  return { folder: address ?? folder, ...(fetchedMs === undefined ? {} : { fetchedMs }) }
}

/** Of a package, as people see it and as it is asked for. */
function shownPath(place: FeedPlace, file: string): string {
  return place.address === undefined ? pathOf(place.folder, file) : addressOf(place, file)
}

function factsOf({ publisher, sequence, apps }: SignedFeed, place: FeedPlace, kept: Kept): FeedFacts {
  const { did, name } = publisher
  return {
    did,
    name,
    ...whereOf(place),
    sequence,
    apps: apps.map((app) => appOf(app, { did, path: shownPath(place, app.file), kept })),
  }
}

function appOf(
  { id, name, version, category, description, bytes }: FeedEntry,
  { did, path, kept }: { did: string; path: string; kept: Kept },
): FeedApp {
  const there = find(kept, id)?.current
  const base = { id, name, version, category, description, bytes, path }
  // Another publisher's app of this id is no older version of it: installing is refused, and says why.
  if (there === undefined || there.publisher?.did !== did) return { ...base, state: 'new' }
  const installed = there.app.version
  return { ...base, state: compareVersions(version, installed) > 0 ? 'update' : 'installed', installed }
}

function pathOf(folder: string, file: string): string {
  return `${folder === '/' ? '' : folder}/${file}`
}
