import { Fault } from '@anarq/fault'
import type { RestoreReport } from '@anarq/kernel'
import type { PageClient } from './browser.ts'
import { type InParts, type PartState, sendInParts } from './parts.ts'

/**
 * Brings a backup back into the empty home that this page came from; whoever it belongs to unlocks it then. Nobody is in yet,
 * so nothing is signed. Broken off, it leaves no identity.
 */
export async function restoreBackup(
  { open }: Pick<PageClient, 'open'>,
  input: Omit<InParts, 'ask'>,
): Promise<RestoreReport> {
  type State = PartState & { readonly restored?: RestoreReport }
  const { restored } = await sendInParts<State>('/api/v1/restores', { ...input, ask: open })
  if (restored !== undefined) return restored
  throw new Fault('unavailable.node', 'The node broke off before it said what became of it. Try again.')
}
