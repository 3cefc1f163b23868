/** Files and whole folders as a browser gives them: by drop, by a button, by paste. */
export type Given = {
  /** Relative to where it was dropped. */
  readonly path: string
  /** Absent: a folder. */
  readonly file?: File
  readonly handle?: FileSystemFileHandle
}

const thingsMax = 200_000

type WithHandle = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> }

/** To be called while the event is being handled: the browser forgets what was dropped afterwards. */
export function givenOf(transfer: DataTransfer): Promise<readonly Given[]> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file') as WithHandle[]
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null)
  const handles = items.map((item, i) =>
    entries[i]?.isFile === true ? item.getAsFileSystemHandle?.() : undefined,
  )
  const files = [...transfer.files]
  return walk(entries, handles, files)
}

async function walk(
  entries: readonly (FileSystemEntry | null)[],
  handles: readonly (Promise<FileSystemHandle | null> | undefined)[],
  files: readonly File[],
): Promise<readonly Given[]> {
  if (entries.every((entry) => entry === null)) return files.map((file) => ({ path: file.name, file }))
  const given: Given[] = []
  for (const [i, entry] of entries.entries()) {
    const handle = await handles[i]?.catch(() => null)
    if (entry !== null)
      await add(entry, given, handle?.kind === 'file' ? (handle as FileSystemFileHandle) : undefined)
  }
  return given
}

async function add(entry: FileSystemEntry, given: Given[], handle?: FileSystemFileHandle): Promise<void> {
  if (given.length >= thingsMax) return
  const path = entry.fullPath.replace(/^\//, '')
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    given.push({ path, file, ...(handle === undefined ? {} : { handle }) })
    return
  }
  given.push({ path })
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    // A reader gives a hundred at a time, and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return
    for (const one of some) await add(one, given)
  }
}

/** Of a file field; with `webkitdirectory` each file says its path, and folders are what the paths name. */
export function givenOfFiles(files: Iterable<File>): readonly Given[] {
  const given: Given[] = []
  const folders = new Set<string>()
  for (const file of files) {
    const path = file.webkitRelativePath === '' ? file.name : file.webkitRelativePath
    const parts = path.split('/').slice(0, -1)
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/')
      if (folders.has(folder)) continue
      folders.add(folder)
      given.push({ path: folder })
    }
    given.push({ path, file })
  }
  return given
}
