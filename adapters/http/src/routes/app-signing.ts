import { feedBytesMax, type UnsignedFeed, type UnsignedManifest } from '@anarq/wxa'
import type { App, DoorContext } from '../context.ts'
import { answers, described, fields } from '../schema/parts.ts'

/** A manifest of the largest size, with room for how JSON may spell it. */
const bodyLimit = 2 * 1024 * 1024

const manifest = { type: 'object', additionalProperties: true }

export function addAppSigningRoute(app: App, { operations: { identities } }: DoorContext): void {
  app.post<{ Body: { manifest: UnsignedManifest } }>('/api/v1/apps/sign', {
    bodyLimit,
    config: { access: 'socket' },
    schema: {
      operationId: 'signApp',
      summary: 'Sign the manifest of an app package as the identity in use',
      tags: ['apps'],
      body: fields({ manifest: described(manifest, 'Unsigned, as docs/formats/wxa.md says.') }),
      response: answers(200, 'The manifest with its publisher and signature.', fields({ manifest })),
    },
    handler: async ({ body }) => ({ manifest: await identities.signApp(body.manifest) }),
  })
  app.post<{ Body: { feed: UnsignedFeed } }>('/api/v1/feeds/sign', {
    bodyLimit: 2 * feedBytesMax,
    config: { access: 'socket' },
    schema: {
      operationId: 'signAppFeed',
      summary: 'Sign a feed of app packages as the identity in use',
      tags: ['apps'],
      body: fields({ feed: described(manifest, 'Unsigned, as docs/formats/wxa.md says.') }),
      response: answers(200, 'The feed with its publisher and signature.', fields({ feed: manifest })),
    },
    handler: async ({ body }) => ({ feed: await identities.signAppFeed(body.feed) }),
  })
}
