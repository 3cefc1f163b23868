import { createTurns, fromUtf8 } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault, hasCode } from '@anarq/fault'
import { type DriveOperations, putWhole, systemFolder } from '@anarq/kernel'
import type { AppFields } from '@anarq/wxa'

/** One version of an app, as its verified manifest described it. */
export type KeptVersion = {
  readonly app: AppFields
  readonly bytes: number
  readonly publisher?: { readonly did: string; readonly name: string; readonly log?: readonly string[] }
}

export type KeptApp = {
  readonly current: KeptVersion
  readonly previous?: KeptVersion
  readonly granted: readonly string[]
  readonly installedMs: number
  readonly isOn: boolean
}

export type TrustedPublisher = { readonly did: string; readonly name: string }
/** How far a publisher's feed was when it was last seen; one that is not shown any more is remembered all the same. */
export type KeptFeed = {
  readonly did: string
  readonly name: string
  /** Of the drive; where there is an address, of the copy of what lies there. */
  readonly folder: string
  /** Of its folder, ending with a slash. */
  readonly address?: string
  /** The person said that the address is one of their own network. */
  readonly allowsPrivate?: boolean
  readonly fetchedMs?: number
  readonly sequence: number
  readonly sha256: string
  readonly log?: readonly string[]
  readonly isShown: boolean
}
export type Kept = {
  readonly apps: readonly KeptApp[]
  readonly trusted: readonly TrustedPublisher[]
  readonly feeds: readonly KeptFeed[]
}

/** What is installed for the identity in use, in its drive: sealed, versioned and backed up like everything else. */
export type Registry = {
  read(): Promise<Kept>
  /** One change at a time, each of what the one before left. */
  change(change: (kept: Kept) => Kept): Promise<Kept>
  /** What was read is not taken for granted any more: the drive changed, or it is another identity's. */
  forget(): void
}

const folder = `${systemFolder}/apps`
const fileName = 'installed.json'
const format = 1
const bytesMax = 16 * 1024 * 1024
const nothing: Kept = { apps: [], trusted: [], feeds: [] }

export function packagePath(id: string, version: string): string {
  return `${packageFolder(id)}/${version}.wxa`
}

export function packageFolder(id: string): string {
  return `${folder}/${id}`
}

export function createRegistry(drive: DriveOperations, clock: Clock): Registry {
  const inTurn = createTurns()
  let held: Promise<Kept> | undefined
  const load = async (): Promise<Kept> => {
    try {
      const { stream, bytes } = await drive.get(`${folder}/${fileName}`)
      if (bytes > bytesMax) throw damaged()
      let text = ''
      const decoder = new TextDecoder()
      for await (const piece of stream) text += decoder.decode(piece, { stream: true })
      return parsed(text + decoder.decode())
    } catch (error) {
      if (hasCode(error, 'missing')) return nothing
      throw error
    }
  }
  const write = async (kept: Kept): Promise<void> => {
    const content = fromUtf8(JSON.stringify({ format, ...kept }))
    await putWhole(drive, `${folder}/${fileName}`, content, {
      type: 'application/json',
      modifiedMs: clock.nowMs(),
    })
  }
  const forget = (): void => {
    held = undefined
  }
  const read = async (): Promise<Kept> => {
    const mine = held ?? load()
    held = mine
    // A list that could not be read is asked for again.
    mine.catch(() => {
      if (held === mine) forget()
    })
    return mine
  }
  return {
    read,
    forget,
    change: (change) =>
      inTurn(async () => {
        // Never of what was read before: it may be another identity's.
        const kept = change(await load())
        await write(kept)
        forget()
        return kept
      }),
  }
}

/** What was written here is taken at its word: it comes out of the person's own sealed drive, or does not open at all. */
function parsed(text: string): Kept {
  let value: { format?: unknown } & Kept
  try {
    value = JSON.parse(text) as typeof value
  } catch {
    throw damaged()
  }
  if (value.format !== format || !Array.isArray(value.apps) || !Array.isArray(value.trusted)) throw damaged()
  // Lists from before there were feeds have none.
  return { apps: value.apps, trusted: value.trusted, feeds: value.feeds ?? [] }
}

function damaged(): Fault {
  return new Fault(
    'damaged.apps',
    `The list of installed apps cannot be read. Bring back an older version of it: anarq restore ${folder}/${fileName} --version N`,
  )
}
