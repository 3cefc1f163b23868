import { Fault } from '@anarq/fault'
import type { Guardian } from '@anarq/qerberos'
import { isRoot, resolve } from '../drive/resolve.ts'
import type { Home } from '../home.ts'
import type { Office } from '../office.ts'
import type { KernelPorts } from '../ports.ts'
import type { ToolAccess, ToolDoor, ToolOperations } from './operations.ts'
import { type KeptKey, stateOf } from './tool-book.ts'
import { createToolDrive } from './tool-drive.ts'

export type ToolDeskOptions = { home: Home; guardian: Guardian; ports: KernelPorts }

export type ToolDesk = {
  readonly operations: ToolOperations
  access(door: ToolDoor, secret: string, source: string): Promise<ToolAccess | undefined>
}

const nameCharsMax = 100

/** The keys by which tools come in, for the identity in use: what people do with them, and what doors ask. */
export function createToolDesk({ home, guardian, ports }: ToolDeskOptions): ToolDesk {
  const { clock } = ports
  return {
    operations: {
      async create({ name, door, folder = '/', rights, untilMs }) {
        const office = await home.acting()
        if (untilMs !== undefined && untilMs <= clock.nowMs())
          throw new Fault('invalid.time', 'The time until which the key is to hold is over already.')
        const { key, secret } = await office.tools.add({
          name: checkKeyName(name),
          door,
          folder: folderIn(office, folder),
          rights,
          untilMs,
        })
        await note(office, 'tool.create', key)
        return { key: office.tools.factsOf(key), secret }
      },
      async list() {
        const { tools } = await home.acting()
        return tools.list().map(tools.factsOf)
      },
      async revoke(id) {
        const office = await home.acting()
        const isNew = office.tools.get(id).revokedMs === undefined
        const key = await office.tools.revoke(id)
        if (isNew) await note(office, 'tool.revoke', key)
        return office.tools.factsOf(key)
      },
    },
    async access(door, secret, source) {
      const office = await home.acting()
      const key = office.tools.find(door, secret)
      if (key === undefined) {
        // Only what fails is counted: a tool with the right key is never held up by another's wrong one.
        guardian.observe(source, { kind: 'refusal', action: signIn, code: 'refused.key' })
        guardian.allow(source, signIn)
        return undefined
      }
      if (stateOf(key, clock.nowMs()) === 'expired')
        throw new Fault(
          'refused.expired',
          `The time of the key "${key.name}" is over. Make another with: anarq key new`,
        )
      const folder = office.tools.folderOf(key)
      if (folder === undefined)
        throw new Fault(
          'missing.object',
          `The folder that the key "${key.name}" is for is not there any more. Restore it, or make another key.`,
        )
      if (await office.tools.use(key.id)) await note(office, 'tool.use', key)
      return {
        key: office.tools.factsOf(key),
        did: office.space.did,
        folder,
        drive: createToolDrive({ office: office.as(door), key, ports }),
      }
    },
  }
}

/** Under the guardian's rule for guesses at a secret. */
const signIn = 'sign-in'

function checkKeyName(name: string): string {
  const kept = name.normalize('NFC').trim()
  const isGood =
    kept.length > 0 &&
    kept.length <= nameCharsMax &&
    kept.isWellFormed() &&
    !/[\u0000-\u001f\u007f]/.test(kept)
  if (isGood) return kept
  throw new Fault('invalid.name', `A key's name has 1 to ${nameCharsMax} characters and no line breaks.`)
}

function folderIn({ space: { view } }: Office, folder: string): Uint8Array | null {
  if (isRoot(folder)) return null
  const found = resolve(view, folder)
  if (found.kind === 'folder' && !found.isTrashed) return found.id
  throw new Fault('invalid.kind', `${folder} is no folder of the drive: a key is for a folder.`)
}

async function note({ space }: Office, action: string, key: KeptKey): Promise<void> {
  const { id, name, door, rights } = key
  await space.record([{ action, object: id, verdict: 'ok', details: { name, door, rights } }])
}
