import { stat } from 'node:fs/promises'
import { formatBytes } from '@anarq/bytes'
import { freeBytesAt } from './disk.ts'
import type { Home } from './home.ts'

export type Inspection = {
  readonly severity: 'info' | 'warning' | 'error'
  readonly what: string
  readonly advice?: string
}

const roomFew = 1024 ** 3
const clockEarliestMs = Date.UTC(2026, 0, 1)

/** What the machine says about the home: room, rights, clock. */
export async function inspectHome(home: Home): Promise<readonly Inspection[]> {
  const found: Inspection[] = []
  const room = await freeBytesAt(home.root)
  found.push(
    room < roomFew
      ? {
          severity: 'warning',
          what: `Only ${formatBytes(room)} of disk are left.`,
          advice: 'Free some room, or move the home to a larger disk.',
        }
      : { severity: 'info', what: `${formatBytes(room)} of disk are free.` },
  )
  const { mode } = await stat(home.root)
  const isOpen = process.platform !== 'win32' && (mode & 0o077) !== 0
  found.push(
    isOpen
      ? {
          severity: 'warning',
          what: `Others on this machine may look into ${home.root}.`,
          advice: `Close it: chmod 700 ${home.root}`,
        }
      : { severity: 'info', what: 'The home folder is yours alone.' },
  )
  if (Date.now() < clockEarliestMs)
    found.push({
      severity: 'error',
      what: 'The clock of this machine is years behind.',
      advice: 'Set it: grants and signatures depend on it.',
    })
  return found
}
