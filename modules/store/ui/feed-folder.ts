/** A feed in a folder of this computer: which of its files belong to it. The node verifies; here only what travels is chosen. */

/** A file of a folder that was chosen; its path begins with the folder's own name. */
export type FolderFile = { readonly webkitRelativePath: string; readonly size: number }

export type FeedFolder<File extends FolderFile> = {
  readonly name: string
  readonly list: File
  /** By their names beside the list, in the order that it has them. */
  packages(list: string): readonly File[]
}

const listName = 'feed.json'
const appsMax = 1000

/** Undefined where there is no feed at the top of the folder. */
export function feedFolderOf<File extends FolderFile>(files: readonly File[]): FeedFolder<File> | undefined {
  const byPath = new Map(files.map((file) => [file.webkitRelativePath, file]))
  const name = files[0]?.webkitRelativePath.split('/')[0] ?? ''
  const list = byPath.get(`${name}/${listName}`)
  if (list === undefined) return undefined
  return {
    name,
    list,
    packages: (text) =>
      namesIn(text).flatMap((file) => {
        const found = byPath.get(`${name}/${file}`)
        return found === undefined ? [] : [found]
      }),
  }
}

/** A stranger's text: whatever is not a name beside the list is left where it is. */
function namesIn(text: string): readonly string[] {
  try {
    const { apps } = JSON.parse(text) as { apps?: unknown }
    if (!Array.isArray(apps)) return []
    const names = apps.slice(0, appsMax).map((app: { file?: unknown } | null) => app?.file)
    return [...new Set(names)].filter(isPackageName)
  } catch {
    return []
  }
}

function isPackageName(name: unknown): name is string {
  return typeof name === 'string' && /^[^/\\]{1,200}\.wxa$/.test(name)
}
