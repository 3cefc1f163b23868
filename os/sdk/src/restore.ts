import { Fault } from '@anarq/fault'
import type { RestoreReport } from '@anarq/kernel'
import type { PageClient } from './browser.ts'
import { type SendWhole, sendWhole } from './send-file.ts'

/**
 * Brings a backup back into the empty home that this page came from; whoever it belongs to unlocks it then. Nobody is in yet,
 * so nothing is signed. Broken off, it leaves no identity.
 */
export async function restoreBackup(
  { open }: Pick<PageClient, 'open'>,
  input: SendWhole,
): Promise<RestoreReport> {
  const { restored } = await sendWhole(open, '/api/v1/restores', input)
  if (restored !== undefined) return restored
  throw new Fault('unavailable.node', 'The node broke off before it said what became of it. Try again.')
}
