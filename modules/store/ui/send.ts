import { type FaultTexts, problemOf } from '@anarq/design'
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

export type Reason = { readonly code: string; readonly problem: string }

/** Why, in the reader's language. */
export function reasonOf(error: unknown, texts: FaultTexts | undefined): Reason {
  const { code = 'internal.unexpected', sentence } = problemOf(error, texts)
  return { code, problem: sentence }
}
