import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@anarq/clock'
import { hasCode } from '@anarq/fault'
import type { EntryDetails, ToolAccess, ToolDrive } from '@anarq/kernel'
import type { LockTable } from './locks.ts'
import { hrefOf, parentOf } from './paths.ts'
import { refusal } from './refusal.ts'
import type { Turns } from './turns.ts'

/** Room on the node's disk. */
export type Quota = { readonly usedBytes: number; readonly availableBytes: number }

/** What all requests of one door share. */
export type Door = {
  readonly prefix: string
  readonly clock: Clock
  readonly turns: Turns
  /** Replaced as a whole, never changed. */
  locks: LockTable
  newToken(): string
  quota(): Promise<Quota | undefined>
}

/** One request, by a key that opens this door. */
export type Call = {
  readonly door: Door
  readonly request: IncomingMessage
  readonly answer: ServerResponse
  readonly access: ToolAccess
  readonly drive: ToolDrive
  /** What is asked for, as the key sees its drive. */
  readonly path: string
  readonly isFolderName: boolean
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
}

export type Method = (call: Call) => Promise<void>

/** The same thing has the same name here for every key of one owner: what locks and turns are held by. */
export function globalPath({ access: { did, folder } }: Call, path: string): string {
  return `${did}${folder === '/' ? '' : folder}${path === '/' ? '' : path}`
}

/** As the key sees it: a root that lies outside its folder is its folder. */
export function hrefOfGlobal(call: Call, root: string): string {
  const own = globalPath(call, '/')
  return hrefOf(call.door.prefix, root.startsWith(`${own}/`) ? root.slice(own.length) : '/', false)
}

export async function find(drive: ToolDrive, path: string): Promise<EntryDetails | undefined> {
  try {
    return await drive.details(path)
  } catch (error) {
    if (hasCode(error, 'missing.object')) return undefined
    throw error
  }
}

export async function need({ drive, path }: Pick<Call, 'drive' | 'path'>): Promise<EntryDetails> {
  const there = await find(drive, path)
  if (there !== undefined) return there
  throw refusal(404, 'missing.object', `There is nothing at ${path}.`)
}

/** RFC 4918, section 9.7.1 and others: nothing is put into a folder that is not there. */
export async function needParent({ drive }: Pick<Call, 'drive'>, path: string): Promise<void> {
  const parent = await find(drive, parentOf(path))
  if (parent?.kind === 'folder') return
  throw refusal(409, 'conflict.folder', `There is no folder ${parentOf(path)}. Make it first.`)
}

export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

export type Depth = 0 | 1 | 'infinity'

export function depthOf(request: IncomingMessage, absent: Depth): Depth {
  const text = headerOf(request, 'depth')?.toLowerCase()
  if (text === undefined) return absent
  if (text === '0') return 0
  if (text === '1') return 1
  if (text === 'infinity') return 'infinity'
  throw refusal(400, 'invalid.header', 'Depth is 0, 1 or infinity.')
}

export function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = headers
  return coding !== undefined || (length !== undefined && length !== '0')
}

/** The body, piece by piece, asked for only now. Leaving early does not close the connection: the answer goes out on it. */
export function bodyOf({ request, answer }: Pick<Call, 'request' | 'answer'>): AsyncIterable<Uint8Array> {
  if (request.headers.expect?.toLowerCase() === '100-continue') answer.writeContinue()
  return request.iterator({ destroyOnReturn: false })
}
