import { bodyOf, type Call, depthOf, find, globalPath, headerOf, hrefOfGlobal, needParent } from '../call.ts'
import { checkConditions, checkIf, checkLocks } from '../conditions.ts'
import { type Lock, refreshLock, releaseLock, takeLock } from '../locks.ts'
import { lockDiscovery } from '../properties.ts'
import { refusal, xmlType } from '../refusal.ts'
import { childOf, elementsOf, isDav, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { writeElement, xmlHead } from '../xml/write.ts'

const timeoutMsDefault = 10 * 60_000
const timeoutMsMax = 60 * 60_000
const ownerCharactersMax = 4096

/** LOCK: with a body a new lock, without one an old one for longer (RFC 4918, section 9.10). */
export async function lock(call: Call): Promise<void> {
  const { door, path } = call
  const asked = await parseXml(bodyOf(call))
  await door.turns.take([globalPath(call, path)], () =>
    asked === undefined ? refresh(call) : take(call, asked),
  )
}

async function take(call: Call, asked: XmlElement): Promise<void> {
  const { request, answer, door, access, drive, path } = call
  const depth = depthOf(request, 'infinity')
  if (depth === 1) throw refusal(400, 'invalid.header', 'A lock has a Depth of 0 or infinity.')
  const { scope, owner } = infoOf(asked)
  if (access.key.rights === 'read')
    throw refusal(403, 'refused.rights', `The key "${access.key.name}" may read, and lock nothing.`)
  const there = await find(drive, path)
  checkConditions(request, there)
  const tokens = await checkIf(call)
  if (there === undefined) {
    await needParent(call, path)
    checkLocks(call, { path, isDeep: false, isMembership: true }, tokens)
  }
  const outcome = takeLock(
    door.locks,
    {
      token: door.newToken(),
      root: globalPath(call, path),
      isDeep: depth === 'infinity',
      scope,
      by: access.key.id,
      owner,
      timeoutMs: timeoutOf(call),
    },
    door.clock.nowMs(),
  )
  if ('conflict' in outcome)
    throw refusal(423, 'conflict.locked', 'Another lock is in the way of this one.', {
      condition: 'no-conflicting-lock',
      hrefs: [hrefOfGlobal(call, outcome.conflict.root)],
    })
  if ('isFull' in outcome)
    throw refusal(507, 'limit.locks', 'There are too many locks. Unlock some, or wait until they end.')
  if (there === undefined) await makeEmpty(call)
  door.locks = outcome.table
  answer.setHeader('lock-token', `<${outcome.lock.token}>`)
  sendLocks(call, there === undefined ? 201 : 200)
}

/** A lock of a name that nothing has yet makes an empty file of it (section 7.3). */
async function makeEmpty({ drive, path, door, signal }: Call): Promise<void> {
  const content = (async function* (): AsyncIterable<Uint8Array> {})()
  await drive.put(path, { bytes: 0, modifiedMs: door.clock.nowMs(), content }, { signal })
}

async function refresh(call: Call): Promise<void> {
  const { door, access, path, request } = call
  if (headerOf(request, 'if') === undefined)
    throw refusal(400, 'invalid.request', 'A LOCK has a body, or names the lock to refresh in the header If.')
  const tokens = await checkIf(call)
  const nowMs = door.clock.nowMs()
  for (const token of tokens) {
    const refreshed = refreshLock(
      door.locks,
      { token, path: globalPath(call, path), by: access.key.id, timeoutMs: timeoutOf(call) },
      nowMs,
    )
    if (refreshed === undefined) continue
    door.locks = refreshed.table
    sendLocks(call, 200)
    return
  }
  throw refusal(412, 'conflict.lock', 'No lock of yours with this token is here any more.', {
    condition: 'lock-token-matches-request-uri',
  })
}

export async function unlock(call: Call): Promise<void> {
  const { request, answer, door, access, path } = call
  const token = /^<([^<>\s]+)>$/.exec(headerOf(request, 'lock-token')?.trim() ?? '')?.[1]
  if (token === undefined)
    throw refusal(400, 'invalid.header', 'Name the lock in the header Lock-Token, in angle brackets.')
  await checkIf(call)
  const table = releaseLock(
    door.locks,
    { token, path: globalPath(call, path), by: access.key.id },
    door.clock.nowMs(),
  )
  if (table === undefined)
    throw refusal(409, 'conflict.lock', 'No lock of yours with this token is here.', {
      condition: 'lock-token-matches-request-uri',
    })
  door.locks = table
  answer.writeHead(204).end()
}

function sendLocks(call: Call, status: number): void {
  const { answer, path } = call
  answer.writeHead(status, { 'content-type': xmlType })
  answer.end(
    `${xmlHead}<D:prop xmlns:D="DAV:"><D:lockdiscovery>${lockDiscovery(call, path)}</D:lockdiscovery></D:prop>\n`,
  )
}

function infoOf(root: XmlElement): { scope: Lock['scope']; owner: string } {
  const scopes = elementsOf(childOf(root, 'lockscope') ?? root)
  const scope = (['exclusive', 'shared'] as const).find((name) => scopes.some((one) => isDav(one, name)))
  const types = elementsOf(childOf(root, 'locktype') ?? root)
  if (!isDav(root, 'lockinfo') || scope === undefined || !types.some((one) => isDav(one, 'write')))
    throw refusal(
      400,
      'invalid.xml',
      'This LOCK asks for no lock that is known here: exclusive or shared, to write.',
    )
  const owner = childOf(root, 'owner')
  const text = owner === undefined ? '' : writeElement(owner)
  if (text.length <= ownerCharactersMax) return { scope, owner: text }
  throw refusal(413, 'limit.xml', `The owner of a lock has at most ${ownerCharactersMax} characters.`)
}

/** The first that can be given (RFC 4918, section 10.7); a client that wants it for ever asks again in time. */
function timeoutOf({ request }: Call): number {
  const wishes = headerOf(request, 'timeout')?.split(',') ?? []
  for (const wish of wishes) {
    const match = /^second-(\d{1,10})$/i.exec(wish.trim())
    if (match !== null) return Math.min(timeoutMsMax, Math.max(1, Number(match[1])) * 1000)
    if (wish.trim().toLowerCase() === 'infinite') return timeoutMsMax
  }
  return timeoutMsDefault
}
