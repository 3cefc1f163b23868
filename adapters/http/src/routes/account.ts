import type { App, DoorContext } from '../context.ts'
import { answers, bytesText, described, fields, flag, passphrase, ref, text } from '../schema/parts.ts'

const tags = ['account']
const words = described(text, 'The 24 words.')
const name = { type: 'string', minLength: 1, maxLength: 200 }

/** Everything with a secret in it goes over the socket only: the port may be somebody else's network. */
export function addAccountRoutes(app: App, context: DoorContext): void {
  const { account } = context.operations
  addRecoveryRoutes(app, context)
  const config = { access: 'socket' } as const

  app.get('/api/v1/status', {
    config: { access: 'optional' },
    schema: {
      operationId: 'getStatus',
      summary: 'State of the node; who is in use, for that identity alone',
      tags,
      response: answers(200, 'The state.', ref('Status')),
    },
    async handler({ isOwner }) {
      const { current, ...open } = await account.status()
      return isOwner && current !== undefined ? { ...open, current } : open
    },
  })
  app.post<{ Body: { name: string; passphrase: string } }>('/api/v1/account/init', {
    config,
    schema: {
      operationId: 'initAccount',
      summary: 'Make the first identity; its 24 words are given once, here',
      tags,
      body: fields({ name, passphrase }),
      response: answers(200, 'The identity.', fields({ did: text, words })),
    },
    handler: ({ body }) => account.init(body),
  })
  app.post<{ Body: { words: string; name: string; passphrase: string } }>('/api/v1/account/recover', {
    config,
    schema: {
      operationId: 'recoverAccount',
      summary: 'Bring an identity back with its 24 words',
      tags,
      body: fields({ words, name, passphrase }),
      response: answers(
        200,
        'The identity, and how many were found.',
        fields({ did: text, identities: { type: 'integer' } }),
      ),
    },
    handler: ({ body }) => account.recover(body),
  })
  app.post<{ Body: { passphrase: string } }>('/api/v1/account/unlock', {
    config,
    schema: {
      operationId: 'unlockAccount',
      summary: 'Unlock with the passphrase',
      tags,
      body: fields({ passphrase }),
      response: answers(204, 'It is open.'),
    },
    async handler({ body }, reply) {
      await account.unlock(body)
      return reply.code(204).send()
    },
  })
  app.post('/api/v1/account/lock', {
    config,
    schema: {
      operationId: 'lockAccount',
      summary: 'Lock: the keys leave memory',
      tags,
      response: answers(204, 'It is locked.'),
    },
    async handler(_request, reply) {
      await account.lock()
      return reply.code(204).send()
    },
  })
  app.post<{ Body: { key: string; ttlMs?: number } }>('/api/v1/account/certify', {
    config,
    schema: {
      operationId: 'certifySession',
      summary: 'Let the holder of a key sign requests for the identity in use',
      tags,
      body: fields({ key: bytesText, 'ttlMs?': { type: 'integer', minimum: 1 } }),
      response: answers(200, 'The session.', ref('Session')),
    },
    handler: ({ body }) => account.certify(body),
  })
  app.post<{ Body: { from: string; to: string } }>('/api/v1/account/passphrase', {
    config,
    schema: {
      operationId: 'changePassphrase',
      summary: 'Change the passphrase',
      tags,
      body: fields({ from: passphrase, to: passphrase }),
      response: answers(204, 'It is changed.'),
    },
    async handler({ body }, reply) {
      await account.changePassphrase(body)
      return reply.code(204).send()
    },
  })
}

function addRecoveryRoutes(app: App, { attempts, operations: { account, identities } }: DoorContext): void {
  app.get('/api/v1/account/recovery', {
    schema: {
      operationId: 'getRecovery',
      summary: 'Whether this home has words, and whether they were ever confirmed',
      tags,
      response: answers(
        200,
        'How it would be brought back.',
        fields({ hasWords: flag, areWordsConfirmed: flag }),
      ),
    },
    handler: async () => identities.recovery(),
  })
  app.post<{ Body: { passphrase: string } }>('/api/v1/account/words', {
    config: { access: 'secret' },
    schema: {
      operationId: 'showWords',
      summary: 'The 24 words once more, until they are confirmed; the passphrase is asked for again',
      tags,
      body: fields({ passphrase }),
      response: answers(200, 'The words.', fields({ words })),
    },
    handler: ({ body }) => attempts.make(() => account.showWords(body)),
  })
  app.post('/api/v1/account/words/confirmed', {
    schema: {
      operationId: 'confirmWords',
      summary: 'The person showed that they have the words',
      tags,
      response: answers(204, 'It is kept.'),
    },
    async handler(_request, reply) {
      await account.confirmWords()
      return reply.code(204).send()
    },
  })
}
