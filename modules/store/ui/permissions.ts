import type { Say } from '@anarq/design'
import type { AppPermission } from '@anarq/sdk'
import type { MessageKey } from './messages.ts'

const known = [
  'drive.read',
  'drive.write',
  'identity.read',
  'identity.manage',
  'consent.read',
  'consent.manage',
  'guardian.read',
  'system.read',
  'apps.manage',
] as const

/** These reach further than one's own files: the screen says so. */
const far: readonly string[] = ['identity.manage', 'consent.manage', 'apps.manage']

/** In the reader's language; what has no words here is said as the system says it. */
export function meaningOf(say: Say<MessageKey>, { id, means }: AppPermission): string {
  const plain = known.find((one) => one === id)
  if (plain !== undefined) return say(`may.${plain}`)
  return id.startsWith('network:') ? say('may.network', { host: id.slice('network:'.length) }) : means
}

export function isFar(id: string): boolean {
  return far.includes(id) || id.startsWith('network:')
}

export function bytesText(bytes: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte'] as const
  const step = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : 2
  const value = bytes / 1000 ** step
  const format = { style: 'unit', unit: units[step] as string, unitDisplay: 'short' } as const
  return new Intl.NumberFormat(locale, {
    ...format,
    maximumFractionDigits: value < 10 && step > 0 ? 1 : 0,
  }).format(value)
}
