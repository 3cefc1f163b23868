/** Small pictures of pictures, made in the browser and kept in its memory only. */
import type { AppSdk } from '@anarq/sdk/app'
import { useEffect, useState } from 'react'
import type { Entry } from '../logic/entry.ts'
import { kindOf, safeType } from '../logic/kinds.ts'

const sourceBytesMax = 12 * 1024 * 1024
const keptMax = 400
const atOnce = 3
const side = 320

export type Thumbnails = { urlOf(entry: Entry): Promise<string | undefined>; close(): void }

export function createThumbnails(content: AppSdk['content']): Thumbnails {
  const made = new Map<string, Promise<string | undefined>>()
  const waiting: (() => void)[] = []
  let busy = 0
  const turn = async (): Promise<void> => {
    if (busy >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    busy += 1
  }
  const make = async (entry: Entry): Promise<string | undefined> => {
    await turn()
    try {
      const blob = await content.blob({ path: entry.path, type: safeType(entry.type, 'image') })
      return URL.createObjectURL(await smaller(blob))
    } catch {
      // A damaged picture, or one that this browser cannot read, has the icon of its kind.
      return undefined
    } finally {
      busy -= 1
      waiting.shift()?.()
    }
  }
  const forget = (key: string, url: Promise<string | undefined>): void => {
    made.delete(key)
    void url.then((one) => one !== undefined && URL.revokeObjectURL(one))
  }
  return {
    urlOf(entry) {
      if (kindOf(entry) !== 'image' || entry.bytes > sourceBytesMax || entry.isLocked === true)
        return Promise.resolve(undefined)
      const key = `${entry.id} ${entry.versions} ${entry.modifiedMs}`
      const url = made.get(key) ?? make(entry)
      made.delete(key)
      made.set(key, url)
      const [oldest] = made
      if (made.size > keptMax && oldest !== undefined) forget(...oldest)
      return url
    },
    close() {
      for (const [key, url] of [...made]) forget(key, url)
    },
  }
}

async function smaller(blob: Blob): Promise<Blob> {
  if (blob.type === 'image/svg+xml') return blob
  const bitmap = await createImageBitmap(blob, { resizeWidth: side, resizeQuality: 'medium' })
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
  bitmap.close()
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.8 })
}

export function useThumbnail(thumbnails: Thumbnails | undefined, entry: Entry): string | undefined {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    let isWanted = true
    void thumbnails?.urlOf(entry).then((one) => {
      if (isWanted) setUrl(one)
    })
    return () => {
      isWanted = false
    }
  }, [thumbnails, entry])
  return url
}
