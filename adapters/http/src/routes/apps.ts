import { Fault } from '@anarq/fault'
import type { FastifyRequest } from 'fastify'
import { appConnections, appFileType, appPolicy } from '../app-files.ts'
import { readWholeBody } from '../body.ts'
import type { App, DoorContext } from '../context.ts'
import { answers, binary, described, fields, text } from '../schema/parts.ts'

const tags = ['apps']
const bodyBytesMax = 4 * 1024 * 1024
const id = { ...text, maxLength: 64 }
const params = fields({ id, '*': described(text, "A path of the app's own.") })
/** What an app gets to know of a request: nothing of the session that it came by. */
const headersHandedOver = ['accept', 'accept-language', 'content-type', 'if-none-match', 'if-modified-since']

/**
 * An answer is data for the app's own screen. Whoever opens it as a page gets one of no origin that runs nothing and loads
 * nothing, whatever type and headers the app gave it.
 */
const answerHeaders = {
  'content-security-policy':
    "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
}

type ToBackend = { Params: { id: string; '*': string }; Querystring: Record<string, string> }

/** The files of apps, for the frames that show them, and their backends, each below a path of its own. */
export function addAppRoutes(app: App, context: DoorContext): void {
  const { apps } = context
  app.register(async (scope) => addBackends(scope, context))
  app.get<{ Params: { id: string; key: string; '*': string } }>('/apps/:id/:key/*', {
    schema: { hide: true },
    async handler(request, reply) {
      const { id, key, '*': path } = request.params
      const file = await apps.file(key, path)
      if (file === undefined)
        throw new Fault('missing.app-file', 'This app has no such file, or was opened anew.')
      const base = `${request.protocol}://${request.headers.host}/apps/${id}/${key}/`
      return reply
        .headers({
          'content-security-policy': appPolicy(base, file.network),
          'connection-allowlist': appConnections(file.network),
          // Its frame has an origin of its own, to which even its own files are foreign.
          'cross-origin-resource-policy': 'cross-origin',
          'access-control-allow-origin': '*',
          'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
        })
        .type(appFileType(path))
        .send(file.bytes)
    },
  })
}

function addBackends(scope: App, { apps }: DoorContext): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  for (const method of ['get', 'post', 'put', 'delete'] as const) {
    scope[method]<ToBackend>('/api/v1/apps/:id/*', {
      config: { streams: '*/*' },
      schema: {
        operationId: `${method}App`,
        summary: 'Ask the backend of an app',
        tags,
        params,
        response: answers(200, 'What the app answers.', binary, '*/*'),
      },
      async handler(request, reply) {
        const answer = await apps.request(request.params.id, await handedOver(request))
        return reply
          .code(answer.status)
          .headers({ ...answer.headers, ...answerHeaders })
          .send(Buffer.from(answer.body))
      },
    })
  }
}

async function handedOver(request: FastifyRequest<ToBackend>) {
  const headers: Record<string, string> = {}
  for (const name of headersHandedOver) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const query = Object.fromEntries(
    Object.entries(request.query).map(([name, value]) => [name, String(value)]),
  )
  const tooLarge = `A request to an app has at most ${bodyBytesMax} bytes.`
  const isBodyless = request.method === 'GET'
  return {
    method: request.method,
    path: `/${request.params['*']}`,
    query,
    headers,
    body: isBodyless ? new Uint8Array(0) : await readWholeBody(request, bodyBytesMax, tooLarge),
  }
}
