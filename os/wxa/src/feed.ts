import { fromUtf8, toBase64Url, toHex, toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives } from '@anarq/qlock'
import { canonicalJson, type PublicIdentity, parseCanonicalJson, writeCard } from '@anarq/squid'
import { badField, readInteger, readList, readMap, readOneOf, readShown, requireDistinct } from './fields.ts'
import {
  descriptionCharactersMax,
  feedAppsMax,
  feedBytesMax,
  nameCharactersMax,
  packageBytesMax,
} from './limits.ts'
import { type Publisher, readPublisher, readPublisherName, readSha256, readSignature } from './manifest.ts'
import { type Category, categories, readAppId, readVersion } from './manifest-fields.ts'
import { checkPath } from './path.ts'
import type { Package } from './read-package.ts'
import { type SignOptions, type VerifyOptions, verifyPublished } from './signing.ts'
import { compareVersions } from './version.ts'

/** A publisher's apps: this file, and beside it the packages that it names. */
export const feedPath = 'feed.json'
/** What a publisher's signature of a feed is for. */
export const feedContext = 'q/v1/wxa-feed'

/** The latest version of one app, as its package says it. */
export type FeedEntry = {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly category: Category
  readonly description: string
  /** Of the package. */
  readonly bytes: number
  readonly sha256: string
  /** Its name beside the feed. */
  readonly file: string
}

export type UnsignedFeed = {
  readonly feed: 1
  /** One more with each change: an older feed cannot be shown for the newest. */
  readonly sequence: number
  readonly apps: readonly FeedEntry[]
  readonly publisher?: { readonly name: string }
}
export type SignedFeed = Omit<UnsignedFeed, 'publisher'> & {
  readonly publisher: Publisher
  readonly signature: string
}

/** What is remembered of a feed, so that it only goes forward. */
export type KnownFeed = {
  readonly did: string
  readonly sequence: number
  /** Of its bytes. */
  readonly sha256: string
  readonly log?: readonly string[]
}

/** From a folder: exactly the bytes that `feedBytes` writes. Nothing of it is verified yet. */
export function parseFeed(bytes: Uint8Array): SignedFeed {
  if (bytes.length > feedBytesMax) throw tooLarge()
  return asFeed(() => {
    const value = parseCanonicalJson(textOf(bytes), feedPath)
    const fields = readMap(value, '', ['feed', 'sequence', 'apps', 'publisher', 'signature'])
    return {
      ...readParts(fields),
      publisher: readPublisher(fields.publisher),
      signature: readSignature(fields.signature),
    }
  })
}

export function readUnsignedFeed(value: unknown): UnsignedFeed {
  return asFeed(() => {
    const fields = readMap(value, '', ['feed', 'sequence', 'apps'], ['publisher'])
    return { ...readParts(fields), ...readPublisherName(fields) }
  })
}

export function feedBytes(feed: SignedFeed): Uint8Array {
  const bytes = fromUtf8(canonicalJson(feed))
  if (bytes.length > feedBytesMax) throw tooLarge()
  return bytes
}

export function signFeed(
  { publisher, ...rest }: UnsignedFeed,
  { identity, name, nowMs, sign }: SignOptions,
): SignedFeed {
  const shown = readShown(publisher?.name ?? name, 'publisher.name', nameCharactersMax)
  const said = { ...rest, publisher: { did: identity.did, name: shown, card: writeCard(identity) } }
  const signature = toBase64Url(sign(signedBytesOf(said), feedContext))
  const signed = parseFeed(feedBytes({ ...said, signature }))
  verifyFeed(signed, { nowMs })
  return signed
}

/** Whose feed it is, where the signature holds; throws `refused.publisher` or `refused.signature` otherwise. */
export function verifyFeed(feed: SignedFeed, options: VerifyOptions): PublicIdentity {
  const { publisher, signature } = feed
  return verifyPublished(
    { what: 'feed', publisher, signature, message: signedBytesOf(feed), context: feedContext },
    options,
  )
}

/** A feed goes forward, under keys that only grow: else somebody shows an old one, or two at once. */
export function checkFeed(now: KnownFeed, before: Omit<KnownFeed, 'did'> | undefined): void {
  if (before === undefined) return
  if (before.log?.some((line, i) => now.log?.[i] !== line) === true)
    throw new Fault(
      'refused.publisher-log',
      'This feed was signed with keys that are older than those known here. Ask its publisher to sign it again.',
    )
  if (now.sequence < before.sequence)
    throw new Fault(
      'refused.feed-older',
      `This feed is number ${now.sequence} of its publisher, and number ${before.sequence} was seen here already. Get the newest one.`,
    )
  if (now.sequence === before.sequence && now.sha256 !== before.sha256)
    throw new Fault(
      'refused.feed-twice',
      `There are two feeds number ${now.sequence} of this publisher. Ask them for one of a higher number before you install from it.`,
    )
}

