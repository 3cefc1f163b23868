import { asFault } from '@anarq/fault'
import type { MessageKey, ShellSay } from '../messages/messages.ts'

/** What people meet on the way in, said in their language; whatever else the node says is shown as it said it. */
const known: Readonly<Record<string, MessageKey>> = {
  'refused.passphrase': 'problem.passphrase',
  'refused.passkey': 'problem.passkey',
  'refused.authenticator': 'problem.authenticator',
  'conflict.passkey': 'problem.authenticator.known',
  'unavailable.prf': 'problem.prf',
  'limit.rate': 'problem.rate',
  'refused.insecure': 'problem.insecure',
  'unavailable.node': 'problem.node',
}

export function problemText(say: ShellSay, thrown: unknown): string {
  const { code, message } = asFault(thrown)
  const key = known[code]
  return key === undefined ? message : say(key)
}
