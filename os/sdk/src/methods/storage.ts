import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Content, type DriveOperations, isSystemPath, placeOfFile, putWhole } from '@anarq/kernel'
import { inlineBytesMax, type StorageSdk } from '../face.ts'
import type { MethodContext, MethodsOf } from '../method.ts'
import type { Permission } from '../permissions.ts'
import { isOwnPlace, placeOf, refOf, seenBy } from '../places.ts'
import { bytes, fields, flag, int, list, optional, text } from '../shape.ts'

const path = text({
  about: "A path: /… in the drive, app:/… in the app's own storage; or id:… for a thing by its id.",
})
const tag = text({ min: 1, max: 100 })
const limits = { limit: optional(int({ min: 1, max: 10_000 })), offset: optional(int()) }
const version = optional(int({ min: 1 }))

const reads = (input: { path: string }): Permission | undefined =>
  isOwnPlace(input.path) ? undefined : 'drive.read'
const writes = (input: { path: string }): Permission | undefined =>
  isOwnPlace(input.path) ? undefined : 'drive.write'

export const storage: MethodsOf<StorageSdk> = {
  list: {
    summary: 'What lies in a folder',
    isChange: false,
    permission: reads,
    params: fields({ path, ...limits }),
    async run({ operations: { drive }, caller }, input) {
      const page = { limit: input.limit ?? 1000, offset: input.offset ?? 0 }
      const place = placeOf(input.path, caller)
      const entries = await drive.list(place, page).catch((error: unknown) => {
        // An app's own folder is there from the beginning, whether something lies in it or not.
        if (isOwnPlace(input.path) && isMissing(error)) return []
        throw error
      })
      return entries.filter((entry) => isShown(entry.path, place)).map((entry) => seenBy(entry, caller))
    },
  },
  entry: {
    summary: 'One file or folder',
    isChange: false,
    permission: reads,
    params: fields({ path }),
    async run({ operations: { drive }, caller }, input) {
      return seenBy(await drive.entry(await refOf(input.path, caller, drive.entry)), caller)
    },
  },
  read: {
    summary: 'Content of a file, or a part of it',
    isChange: false,
    permission: reads,
    params: fields({ path, version, fromByte: optional(int()), toByte: optional(int()) }),
    run: read,
  },
  write: {
    summary: 'Keep a file: a new one, or a new version',
    isChange: true,
    permission: writes,
    params: fields({ path, bytes: bytes(inlineBytesMax), type: optional(text({ max: 256 })) }),
    run: write,
  },
  makeFolder: {
    summary: 'Make a folder, and those above it',
    isChange: true,
    permission: writes,
    params: fields({ path }),
    async run({ operations: { drive }, caller }, input) {
      return seenBy(await drive.makeFolder(placeOf(input.path, caller)), caller)
    },
  },
  move: {
    summary: 'Move or rename',
    isChange: true,
    permission: (input) => (isOwnPlace(input.path) && isOwnPlace(input.to) ? undefined : 'drive.write'),
    params: fields({ path, to: path }),
    async run({ operations: { drive }, caller }, input) {
      const to = placeOfFile(placeOf(input.to, caller))
      const ref = await refOf(input.path, caller, drive.entry)
      return seenBy(await drive.move(ref, to), caller)
    },
  },
  copy: {
    summary: 'Copy a file, or a folder with what lies in it; no content is read',
    isChange: true,
    permission: (input) => (isOwnPlace(input.path) && isOwnPlace(input.to) ? undefined : 'drive.write'),
    params: fields({ path, to: path }),
    async run({ operations: { drive }, caller }, input) {
      const to = placeOfFile(placeOf(input.to, caller))
      const ref = await refOf(input.path, caller, drive.entry)
      return seenBy(await drive.copy(ref, to), caller)
    },
  },
  tag: {
    summary: 'Add and take away tags',
    isChange: true,
    permission: writes,
    params: fields({ path, add: optional(list(tag, 64)), remove: optional(list(tag, 64)) }),
    async run({ operations: { drive }, caller }, input) {
      const change = { add: input.add ?? [], remove: input.remove ?? [] }
      const ref = await refOf(input.path, caller, drive.entry)
      return seenBy(await drive.tag(ref, change), caller)
    },
  },
  remove: {
    summary: 'Put into the trash, or away for good',
    isChange: true,
    permission: writes,
    params: fields({ path, isForever: optional(flag) }),
    async run({ operations: { drive }, caller }, input) {
      const options = { isForever: input.isForever ?? false }
      const ref = await refOf(input.path, caller, drive.entry)
      return seenBy(await drive.remove(ref, options), caller)
    },
  },
  restore: {
    summary: 'Out of the trash, or an older version made the latest',
    isChange: true,
    permission: writes,
    params: fields({ path, version }),
    async run({ operations: { drive }, caller }, input) {
      const place = await refOf(input.path, caller, drive.entry)
      const { version } = input
      const restored =
        version === undefined
          ? drive.restore((await trashedAt(drive, place)) ?? place)
          : drive.restore(place, { version })
      return seenBy(await restored, caller)
    },
  },
  versions: {
    summary: 'All versions of a file',
    isChange: false,
    permission: reads,
    params: fields({ path }),
    run: async ({ operations: { drive }, caller }, input) =>
      drive.versions(await refOf(input.path, caller, drive.entry)),
  },
}

async function read(
  { operations: { drive }, caller }: MethodContext,
  input: Parameters<StorageSdk['read']>[0],
  signal: AbortSignal | undefined,
): ReturnType<StorageSdk['read']> {
  const { fromByte = 0, toByte = Number.MAX_SAFE_INTEGER } = input
  const content = await drive.get(placeOf(input.path, caller), {
    version: input.version,
    ...(fromByte === 0 && input.toByte === undefined ? {} : { fromByte, toByte }),
    signal,
  })
  const asked = Math.min(toByte, content.bytes) - fromByte
  if (asked > inlineBytesMax) {
    await content.stream[Symbol.asyncIterator]().return?.()
    throw new Fault(
      'limit.inline',
      `One call gives at most ${inlineBytesMax} bytes. Ask for a part with fromByte and toByte.`,
    )
  }
  return { bytes: await whole(content), type: content.type, totalBytes: content.bytes }
}

async function write(
  { operations: { drive }, clock, caller }: MethodContext,
  input: Parameters<StorageSdk['write']>[0],
  signal: AbortSignal | undefined,
): ReturnType<StorageSdk['write']> {
  const place = placeOf(input.path, caller)
  const { entry, isUnchanged } = await putWhole(drive, place, input.bytes, {
    type: input.type,
    modifiedMs: clock.nowMs(),
    signal,
  })
  return { entry: seenBy(entry, caller), isUnchanged }
}

/** The id of what lay at a path before it was put into the trash; of several, the one that was changed last. */
async function trashedAt(drive: DriveOperations, place: string): Promise<string | undefined> {
  for (let offset = 0; ; offset += searchedAtOnce) {
    const page = await drive.find({ isTrashed: true, limit: searchedAtOnce, offset })
    const [latest] = page.filter(({ path }) => path === place).sort((a, b) => b.modifiedMs - a.modifiedMs)
    if (latest !== undefined || page.length < searchedAtOnce) return latest?.id
  }
}

const searchedAtOnce = 10_000

async function whole({ stream }: Content): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return concatBytes(...pieces)
}

/** The system's folder does not show in the drive; what is in an app's own storage does, to that app. */
function isShown(path: string, place: string): boolean {
  return isSystemPath(place) || !isSystemPath(path)
}

function isMissing(error: unknown): boolean {
  return error instanceof Fault && error.code.startsWith('missing.')
}
