import { Fault } from '@anarq/fault'
import swagger from '@fastify/swagger'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { checkDigests, hasBody } from './body.ts'
import { appWith } from './callers.ts'
import { createLazySerializers, createLazyValidators } from './compilers.ts'
import type { App, DoorContext } from './context.ts'
import { Unproved } from './gatekeeper.ts'
import { openApiOptions } from './open-api.ts'
import { faultOfError, problemOf, problemType, retryAfterOf } from './problem.ts'
import { createRouteTable, type RouteTable } from './route-table.ts'
import { addRoutes } from './routes/routes.ts'
import { addSchemas } from './schema/schemas.ts'

export const jsonBytesMax: number = 1024 * 1024
export const urlCharactersMax: number = 8192

/** The routes and everything that is the same for all of them; the servers are the listeners' matter. */
export async function createApp(context: DoorContext): Promise<App> {
  const app = fastify({
    logger: false,
    bodyLimit: jsonBytesMax,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: urlCharactersMax },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    schemaController: {
      compilersFactory: { buildSerializer: createLazySerializers(), buildValidator: createLazyValidators() },
    },
    frameworkErrors: (error, _request, reply) => sendProblem(context, reply, error),
  })
  app.decorateRequest('isOwner', false)
  app.decorateRequest('digests', undefined as never)
  app.decorateRequest('checkAdmitted', undefined as never)
  app.decorateRequest('keyid', undefined)
  app.decorateRequest('app', undefined)
  app.setErrorHandler((error, _request, reply) => sendProblem(context, reply, error))
  const table = createRouteTable(app)
  app.setNotFoundHandler((request, reply) => sendProblem(context, reply, notFound(table, request, reply)))
  addJsonParser(app)
  addHooks(app, context)
  addSchemas(app)
  await app.register(swagger, openApiOptions)
  addRoutes(app, context)
  await app.ready()
  return app
}

function addHooks(app: App, context: DoorContext): void {
  const { gatekeeper, metrics } = context
  app.addHook('onRequest', async (request, reply) => {
    request.digests = []
    reply.headers({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    const isAtSocket = context.isAtSocket(request.raw)
    if (!isAtSocket) gatekeeper.checkHost(request.headers)
    if (request.url.length > urlCharactersMax)
      throw new Fault('limit.url', 'The address of this request is too long.')
    if ((request.method === 'GET' || request.method === 'HEAD') && hasBody(request.headers))
      throw new Fault('invalid.request', `A ${request.method} request has no body.`)
    const { url, config } = request.routeOptions
    const access = config.access ?? (url?.startsWith('/api/v1/') === true ? 'signed' : 'open')
    const { bodyMayBeUnbound = false } = config
    const admitted = await gatekeeper.admit(request.raw, access, { isAtSocket, bodyMayBeUnbound })
    request.isOwner = admitted.isOwner
    request.digests = admitted.digests
    request.checkAdmitted = admitted.check
    request.keyid = admitted.keyid
    if (request.headers['anarq-app'] !== undefined) request.app = await appAt(context, request)
  })
  app.addHook('preParsing', async (request, reply, payload) => {
    // Only now, when it is known that the body is wanted: what is refused does not even travel.
    if (request.headers.expect?.toLowerCase() === '100-continue') reply.raw.writeContinue()
    return payload
  })
  app.addHook('preValidation', async (request) => readNumbers(request))
  app.addHook('onSend', async (request, reply, payload) => {
    const isUnread = hasBody(request.headers) && !request.raw.complete
    if (isUnread && !context.isAtSocket(request.raw)) reply.header('connection', 'close')
    return payload
  })
  app.addHook('onResponse', async (request, reply) => {
    metrics.onAnswer(
      request.method,
      request.routeOptions.url ?? 'none',
      reply.statusCode,
      reply.elapsedTime / 1000,
    )
  })
}

/** The app that a request is made for, where the route asks; every other place is no app's, and that it was tried goes on record. */
async function appAt(
  { apps, callerOf }: DoorContext,
  { headers, method, routeOptions: { url = '', config }, isOwner }: FastifyRequest,
): Promise<FastifyRequest['app']> {
  const { isForApps = false, appNeeds } = config
  if (isForApps) return undefined
  // Only what an app of this person's did: anybody can write a header.
  const refused = (id: string): void => {
    if (isOwner) apps.refused(id, `${method} ${url}`, appNeeds ?? 'none')
  }
  if (appNeeds !== undefined) return appWith(appNeeds, await callerOf(headers), refused)
  const id = String(headers['anarq-app'])
  if (isOwner && (await apps.permissionsOf(id)) !== undefined) refused(id)
  throw new Fault('refused.permission', 'Apps ask by the SDK: POST /api/v1/sdk/METHOD.')
}

function sendProblem(context: DoorContext, reply: FastifyReply, error: unknown): FastifyReply {
  const problem = error instanceof Unproved ? problemOf(error.fault, 401) : context.problem(error)
  const retryAfter = retryAfterOf(error instanceof Unproved ? error.fault : faultOfError(error))
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  if (problem.status === 401) reply.header('www-authenticate', 'HTTP-Signature tag="anarq"')
  if (problem.status === 416 && error instanceof Fault)
    reply.header('content-range', `bytes */${error.data.bytes}`)
  return reply.code(problem.status).type(problemType).send(JSON.stringify(problem))
}

/** Bodies of JSON come in whole, are compared with their digest, and then parsed. */
function addJsonParser(app: App): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      checkDigests(request, body as Buffer)
    } catch (error) {
      return done(error as Error)
    }
    parse(request, body.toString('utf8'), done)
  })
}

/** Numbers and truths in an address are text: they become what the route's schema says they are. */
function readNumbers(request: FastifyRequest): void {
  const schema = request.routeOptions.schema as
    | { querystring?: ObjectSchema; params?: ObjectSchema }
    | undefined
  for (const [values, properties] of [
    [request.query, schema?.querystring?.properties],
    [request.params, schema?.params?.properties],
  ] as const) {
    const record = values as Record<string, unknown>
    for (const [name, { type }] of Object.entries(properties ?? {})) {
      const text = record[name]
      if (typeof text !== 'string') continue
      if (type === 'integer' && /^-?\d{1,15}$/.test(text)) record[name] = Number(text)
      if (type === 'boolean' && (text === 'true' || text === 'false')) record[name] = text === 'true'
    }
  }
}

type ObjectSchema = { readonly properties?: Readonly<Record<string, { readonly type?: string }>> }

/** 404, or 405 where the address is known with another method. */
function notFound(table: RouteTable, request: FastifyRequest, reply: FastifyReply): Fault {
  const path = request.url.split('?', 1)[0] ?? ''
  const methods = table.methodsOf(path)
  if (methods.length === 0)
    return new Fault(
      'missing.route',
      `There is nothing at ${path.slice(0, 200)}. See /api/docs for what there is.`,
    )
  reply.header('allow', methods.join(', '))
  return new Fault('invalid.method', `${request.method} is not possible here; ${methods.join(', ')} is.`)
}
