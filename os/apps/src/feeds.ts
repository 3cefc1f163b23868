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
import type { Kept, KeptFeed } from './registry.ts'
import { readWhole } from './shelf.ts'

export type Feeds = Pick<AppOperations, 'feeds' | 'addFeed' | 'removeFeed'> & {
  /** The entry of the package at this path; `missing.feed` and `missing.feed-app` where no feed names it. */
  entryAt(did: string, path: string): Promise<{ readonly feed: SignedFeed; readonly entry: FeedEntry }>
}

export type FeedsOptions = { drive: DriveOperations; book: Book; clock: Clock }

const feedsMax = 64

/**
 * Publishers' feeds as they lie in the drive. Each is read and verified whenever it is asked for; what is remembered of it is
 * how far it was.
 */
export function createFeeds({ drive, book, clock }: FeedsOptions): Feeds {
  const read = async (folder: string, kept: Kept): Promise<{ feed: SignedFeed; now: KeptFeed }> => {
    const place = `${folder === '/' ? '' : folder}/${feedPath}`
    const bytes = await readWhole(drive, place, feedBytesMax)
    const feed = parseFeed(bytes)
    const { did, name } = feed.publisher
    const before = kept.feeds.find((one) => one.did === did)
    const { log } = verifyFeed(feed, { nowMs: clock.nowMs() })
    const sha256 = toHex(primitives.sha256(bytes))
    const now: KeptFeed = {
      did,
      name,
      folder,
      sequence: feed.sequence,
      sha256,
      isShown: true,
      ...(log === undefined ? {} : { log }),
    }
    checkFeed(now, before)
    return { feed, now }
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
    const { feed, now } = await read(known.folder, kept)
    if (now.did !== known.did)
      throw new Fault(
        'refused.feed-publisher',
        `The feed in this folder is now of ${now.name} (${now.did}). If you want it, add the folder again.`,
      )
    if (now.sequence > known.sequence) await remember(now)
    return feed
  }
  const needed = (did: string, { feeds }: Kept): KeptFeed => {
    const one = feeds.find((feed) => feed.did === did && feed.isShown)
    if (one !== undefined) return one
    throw new Fault('missing.feed', 'This feed is not shown here any more. Add its folder again.')
  }
  return {
    async feeds() {
      const kept = await book.kept()
      const all: FeedFacts[] = []
      for (const known of kept.feeds.filter(({ isShown }) => isShown)) {
        const { did, name, folder, sequence } = known
        try {
          all.push(factsOf(await open(known, kept), folder, kept))
        } catch (error) {
          const { code, message: sentence } = asFault(error)
          all.push({ did, name, folder, sequence, apps: [], problem: { code, sentence } })
        }
      }
      return all.sort((a, b) => a.name.localeCompare(b.name))
    },
    async addFeed({ path }) {
      const kept = await book.kept()
      const { feed, now } = await read(path, kept)
      await remember(now)
      book.tell()
      return factsOf(feed, path, kept)
    },
    async removeFeed({ did }) {
      needed(did, await book.kept())
      await book.change((kept) => ({
        ...kept,
        feeds: kept.feeds.map((one) => (one.did === did ? { ...one, isShown: false } : one)),
      }))
      book.tell()
    },
    async entryAt(did, path) {
      const kept = await book.kept()
      const known = needed(did, kept)
      const feed = await open(known, kept)
      const entry = feed.apps.find(({ file }) => pathOf(known.folder, file) === path)
      if (entry !== undefined) return { feed, entry }
      throw new Fault('missing.feed-app', 'The feed does not name this package any more. Look at it again.')
    },
  }
}

function factsOf({ publisher, sequence, apps }: SignedFeed, folder: string, kept: Kept): FeedFacts {
  const { did, name } = publisher
  return { did, name, folder, sequence, apps: apps.map((app) => appOf(app, { did, folder, kept })) }
}

function appOf(
  { id, name, version, category, description, bytes, file }: FeedEntry,
  { did, folder, kept }: { did: string; folder: string; kept: Kept },
): FeedApp {
  const there = find(kept, id)?.current
  const base = { id, name, version, category, description, bytes, path: pathOf(folder, file) }
  // Another publisher's app of this id is no older version of it: installing is refused, and says why.
  if (there === undefined || there.publisher?.did !== did) return { ...base, state: 'new' }
  const installed = there.app.version
  return { ...base, state: compareVersions(version, installed) > 0 ? 'update' : 'installed', installed }
}

function pathOf(folder: string, file: string): string {
  return `${folder === '/' ? '' : folder}/${file}`
}
