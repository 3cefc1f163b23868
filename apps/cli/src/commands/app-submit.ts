import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { diskFault, writeFileWhole } from '@anarq/files'
import {
  addToFeed,
  checkFeedPackage,
  feedBytes,
  feedBytesMax,
  feedEntryOf,
  feedPath,
  packageBytesMax,
  parseFeed,
  readPackage,
  type SignedFeed,
  verifyFeed,
} from '@anarq/wxa'
import { openZipBytes } from '@anarq/zip'
import { type Context, textOf, UsageError, type Values } from '../command.ts'
import { shown } from '../terminal.ts'

/** The package into a folder that people install from, and the folder's list signed anew: the list comes last. */
export async function submitApp(context: Context, args: readonly string[], values: Values): Promise<number> {
  const { terminal, signal } = context
  const from = args[1] as string
  const folder = textOf(values, 'to')
  if (folder === undefined) throw new UsageError('Into which folder? --to FOLDER')
  const nowMs = Date.now()
  const bytes = await readLimited(from, packageBytesMax)
  const found = await readPackage(openZipBytes(bytes), { nowMs, signal })
  const { identities, account } = await context.operations()
  const did = (await account.status()).current?.did
  requireOwn(found.publisher?.did, did, shown(from))
  const before = await readFeed(folder, nowMs)
  if (before !== undefined) requireOwn(before.publisher.did, did, `The feed in ${shown(folder)}`)
  const entry = feedEntryOf(found, bytes)
  const signed = await identities.signAppFeed(addToFeed(before, entry))
  checkFeedPackage(signed, entry, { package: found, bytes })
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskFault(error, folder)
  })
  await putPackage(join(folder, entry.file), bytes)
  await writeFileWhole(join(folder, feedPath), {}, one(feedBytes(signed)), { isReplacing: true })
  const { sequence, apps } = signed
  terminal.result(
    { folder, sequence, entry, apps: apps.length },
    [
      `${shown(entry.name)} ${entry.version} is in ${shown(folder)}: feed ${sequence}, ${apps.length} ${apps.length === 1 ? 'app' : 'apps'}.`,
      'Give people the folder, or put it into a drive. They add it in Apps: Add a feed.',
    ].join('\n'),
  )
  return 0
}

async function readFeed(folder: string, nowMs: number): Promise<SignedFeed | undefined> {
  const place = join(folder, feedPath)
  if (!existsSync(place)) return undefined
  const feed = parseFeed(await readLimited(place, feedBytesMax))
  verifyFeed(feed, { nowMs })
  return feed
}

/** A file that is there already is this one, or another that nobody named so far: that is not written over. */
async function putPackage(place: string, bytes: Uint8Array): Promise<void> {
  if (!existsSync(place)) return writeFileWhole(place, {}, one(bytes), { isReplacing: false })
  if (equalBytes(await readLimited(place, packageBytesMax), bytes)) return
  throw new Fault(
    'conflict.exists',
    `${shown(place)} exists and is another package. Take it away, or raise "version" in manifest.json.`,
  )
}

function requireOwn(did: string | undefined, own: string | undefined, what: string): void {
  if (did === own) return
  throw new Fault(
    'refused.feed-foreign',
    `${what} is from ${did}, and ${own} is in use. A feed holds its own publisher's apps alone: anarq id use NAME`,
  )
}

async function readLimited(path: string, bytesMax: number): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw diskFault(error, path)
  })
  if (bytes.length <= bytesMax) return new Uint8Array(bytes)
  throw new Fault('limit.package-bytes', `${shown(path)} is too large to be what it is named for.`)
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
