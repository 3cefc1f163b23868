import type { NewIdentity } from '@anarq/kernel'
import type { App, DoorContext } from '../context.ts'
import { answers, described, fields, flag, listOf, oneOf, ref, text } from '../schema/parts.ts'

const tags = ['identities']
const params = fields({ ref: described(text, 'DID, or a name that only one identity here has.') })
type ByRef = { Params: { ref: string } }

export function addIdentityRoutes(app: App, { operations: { identities } }: DoorContext): void {
  app.get('/api/v1/identities', {
    schema: {
      operationId: 'listIdentities',
      summary: 'All identities of this home',
      tags,
      response: answers(200, 'The identities.', listOf(ref('Identity'))),
    },
    handler: () => identities.list(),
  })
  app.post<{ Body: NewIdentity }>('/api/v1/identities', {
    schema: {
      operationId: 'createIdentity',
      summary: 'Make another identity',
      tags,
      body: fields({
        kind: oneOf('sub', 'anonymous', 'organisation'),
        name: text,
      }),
      response: answers(201, 'The identity.', ref('Identity')),
    },
    handler: async ({ body }, reply) => reply.code(201).send(await identities.create(body)),
  })
  app.get<ByRef>('/api/v1/identities/:ref', {
    schema: {
      operationId: 'getIdentity',
      summary: 'One identity, with its card',
      tags,
      params,
      response: answers(200, 'The identity.', ref('IdentityCard')),
    },
    handler: ({ params: { ref } }) => identities.show(ref),
  })
  app.post<ByRef>('/api/v1/identities/:ref/use', {
    schema: {
      operationId: 'useIdentity',
      summary: 'Act as this identity from now on',
      tags,
      params,
      response: answers(200, 'The identity.', ref('Identity')),
    },
    handler: ({ params: { ref } }) => identities.use(ref),
  })
  app.post<ByRef>('/api/v1/identities/:ref/rotate', {
    schema: {
      operationId: 'rotateIdentity',
      summary: 'Give it new keys; what is kept stays readable',
      tags,
      params,
      response: answers(200, 'The identity.', ref('Identity')),
    },
    handler: ({ params: { ref } }) => identities.rotate(ref),
  })
  app.post<ByRef & { Body: { device?: string } }>('/api/v1/identities/:ref/revoke', {
    schema: {
      operationId: 'revokeIdentity',
      summary: 'Take an identity, or one device of it, out of use',
      tags,
      params,
      body: fields({ 'device?': described(text, 'Id of a device; absent: the whole identity.') }),
      response: answers(200, 'The identity.', ref('Identity')),
    },
    handler: ({ params: { ref }, body }) => identities.revoke(ref, body.device),
  })
  app.post<{ Body: { card: string } }>('/api/v1/contacts', {
    schema: {
      operationId: 'learnIdentity',
      summary: "Take in somebody else's card, so that one can share with them",
      tags,
      body: fields({ card: text }),
      response: answers(200, 'Whose it is.', fields({ did: text })),
    },
    handler: ({ body }) => identities.learn(body.card),
  })
  app.post<{ Body: { words: string } }>('/api/v1/account/drill', {
    config: { access: 'socket' },
    schema: {
      operationId: 'drillWords',
      summary: 'Try whether 24 words are those of this home',
      tags,
      body: fields({ words: text }),
      response: answers(200, 'Whether they are.', fields({ isRight: flag })),
    },
    handler: async ({ body }) => ({ isRight: await identities.drill(body.words) }),
  })
}
