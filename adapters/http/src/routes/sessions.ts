import type { App, DoorContext } from '../context.ts'
import {
  answers,
  bytesText,
  described,
  fields,
  flag,
  listOf,
  oneOf,
  passphrase,
  ref,
  type Schema,
  text,
} from '../schema/parts.ts'

const tags = ['sessions']
export const keyShape: Schema = described(
  { ...bytesText, minLength: 43, maxLength: 43 },
  'Public key of the session: Ed25519, made in the browser and never given away.',
)
export const browserShape: Schema = described({ ...text, maxLength: 100 }, 'What people call this browser.')
const name = { type: 'string', minLength: 1, maxLength: 200 }
const words = described({ ...text, maxLength: 1000 }, 'The 24 words.')
const id = fields({ id: { ...text, maxLength: 64 } })
const opened = answers(200, 'The session: sign requests with its key from now on.', ref('Session'))

type Keyed = { key: string; browser?: string }
type ById = { Params: { id: string } }

/** How a browser begins to act for the identity in use. Passphrases and words come by the port only from this machine, or over HTTPS. */
export function addSessionRoutes(app: App, context: DoorContext): void {
  addBeginnings(app, context)
  addByWords(app, context)
  addAsking(app, context)
  const { sessions, operations } = context

  app.get('/api/v1/browsers', {
    schema: {
      operationId: 'listSessions',
      summary: 'Browsers that are in',
      tags,
      response: answers(200, 'The sessions.', listOf(ref('PageSession'))),
    },
    handler: async ({ keyid }) => sessions.list(keyid),
  })
  app.post('/api/v1/sessions/renew', {
    config: { access: 'resident' },
    schema: {
      operationId: 'renewSession',
      summary: 'Another certificate for the same key, of the identity that is in use now',
      tags,
      response: opened,
    },
    handler: async ({ keyid = '' }) => sessions.renew(keyid),
  })
  app.delete<ById>('/api/v1/browsers/:id', {
    schema: {
      operationId: 'endSession',
      summary: 'End one of them; "own" is the one that asks',
      tags,
      params: id,
      response: answers(204, 'It is ended.'),
    },
    async handler({ params, keyid }, reply) {
      if (params.id === 'own') sessions.endOwn(keyid)
      else sessions.end(params.id)
      return reply.code(204).send()
    },
  })
  app.post('/api/v1/lock', {
    schema: {
      operationId: 'lock',
      summary: 'Lock: the keys leave memory, and every browser has to unlock again',
      tags,
      response: answers(204, 'It is locked.'),
    },
    async handler(_request, reply) {
      // Locked first: whoever hears that its session ended, and looks, finds it so.
      await operations.account.lock()
      sessions.endAll()
      return reply.code(204).send()
    },
  })
}

function addBeginnings(app: App, { sessions, attempts, operations: { account } }: DoorContext): void {
  const config = { access: 'page' } as const
  const begin = ({ key, browser = 'A browser' }: Keyed) => sessions.issue({ key, browser })

  app.post<{ Body: Keyed & { passphrase: string } }>('/api/v1/sessions', {
    config,
    schema: {
      operationId: 'beginSession',
      summary: 'Unlock with the passphrase, and begin a session',
      tags,
      body: fields({ passphrase, key: keyShape, 'browser?': browserShape }),
      response: opened,
    },
    async handler({ body }) {
      await attempts.make(() => account.unlock(body))
      return begin(body)
    },
  })
  app.post<{ Body: Keyed & { name: string; passphrase: string } }>('/api/v1/sessions/first', {
    config,
    schema: {
      operationId: 'beginFirstSession',
      summary: 'In an empty home: make the first identity; its 24 words are given once, here',
      tags,
      body: fields({ name, passphrase, key: keyShape, 'browser?': browserShape }),
      response: answers(200, 'The words, and a session.', fields({ words, session: ref('Session') })),
    },
    async handler({ body }) {
      const made = await account.init(body)
      return { words: made.words, session: await begin(body) }
    },
  })
  app.post<{ Body: Keyed & { words: string; name: string; passphrase: string } }>(
    '/api/v1/sessions/recover',
    {
      config,
      schema: {
        operationId: 'beginRecoveredSession',
        summary: 'In an empty home: bring an identity back with its 24 words',
        tags,
        body: fields({ words, name, passphrase, key: keyShape, 'browser?': browserShape }),
        response: answers(
          200,
          'How many identities were found, and a session.',
          fields({ identities: { type: 'integer' }, session: ref('Session') }),
        ),
      },
      async handler({ body }) {
        const { identities } = await attempts.make(() => account.recover(body))
        return { identities, session: await begin(body) }
      },
    },
  )
}

