import { fromHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { streamContent } from '@anarq/flows'
import { aboutOf } from '../drive/about.ts'
import { changeDetails, detailsOf, rootDetails } from '../drive/details.ts'
import { putOne } from '../drive/put-whole.ts'
import { type Found, isShown, partsOf, resolve } from '../drive/resolve.ts'
import { isSystemPath, systemFolder } from '../drive/system-folder.ts'
import type { Office } from '../office.ts'
import type { EntryFacts } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { ToolDrive } from './operations.ts'
import type { KeptKey } from './tool-book.ts'

export type ToolDriveOptions = { office: Office; key: KeptKey; ports: KernelPorts }

/** So much of a folder is looked at with one decision. */
const pageLimit = 50_000

/** The drive operations of one identity, as one of its keys sees them: every path goes through `inside`, every change through `writable`. */
export function createToolDrive({ office, key, ports }: ToolDriveOptions): ToolDrive {
  const { space, authority, drive, tools } = office
  const { view } = space
  /** Where the key's folder is at this moment, without a slash at its end. */
  const base = (): string => {
    const folder = tools.folderOf(key)
    if (folder !== undefined) return folder === '/' ? '' : folder
    throw new Fault('missing.object', `The folder that the key "${key.name}" is for is not there any more.`)
  }
  const inside = (path: string): string => {
    if (!path.startsWith('/')) throw new Fault('invalid.path', 'A path begins with a slash.')
    const parts = partsOf(path)
    const at = `${base()}/${parts.join('/')}`.replace(/(?<=.)\/$/, '')
    if (!isSystemPath(at)) return at
    throw new Fault('missing.object', `There is no "${path}" here.`)
  }
  const outside = <T extends EntryFacts>(facts: T): T => {
    const path = facts.path.slice(base().length)
    if (path !== '' && path !== '/') return { ...facts, path }
    // The key's folder has the name that the owner gave it, which is none of the tool's business.
    return { ...facts, path: '/', name: '' }
  }
  const writable = (path: string): string => {
    if (key.rights === 'write') return inside(path)
    throw new Fault('refused.rights', `The key "${key.name}" may read, and change nothing.`)
  }
  const below = (path: string): string => {
    if (partsOf(path).length > 0) return writable(path)
    throw new Fault('refused.rights', "A key's own folder can be neither moved nor taken away with it.")
  }
  const look = async (found: Found | undefined): Promise<void> => {
    const about = found === undefined ? undefined : aboutOf(view, found)
    const { flow } = await authority.own({ action: '/qnt/read/facts', object: found?.id, about })
    flow.end('ok')
  }

  return {
    async details(path) {
      const at = inside(path)
      if (at === '/') {
        await look(undefined)
        return rootDetails
      }
      const found = resolve(view, at)
      await look(found)
      return outside(await detailsOf(space, found))
    },
    async *detailsIn(path) {
      const at = inside(path)
      for (let offset = 0, isMore = true; isMore; offset += pageLimit) {
        const page = await drive.list(at, { limit: pageLimit, offset })
        isMore = page.length === pageLimit
        for (const { id, path: place } of page) {
          if (isSystemPath(place)) continue
          const found = view.entry(fromHex(id))
          // It may have gone meanwhile.
          if (found !== undefined && isShown(found) && !found.isTrashed)
            yield outside(await detailsOf(space, found, at))
        }
      }
    },
    list: async (path, page) => (await drive.list(inside(path), page)).filter(isOpen).map(outside),
    find: async (query) =>
      (
        await drive.find({
          ...query,
          ...(base() === '' ? {} : { below: base() }),
          outside: systemFolder,
        })
      ).map(outside),
    async get(path, options) {
      const content = await drive.get(inside(path), options)
      return { ...content, entry: outside(content.entry) }
    },
    async put(path, file, options) {
      const at = below(path)
      const content = streamContent(file.content, { isGivenAway: true })
      const report = await putOne(drive, at, { ...file, content }, options)
      return { ...report, entries: report.entries.map(outside) }
    },
    makeFolder: async (path) => outside(await drive.makeFolder(below(path))),
    move: async (path, { folder, name, isReplacing }) =>
      outside(await drive.move(below(path), { folder: writable(folder), name, isReplacing })),
    copy: async (path, { folder, name, isReplacing, isShallow }) =>
      outside(await drive.copy(below(path), { folder: writable(folder), name, isReplacing, isShallow })),
    remove: async (path) => outside(await drive.remove(below(path))),
    async change(path, change) {
      const at = writable(path)
      if (at === '/')
        throw new Fault('refused.root', 'The root of the drive keeps no properties. Use a folder in it.')
      return outside(await changeDetails({ space, ports, authority }, resolve(view, at), change))
    },
  }
}

/** The system's own folder is no tool's. */
function isOpen({ path }: EntryFacts): boolean {
  return !isSystemPath(path)
}
