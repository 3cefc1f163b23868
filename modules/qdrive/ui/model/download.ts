import type { AppSdk } from '@anarq/sdk/app'

type Saving = { createWritable(): Promise<WritableStream<Uint8Array>> }
type WithPicker = { showSaveFilePicker?: (options: { suggestedName: string }) => Promise<Saving> }

/** Above this a file goes straight to the disk, where the browser can do that. */
const streamBytesMin = 64 * 1024 * 1024

/** To the person's disk, under its name. `false` where they changed their mind. */
export async function download(
  content: AppSdk['content'],
  { path, name, bytes, version }: { path: string; name: string; bytes: number; version?: number | undefined },
): Promise<boolean> {
  const pick = (window as WithPicker).showSaveFilePicker
  if (bytes >= streamBytesMin && pick !== undefined) {
    const target = await pick.call(window, { suggestedName: name }).catch(() => undefined)
    if (target === undefined) return false
    const { stream } = await content.open({ path, version })
    await stream.pipeTo(await target.createWritable())
    return true
  }
  // Bytes only: what is saved is nothing that this page would show.
  save(await content.blob({ path, version, type: 'application/octet-stream' }), name)
  return true
}

export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
