import { type Locale, sizeOf } from '@anarq/design'
import type { SettingsSay } from '../messages/messages.ts'

/** "1,204 files, 3.2 GB". */
export function amountOf(files: number, bytes: number, say: SettingsSay, locale: Locale): string {
  const size = sizeOf(bytes, locale)
  return files === 1
    ? say('storage.content.one', { size })
    : say('storage.content.value', { files: files.toLocaleString(locale), size })
}
