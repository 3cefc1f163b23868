import { type BrowserOperations, fromWire, toWire } from '@anarq/sdk'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { ndjsonType } from '../ndjson.ts'
import type { PageSessions } from '../page-sessions.ts'
import { answers, described, fields, text } from '../schema/parts.ts'
import { watch } from '../watch.ts'

const tags = ['sdk']
/** A call may carry `inlineBytesMax` of content, as text. */
const callBytesMax = 6 * 1024 * 1024
const anything = { description: 'Plain data; bytes as {"$bytes": base64url}.' }
const headers = fields({ 'anarq-app?': { ...text, maxLength: 64 } }, { additionalProperties: true })

/** The calls of the SDK, each at an address of its own: what an app may ask, and the system's own pages. */
export function addSdkRoutes(app: App, { dispatcher, callerOf, feed, sessions }: DoorContext): void {
  app.post<{ Params: { method: string }; Body: object }>('/api/v1/sdk/:method', {
    bodyLimit: callBytesMax,
    config: { isForApps: true },
    schema: {
      operationId: 'call',
      summary: 'Call a method of the SDK, such as storage.list',
      description:
        'With the header Anarq-App the call is made for that app: it may do what that app was granted, and no more.',
      tags,
      params: fields({ method: described({ ...text, maxLength: 80 }, 'Its full name.') }),
      headers,
      body: { ...anything, type: 'object' },
      response: answers(200, 'What it gives.', fields({ 'result?': anything })),
    },
    async handler(request, reply) {
      const browsers = browsersOf(sessions, request.keyid)
      const caller = { ...(await callerOf(request.headers)), browsers }
      const params = fromWire(request.body)
      const result = await dispatcher.call(caller, request.params.method, params, signalOf(reply))
      return { result: toWire(result) }
    },
  })
  app.get('/api/v1/events', {
    config: { isForApps: true },
    schema: {
      operationId: 'watchEvents',
      summary: 'What changes, as it changes: one line of JSON each, until the client goes',
      description:
        'A line says which part of the system may look different now; an empty line comes now and then.',
      tags,
      headers,
      response: answers(200, 'Lines such as {"topic":"drive","atMs":0}.', text, ndjsonType),
    },
    handler: (request, reply) =>
      reply.type(ndjsonType).send(watch(feed, { signal: signalOf(reply), check: request.checkAdmitted })),
  })
}

/** As the browser sees them whose key signed the call. */
function browsersOf(sessions: PageSessions, keyid: string | undefined): BrowserOperations {
  return {
    list: async () => sessions.list(keyid),
    asks: async () => sessions.asks(),
    answer: ({ id, isApproved }) => sessions.answer(id, isApproved),
    end: async ({ id }) => sessions.end(id),
  }
}