/** The package is the one that the feed names, and of the same publisher; `digest` is of its bytes. */
export function checkFeedPackage(
  feed: Pick<SignedFeed, 'publisher'>,
  entry: FeedEntry,
  found: { readonly package: Package; readonly bytes: Uint8Array },
): void {
  const { manifest, publisher } = found.package
  if (publisher?.did !== feed.publisher.did)
    throw new Fault(
      'refused.feed-foreign',
      `${entry.file} is not from the publisher of this feed. A feed holds its own publisher's apps alone.`,
    )
  const isNamed =
    manifest.id === entry.id &&
    manifest.version === entry.version &&
    found.bytes.length === entry.bytes &&
    digestOfBytes(found.bytes) === entry.sha256
  if (!isNamed)
    throw new Fault(
      'refused.feed-entry',
      `${entry.file} is not the package that the feed names. Get the folder again from its publisher.`,
    )
}

export function feedEntryOf({ manifest }: Package, bytes: Uint8Array): FeedEntry {
  const { id, name, version, category, description } = manifest
  return {
    id,
    name,
    version,
    category,
    description,
    bytes: bytes.length,
    sha256: digestOfBytes(bytes),
    file: `${id}-${version}.wxa`,
  }
}

/** The next feed, with this app in the place of its older version. */
export function addToFeed(before: SignedFeed | undefined, entry: FeedEntry): UnsignedFeed {
  const there = before?.apps.find(({ id }) => id === entry.id)
  const order = there === undefined ? 1 : compareVersions(entry.version, there.version)
  if (order <= 0)
    throw new Fault(
      'conflict.feed-version',
      `${entry.name} ${there?.version} is in this feed, so ${entry.version} is nothing new. Raise "version" in manifest.json, pack and submit again.`,
    )
  const others = before?.apps.filter(({ id }) => id !== entry.id) ?? []
  return readUnsignedFeed({
    feed: 1,
    sequence: (before?.sequence ?? 0) + 1,
    apps: [...others, entry].sort((a, b) => (a.id < b.id ? -1 : 1)),
    ...(before === undefined ? {} : { publisher: { name: before.publisher.name } }),
  })
}

function signedBytesOf(feed: SignedFeed | Omit<SignedFeed, 'signature'>): Uint8Array {
  const { signature: _, ...rest } = feed as Partial<SignedFeed>
  return fromUtf8(canonicalJson(rest))
}

function digestOfBytes(bytes: Uint8Array): string {
  return toHex(primitives.sha256(bytes))
}

type Parts = Pick<UnsignedFeed, 'feed' | 'sequence' | 'apps'>

function readParts(fields: Readonly<Record<string, unknown>>): Parts {
  if (fields.feed !== 1)
    throw badField('feed', 'must be 1: this system knows version 1 of the format. Update the system.')
  const apps = readList(fields.apps, 'apps', { max: feedAppsMax }).map(readEntry)
  for (const [i, { id }] of apps.entries()) {
    const before = apps[i - 1]
    if (before !== undefined && before.id > id) throw badField('apps', 'must be in the order of their ids.')
  }
  requireDistinct(
    apps.map(({ id }) => id),
    'apps',
  )
  requireDistinct(
    apps.map(({ file }) => file.toLowerCase()),
    'apps',
  )
  const sequence = readInteger(fields.sequence, 'sequence', { min: 1, max: Number.MAX_SAFE_INTEGER })
  return { feed: 1, sequence, apps }
}

function readEntry(value: unknown, index: number): FeedEntry {
  const field = `apps.${index}`
  const names = ['id', 'name', 'version', 'category', 'description', 'bytes', 'sha256', 'file']
  const { id, name, version, category, description, bytes, sha256, file } = readMap(value, field, names)
  const isFile = typeof file === 'string' && !file.includes('/') && file.endsWith('.wxa')
  if (!isFile) throw badField(`${field}.file`, 'must be the name of a .wxa file beside the feed.')
  return {
    id: readAppId(id),
    name: readShown(name, `${field}.name`, nameCharactersMax),
    version: readVersion(version, `${field}.version`),
    category: readOneOf(category, `${field}.category`, categories),
    description: readShown(description, `${field}.description`, descriptionCharactersMax),
    bytes: readInteger(bytes, `${field}.bytes`, { min: 1, max: packageBytesMax }),
    sha256: readSha256(sha256, `${field}.sha256`),
    file: checkPath(file),
  }
}

/** The fields are read as those of a manifest are; what is wrong is said of this file. */
function asFeed<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'invalid.manifest') throw error
    const sentence = error.message.replaceAll('manifest.json', feedPath)
    throw new Fault('invalid.feed', sentence, { cause: error, data: error.data })
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return toUtf8(bytes)
  } catch (cause) {
    throw new Fault('invalid.feed', `${feedPath} is no UTF-8 text. Get the folder again.`, { cause })
  }
}

function tooLarge(): Fault {
  return new Fault(
    'limit.feed',
    `${feedPath} is larger than ${feedBytesMax} bytes. Publish fewer apps in it.`,
  )
}
