import { fromUtf8, toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault, hasCode } from '@anarq/fault'
import { type DriveOperations, putWhole, systemFolder } from '@anarq/kernel'
import { primitives } from '@anarq/qlock'
import { type FeedEntry, feedBytesMax, feedPath, type SignedFeed } from '@anarq/wxa'
import { removeForever } from './book.ts'
import type { KeptFeed } from './registry.ts'
import type { Web } from './web.ts'

/** Where a feed lies, as it is remembered. */
export type FeedPlace = Pick<KeptFeed, 'folder' | 'address' | 'allowsPrivate' | 'fetchedMs'>

/**
 * Feeds at https addresses. The list lies in the drive as a copy, so that looking at it asks nobody; a package is fetched when
 * somebody wants to see it, and is gone again when it was installed.
 */
export type FarFeeds = {
  /** The address as it is remembered: of the folder, whether the list in it was named or not. */
  placeOf(address: string, allowsPrivate: boolean): FeedPlace
  /** The list as it lies there now, and where. */
  fetch(place: FeedPlace): Promise<{ readonly bytes: Uint8Array; readonly place: FeedPlace }>
  /** Its copy, once it was verified; packages that it does not name any more are gone. */
  keep(place: FeedPlace, bytes: Uint8Array, feed: SignedFeed): Promise<void>
  /** The package that an entry names, in the drive: the very bytes. */
  package(place: FeedPlace, entry: FeedEntry): Promise<string>
  forget(place: FeedPlace): Promise<void>
}

export type FarFeedsOptions = { drive: DriveOperations; web: Web | undefined; clock: Clock }

const listMs = 30_000
const packageMs = 300_000
const copies = `${systemFolder}/feeds`
const nameBytes = 16

export function isAddress(path: string): boolean {
  return /^https?:\/\//i.test(path)
}

/** Of a package, for people and for `inspect`. */
export function addressOf({ address = '' }: FeedPlace, file: string): string {
  return new URL(encodeURIComponent(file), address).href
}

export function createFarFeeds({ drive, web, clock }: FarFeedsOptions): FarFeeds {
  const get = async (
    address: string,
    { allowsPrivate = false }: FeedPlace,
    limits: { bytesMax: number; timeoutMs: number },
  ): Promise<Uint8Array> => {
    if (web !== undefined) return web.get(address, { ...limits, allowsPrivate })
    throw new Fault('unavailable.web', 'This node fetches nothing. Use a folder with the feed instead.')
  }
  const put = (path: string, bytes: Uint8Array): Promise<unknown> =>
    putWhole(drive, path, bytes, { modifiedMs: clock.nowMs() })
  return {
    placeOf(asked, allowsPrivate) {
      const address = folderOf(asked)
      const name = toHex(primitives.sha256(fromUtf8(address)).subarray(0, nameBytes))
      return { folder: `${copies}/${name}`, address, ...(allowsPrivate ? { allowsPrivate } : {}) }
    },
    async fetch(place) {
      const limits = { bytesMax: feedBytesMax, timeoutMs: listMs }
      const bytes = await get(addressOf(place, feedPath), place, limits)
      return { bytes, place: { ...place, fetchedMs: clock.nowMs() } }
    },
    async keep({ folder }, bytes, { apps }) {
      await put(`${folder}/${feedPath}`, bytes)
      const named = new Set([feedPath, ...apps.map(({ file }) => file)])
      for (const { name, path } of await drive.list(folder))
        if (!named.has(name)) await removeForever(drive, path)
    },
    async package(place, entry) {
      const path = `${place.folder}/${entry.file}`
      const there = await drive.entry(path).catch((error: unknown) => {
        if (hasCode(error, 'missing')) return undefined
        throw error
      })
      // What lies there is compared with the feed whenever it is opened; here it only spares the way.
      if (there?.bytes === entry.bytes) return path
      const limits = { bytesMax: entry.bytes, timeoutMs: packageMs }
      const bytes = await get(addressOf(place, entry.file), place, limits)
      if (bytes.length !== entry.bytes || toHex(primitives.sha256(bytes)) !== entry.sha256)
        throw new Fault(
          'refused.feed-entry',
          `${entry.file} is not the package that the feed names. Refresh the feed, or ask its publisher.`,
        )
      await put(path, bytes)
      return path
    },
    forget: ({ folder }) => removeForever(drive, folder),
  }
}

/** Ends with a slash; `invalid.web-address` for what is fetched from nowhere. */
function folderOf(asked: string): string {
  const url = URL.parse(asked)
  const isFine =
    url !== null &&
    url.protocol === 'https:' &&
    url.username === '' &&
    url.password === '' &&
    url.search === ''
  if (!isFine)
    throw new Fault(
      'invalid.web-address',
      'A feed lies at an address that begins with https:// and has no name, password or question in it.',
    )
  url.hash = ''
  url.pathname = url.pathname.replace(/\/feed\.json$/, '/').replace(/\/*$/, '/')
  return url.href
}
