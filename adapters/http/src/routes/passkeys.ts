import type { NewPasskeyInput } from '@anarq/kernel'
import type { App, DoorContext } from '../context.ts'
import { answers, bytesText, described, fields, listOf, passphrase, ref, text } from '../schema/parts.ts'

const tags = ['sessions']
const credential = described(
  { ...bytesText, minLength: 1, maxLength: 1364 },
  'The id that the authenticator gave the passkey.',
)
const host = described({ ...text, minLength: 1, maxLength: 253 }, 'The site that it was made for.')
const half = { ...bytesText, minLength: 43, maxLength: 43 }
const salt = described(half, 'What the authenticator is asked about.')
const secret = described(half, 'What it answers (WebAuthn, extension "prf"); never logged, never kept.')
const key = described(half, 'Public key of the session, as for a passphrase.')
const browser = described({ ...text, maxLength: 100 }, 'What people call this browser.')

type Proof = { credential: string; secret: string }

/**
 * Passkeys beside the passphrase. Nothing is attested: who holds one shows it by the secret that opens its slot of the
 * vault, which comes as a passphrase does and counts as a guess like one.
 */
export function addPasskeyRoutes(app: App, context: DoorContext): void {
  addUnlocking(app, context)
  addKeeping(app, context)
}

function addUnlocking(app: App, { sessions, attempts, operations: { account } }: DoorContext): void {
  app.get('/api/v1/sessions/passkeys', {
    config: { access: 'page' },
    schema: {
      operationId: 'listPasskeySlots',
      summary: 'What a browser needs to ask for a passkey that unlocks this home',
      tags,
      response: answers(200, 'The passkeys, without names.', listOf(ref('PasskeySlot'))),
    },
    handler: async () => account.passkeys(),
  })
  app.post<{ Body: Proof & { key: string; browser?: string } }>('/api/v1/sessions/passkey', {
    config: { access: 'page' },
    schema: {
      operationId: 'beginPasskeySession',
      summary: 'Unlock with a passkey, and begin a session',
      tags,
      body: fields({ credential, secret, key, 'browser?': browser }),
      response: answers(200, 'The session: sign requests with its key from now on.', ref('Session')),
    },
    async handler({ body: { key, browser = 'A browser', ...proof } }) {
      await attempts.make(() => account.unlockByPasskey(proof))
      return sessions.issue({ key, browser })
    },
  })
  app.post<{ Body: Proof }>('/api/v1/account/unlock-by-passkey', {
    config: { access: 'socket' },
    schema: {
      operationId: 'unlockAccountByPasskey',
      summary: 'Unlock with a passkey',
      tags: ['account'],
      body: fields({ credential, secret }),
      response: answers(204, 'It is open.'),
    },
    async handler({ body }, reply) {
      await account.unlockByPasskey(body)
      return reply.code(204).send()
    },
  })
}

function addKeeping(app: App, { attempts, operations: { account } }: DoorContext): void {
  app.get('/api/v1/account/passkeys', {
    schema: {
      operationId: 'listPasskeys',
      summary: 'Passkeys that unlock this home',
      tags,
      response: answers(200, 'They.', listOf(ref('Passkey'))),
    },
    handler: async () => account.listPasskeys(),
  })
  app.post<{ Body: NewPasskeyInput }>('/api/v1/account/passkeys', {
    config: { access: 'secret' },
    schema: {
      operationId: 'addPasskey',
      summary: 'Add a passkey; the passphrase is asked for once more',
      tags,
      body: fields({
        passphrase,
        credential,
        host,
        salt,
        name: { ...text, minLength: 1, maxLength: 100 },
        secret,
      }),
      response: answers(204, 'It unlocks this home from now on.'),
    },
    async handler({ body }, reply) {
      await attempts.make(() => account.addPasskey(body))
      return reply.code(204).send()
    },
  })
  app.delete<{ Params: { credential: string } }>('/api/v1/account/passkeys/:credential', {
    schema: {
      operationId: 'removePasskey',
      summary: 'Remove a passkey: it opens nothing from now on',
      tags,
      params: fields({ credential }),
      response: answers(204, 'It is removed.'),
    },
    async handler({ params }, reply) {
      await account.removePasskey(params)
      return reply.code(204).send()
    },
  })
}
