import type { AppSdk } from '@anarq/sdk/app'

type Sent = { readonly path: string; readonly type?: string; readonly onProgress?: (part: number) => void }

/** A file of this computer, of any size; what came of one that could not be sent is given up. */
export async function sendFile(
  content: AppSdk['content'],
  file: File,
  { path, type, onProgress }: Sent,
): Promise<void> {
  const { size: bytes, lastModified: modifiedMs } = file
  const { id } = await content.beginUpload({ path, bytes, modifiedMs, type })
  try {
    await content.sendUpload({ id, content: file, onProgress: (offset) => onProgress?.(offset / bytes) })
  } catch (error) {
    await content.cancelUpload({ id }).catch(() => undefined)
    throw error
  }
}

export function reasonOf(error: unknown): { readonly code: string; readonly problem: string } {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return { code: typeof code === 'string' ? code : 'internal.unexpected', problem: String(message) }
}
