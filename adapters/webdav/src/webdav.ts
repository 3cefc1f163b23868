import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@anarq/clock'
import { asFault, type Fault } from '@anarq/fault'
import type { AuthenticateOptions } from './authenticate.ts'
import type { Door, Quota } from './call.ts'
import { createTurns } from './turns.ts'

export type WebdavOptions = {
  /** What the key with this secret opens; `source` is a pseudonym of where it came from. */
  access: AuthenticateOptions['access']
  clock: Clock
  /** Where the door is on its server; without a slash at its end. */
  prefix?: string
  /** Room on the node's disk (RFC 4331); absent: not told. */
  quota?: () => Promise<Quota>
  /** Keys are then taken from everywhere, else from this machine alone. */
  isBehindTls?: boolean
  /** Of a lock: never the same twice (RFC 4918, section 6.5). */
  newToken?: () => string
  /** Defects of ours, which the answer to a client does not describe. */
  onFault?: (fault: Fault) => void
}

export type Webdav = {
  readonly prefix: string
  /** For requests below the prefix, once their Host header was checked. */
  handler(request: IncomingMessage, answer: ServerResponse, about: { readonly source: string }): void
}

/** WebDAV of classes 1, 2 and 3 (RFC 4918) over the drive that a key opens. Locks live as long as this does. */
export function createWebdav({
  access,
  clock,
  prefix = '/dav',
  quota,
  isBehindTls = false,
  newToken = () => `urn:uuid:${randomUUID()}`,
  onFault = () => {},
}: WebdavOptions): Webdav {
  const door: Door = {
    prefix,
    clock,
    turns: createTurns(),
    locks: [],
    newToken,
    quota: async () => quota?.(),
  }
  return {
    prefix,
    handler(request, answer, { source }) {
      // Only when somebody comes: a node that nobody asks by this door is smaller without it.
      import('./serve.ts')
        .then(({ serve }) => serve(request, answer, { source, door, access, isBehindTls, onFault }))
        .catch((error: unknown) => {
          answer.destroy()
          onFault(asFault(error))
        })
    },
  }
}