/** Of a home that there is: words prove whose it is, and the passphrase is another from then on. */
function addByWords(app: App, { sessions, attempts, operations: { account } }: DoorContext): void {
  const parts = { words, passphrase: described(passphrase, 'The new one.') }
  app.post<{ Body: Keyed & { words: string; passphrase: string } }>('/api/v1/sessions/words', {
    config: { access: 'page' },
    schema: {
      operationId: 'beginWordsSession',
      summary: 'Unlock with the 24 words under a new passphrase, and begin a session',
      tags,
      body: fields({ ...parts, key: keyShape, 'browser?': browserShape }),
      response: opened,
    },
    async handler({ body: { key, browser = 'A browser', ...given } }) {
      await attempts.make(() => account.unlockByWords(given))
      return sessions.issue({ key, browser })
    },
  })
  app.post<{ Body: { words: string; passphrase: string } }>('/api/v1/account/unlock-by-words', {
    config: { access: 'socket' },
    schema: {
      operationId: 'unlockAccountByWords',
      summary: 'Unlock with the 24 words, under a new passphrase',
      tags: ['account'],
      body: fields(parts),
      response: answers(204, 'It is open.'),
    },
    async handler({ body }, reply) {
      await account.unlockByWords(body)
      return reply.code(204).send()
    },
  })
}

/** Letting another browser in without a passphrase: it asks, both show the same digits, the one that is in says yes. */
function addAsking(app: App, { sessions }: DoorContext): void {
  app.post<{ Body: Keyed }>('/api/v1/sessions/asks', {
    config: { access: 'page' },
    schema: {
      operationId: 'askForSession',
      summary: 'Ask a browser that is in to let this one in',
      tags,
      body: fields({ key: keyShape, 'browser?': browserShape }),
      response: answers(200, 'Both browsers show the digits.', ref('PageAsk')),
    },
    handler: async ({ body: { key, browser = 'A browser' } }) => sessions.ask({ key, browser }),
  })
  app.get<ById>('/api/v1/sessions/asks/:id', {
    config: { access: 'page' },
    schema: {
      operationId: 'getSessionAnswer',
      summary: 'What the other browser said',
      tags,
      params: id,
      response: answers(
        200,
        'Its answer; a session is given once.',
        fields({ state: oneOf('waiting', 'refused', 'approved'), 'session?': ref('Session') }),
      ),
    },
    handler: async ({ params }) => sessions.answerOf(params.id),
  })
  app.get('/api/v1/sessions/asks', {
    schema: {
      operationId: 'listSessionAsks',
      summary: 'Browsers that ask to be let in',
      tags,
      response: answers(200, 'They.', listOf(ref('PageAsk'))),
    },
    handler: async () => sessions.asks(),
  })
  app.post<ById & { Body: { isApproved: boolean } }>('/api/v1/sessions/asks/:id', {
    schema: {
      operationId: 'answerSessionAsk',
      summary: 'Let it in, or not',
      tags,
      params: id,
      body: fields({ isApproved: flag }),
      response: answers(204, 'It is told.'),
    },
    async handler({ params, body }, reply) {
      await sessions.answer(params.id, body.isApproved)
      return reply.code(204).send()
    },
  })
}
