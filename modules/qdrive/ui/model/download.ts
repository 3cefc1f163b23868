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

/** A file, or a folder as a tar archive, to the person's disk. `false` where they changed their mind. */
export async function download(
  content: AppSdk['content'],
  { path, name, kind, version }: Downloaded,
  { signal, onPart }: Partial<JobTools> = {},
): Promise<boolean> {
  const opened =
    kind === 'folder'
      ? await content.openArchive({ path, signal })
      : await content.open({ path, version, signal })
  const fileName = kind === 'folder' ? `${name}.tar` : name
  const stream = counted(opened, onPart)
  const pick = (window as WithPicker).showSaveFilePicker
  if (opened.totalBytes >= streamBytesMin && pick !== undefined) {
    const target = await pick.call(window, { suggestedName: fileName }).catch(() => undefined)
    if (target === undefined) {
      await stream.cancel()
      return false
    }
    await stream.pipeTo(await target.createWritable(), signal === undefined ? {} : { signal })
    return true
  }
  const whole = await new Response(stream as ConstructorParameters<typeof Response>[0]).blob()
  // Bytes only: what is saved is nothing that this page would show.
  save(new Blob([whole], { type: 'application/octet-stream' }), fileName)
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

export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
