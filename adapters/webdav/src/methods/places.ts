import type { EntryDetails } from '@anarq/kernel'
import {
  type Call,
  depthOf,
  find,
  globalPath,
  hasBody,
  headerOf,
  hrefOfGlobal,
  need,
  needParent,
} from '../call.ts'
import { checkConditions, checkIf, checkLocks } from '../conditions.ts'
import { dropLocks, lockAgainst, locksBelow, withoutExpired } from '../locks.ts'
import { hrefOf, nameOf, parentOf, placeOfUrl } from '../paths.ts'
import { refusal, statusLine, xmlType } from '../refusal.ts'
import { escapeXml, xmlHead } from '../xml/write.ts'
import { folderMethods } from './content.ts'

export async function mkcol(call: Call): Promise<void> {
  const { request, answer, drive, door, path } = call
  if (hasBody(request))
    throw refusal(
      415,
      'invalid.media-type',
      'A folder is made without a body (extended MKCOL is not known here).',
    )
  await door.turns.take([globalPath(call, path)], async () => {
    if ((await find(drive, path)) !== undefined)
      throw refusal(405, 'conflict.name', `${path} is there already.`, { headers: { allow: folderMethods } })
    await needParent(call, path)
    checkConditions(request, undefined)
    checkLocks(call, { path, isDeep: false, isMembership: true }, await checkIf(call))
    await drive.makeFolder(path)
  })
  answer.writeHead(201).end()
}

/** DELETE puts into the trash, all of it at once. */
export async function remove(call: Call): Promise<void> {
  const { request, answer, drive, door, path } = call
  const isDone = await door.turns.take([globalPath(call, path)], async () => {
    const there = await need(call)
    if (there.kind === 'folder' && depthOf(request, 'infinity') !== 'infinity')
      throw refusal(
        400,
        'invalid.header',
        'A folder is taken away with all that is in it: Depth is infinity.',
      )
    checkConditions(request, there)
    const tokens = await checkIf(call)
    if (answerLockedBelow(call, tokens)) return false
    checkLocks(call, { path, isDeep: true, isMembership: true }, tokens)
    await drive.remove(path)
    forgetLocks(call, path, false)
    return true
  })
  if (isDone) answer.writeHead(204).end()
}

export const copy = (call: Call): Promise<void> => transfer(call, 'copy')
export const move = (call: Call): Promise<void> => transfer(call, 'move')

async function transfer(call: Call, how: 'copy' | 'move'): Promise<void> {
  const { request, answer, drive, door, path } = call
  const to = destinationOf(call)
  const depth = depthOf(request, 'infinity')
  const isAllowed = depth === 'infinity' || (how === 'copy' && depth === 0)
  if (!isAllowed) throw refusal(400, 'invalid.header', `A ${how.toUpperCase()} has no Depth of ${depth}.`)
  const isOverwriting = overwriteOf(call)
  if (to === path) throw refusal(403, 'conflict.name', 'Source and destination are the same.')
  const isNew = await door.turns.take([globalPath(call, path), globalPath(call, to)].sort(), async () => {
    const source = await need(call)
    const there = await find(drive, to)
    checkConditions(request, source)
    const tokens = await checkIf(call)
    await needParent(call, to)
    if (there !== undefined && !isOverwriting)
      throw refusal(412, 'conflict.name', `${to} is there already, and Overwrite is F.`)
    if (how === 'move') checkLocks(call, { path, isDeep: true, isMembership: true }, tokens)
    checkLocks(call, { path: to, isDeep: there !== undefined, isMembership: true }, tokens)
    await act(call, { how, source, to, isShallow: depth === 0 })
    if (how === 'move') forgetLocks(call, path, false)
    if (there !== undefined) forgetLocks(call, to, true)
    return there === undefined
  })
  if (isNew) answer.setHeader('location', hrefOf(door.prefix, to, false))
  answer.writeHead(isNew ? 201 : 204).end()
}

type Transfer = { how: 'copy' | 'move'; source: EntryDetails; to: string; isShallow: boolean }

async function act({ drive }: Call, { how, source, to, isShallow }: Transfer): Promise<void> {
  const place = { folder: parentOf(to), name: nameOf(to), isReplacing: true }
  if (how === 'move') await drive.move(source.path, place)
  else await drive.copy(source.path, { ...place, isShallow })
}

function destinationOf({ request, door }: Call): string {
  const header = headerOf(request, 'destination')
  if (header === undefined) throw refusal(400, 'invalid.header', 'Say where to with the header Destination.')
  const place = placeOfUrl(header, request, door.prefix)
  if (place === undefined)
    throw refusal(
      502,
      'unavailable.destination',
      'The destination is not on this door, and nothing is sent elsewhere.',
    )
  if (place.path === '/') throw refusal(403, 'refused.root', 'Nothing takes the place of the top folder.')
  return place.path
}

function overwriteOf({ request }: Call): boolean {
  const text = headerOf(request, 'overwrite')?.trim().toUpperCase() ?? 'T'
  if (text === 'T' || text === 'F') return text === 'T'
  throw refusal(400, 'invalid.header', 'Overwrite is T or F.')
}

function forgetLocks(call: Call, path: string, isReplaced: boolean): void {
  call.door.locks = dropLocks(call.door.locks, globalPath(call, path), { isReplaced })
}

/** Where the folder itself may go but something in it is locked, the answer names that (RFC 4918, section 9.6.1). */
function answerLockedBelow(call: Call, tokens: ReadonlySet<string>): boolean {
  const { answer, door, access } = call
  const by = access.key.id
  const path = globalPath(call, call.path)
  const table = withoutExpired(door.locks, door.clock.nowMs())
  if (lockAgainst(table, { path, isDeep: false, isMembership: true }, { tokens, by }) !== undefined)
    return false
  const roots = new Set(locksBelow(table, path).map(({ root }) => root))
  const locked = [...roots].filter(
    (root) =>
      lockAgainst(table, { path: root, isDeep: false, isMembership: false }, { tokens, by }) !== undefined,
  )
  if (locked.length === 0) return false
  const responses = locked.map((root) => {
    const href = `<D:href>${escapeXml(hrefOfGlobal(call, root))}</D:href>`
    const error = `<D:error><D:lock-token-submitted>${href}</D:lock-token-submitted></D:error>`
    return `<D:response>${href}<D:status>${statusLine(423)}</D:status>${error}</D:response>`
  })
  answer.writeHead(207, { 'content-type': xmlType })
  answer.end(`${xmlHead}<D:multistatus xmlns:D="DAV:">${responses.join('')}</D:multistatus>\n`)
  return true
}
