import type { AppSdk, OpenContent } from '@anarq/sdk/app'
import type { JobTools } from './jobs.ts'

type Saving = { createWritable(): Promise<WritableStream<Uint8Array>> }
type WithPicker = { showSaveFilePicker?: (options: { suggestedName: string }) => Promise<Saving> }

/** Above this it goes straight to the disk, where the browser can do that. */
const streamBytesMin = 64 * 1024 * 1024

export type Downloaded = {
  readonly path: string
  readonly name: string
  readonly kind?: 'file' | 'folder'
  readonly version?: number | undefined
}

export type DownloadTools = Partial<JobTools> & {
  readonly save: Save
  /** Passphrase of a second lock. */
  readonly lock?: string | undefined
}

/** Gives it to the person as a file: `AppWindow.save`. */
export type Save = (name: string, content: Blob) => void

/** A file, or a folder as a tar archive, to the person's disk. `false` where they changed their mind. */
export async function download(
  content: AppSdk['content'],
  { path, name, kind, version }: Downloaded,
  { lock, ...tools }: DownloadTools,
): Promise<boolean> {
  const { signal } = tools
  const opened =
    kind === 'folder'
      ? await content.openArchive({ path, lock, signal })
      : await content.open({ path, version, lock, signal })
  return keep(opened, kind === 'folder' ? `${name}.tar` : name, tools)
}

export type Shared = {
  readonly ping: Uint8Array
  readonly name: string
  readonly kind: 'file' | 'folder'
  /** Of all that is in it. */
  readonly bytes: number
}

/** The same of what somebody shared. */
export async function downloadShared(
  content: AppSdk['content'],
  { ping, name, kind, bytes }: Shared,
  { lock, ...tools }: DownloadTools,
): Promise<boolean> {
  const asked = { ping, lock, signal: tools.signal }
  if (kind === 'file') return keep(await content.openShared(asked), name, tools)
  return keep({ ...(await content.openSharedArchive(asked)), totalBytes: bytes }, `${name}.tar`, tools)
}

async function keep(
  opened: OpenContent,
  fileName: string,
  { save, signal, onPart }: Omit<DownloadTools, 'lock'>,
): Promise<boolean> {
  const stream = counted(opened, onPart)
  const pick = (window as WithPicker).showSaveFilePicker
  // The page of a closed frame has no way to the disk, and its saves go by the shell.
  const canPick = pick !== undefined && origin !== 'null'
  if (opened.totalBytes >= streamBytesMin && canPick) {
    const target = await pick.call(window, { suggestedName: fileName }).catch(() => undefined)
    if (target === undefined) {
      await stream.cancel()
      return false
    }
    await stream.pipeTo(await target.createWritable(), signal === undefined ? {} : { signal })
    return true
  }
  const whole = await new Response(stream as ConstructorParameters<typeof Response>[0]).blob()
  save(fileName, whole)
  return true
}

function counted(
  { stream, totalBytes }: OpenContent,
  onPart: ((part: number) => void) | undefined,
): ReadableStream<Uint8Array> {
  let done = 0
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, out) {
        done += piece.length
        onPart?.(done / Math.max(1, totalBytes))
        out.enqueue(piece)
      },
    }),
  )
}
