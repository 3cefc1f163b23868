import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { binary } from './schema/parts.ts'

const description = `The operations of an AnarQ node.

Two doors offer them. At the **socket** in the home folder, whoever may open it is this machine's user and acts as the identity in use, without signatures: \`curl --unix-socket HOME/node.sock http://localhost/api/v1/status\`. At the **port**, everything under /api/v1 but the status carries an HTTP Message Signature (RFC 9421) of the identity in use: label and tag "anarq", algorithm "anarq-composite-1", or "ed25519" with a session certificate in the header Anarq-Session; it covers @method, @authority, @path, @query where there is one, and content-digest where there is a body (uploads over loopback or HTTPS may leave it out).

Errors are problems (RFC 9457) with a stable code. Times are milliseconds since 1970, sizes bytes, ids hexadecimal. A \`ref\` is a path, an object id, or a name that only one thing has; percent-encode it whole. In a \`path\`, slashes may stand as they are.`

const tags = [
  {
    name: 'account',
    description:
      'State, unlocking, passphrase. All but the status: only at the socket; browsers use sessions.',
  },
  { name: 'sessions', description: 'Browsers that act for the identity in use.' },
  { name: 'sdk', description: 'What apps see of the system, and its own pages.' },
  {
    name: 'apps',
    description: 'Signing packages of apps, and what apps answer, each below a path of its own.',
  },
  { name: 'identities', description: 'Identities of this home.' },
  { name: 'children', description: 'Identities of children, for their guardians.' },
  { name: 'files', description: 'Files and folders: up, down, search, versions.' },
  { name: 'sharing', description: 'Grants to others, and what others granted.' },
  { name: 'audit', description: 'The log of everything that happened, and its proofs.' },
  { name: 'health', description: 'Verification, backup, upkeep.' },
  { name: 'tools', description: 'Keys by which tools come in by other doors, such as WebDAV.' },
  { name: 'blocks', description: 'Trustless IPFS gateway: sealed blocks by their names, for anybody.' },
  { name: 'node', description: 'For operators.' },
]

export const openApiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'AnarQ', version: '1', description, license: { name: 'MPL-2.0', identifier: 'MPL-2.0' } },
    tags,
    components: {
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Signature',
          description: 'HTTP Message Signature (RFC 9421) by the identity in use, with Signature-Input.',
        },
      },
    },
  },
  hideUntagged: true,
  exposeHeadRoutes: true,
  refResolver: {
    buildLocalReference: (json, _baseUri, _fragment, i) =>
      typeof json.$id === 'string' ? json.$id : `schema-${i}`,
  },
  transform: ({ schema, url, route }) => ({
    schema: {
      ...withPath(schema),
      ...named(schema),
      ...withBody(route.config?.streams),
      security: securityOf(route.config?.access, url),
    },
    url: url.endsWith('/*') ? `${url.slice(0, -1)}:path` : url,
  }),
}

/** A HEAD route has a name of its own already; the plugin puts something behind it. */
function named({ operationId }: { operationId?: string }): { operationId?: string } {
  return operationId === undefined ? {} : { operationId: operationId.replace(/-head$/, '') }
}

/** What the router calls `*` has a name in the document. */
function withPath<T extends { params?: unknown }>(schema: T): T {
  const params = schema.params as { properties?: Record<string, unknown> } | undefined
  if (params?.properties?.['*'] === undefined) return schema
  const { '*': path, ...others } = params.properties
  return { ...schema, params: { ...params, properties: { ...others, path }, required: ['path'] } }
}

/** A body that is streamed is validated by whoever reads it, and only described here. */
function withBody(type: string | undefined): { body?: unknown } {
  return type === undefined ? {} : { body: { content: { [type]: { schema: binary } } } }
}

const signedAccess: ReadonlySet<string> = new Set(['signed', 'resident', 'secret'])

function securityOf(access: string | undefined, url: string): readonly Record<string, string[]>[] {
  const isSigned = access === undefined ? url.startsWith('/api/v1/') : signedAccess.has(access)
  if (isSigned) return [{ signature: [] }]
  return access === 'optional' ? [{}, { signature: [] }] : []
}
