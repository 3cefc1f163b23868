import type { LimitsChange, NewChild } from '@anarq/kernel'
import type { App, DoorContext } from '../context.ts'
import { answers, described, fields, passphrase, ref, text, time } from '../schema/parts.ts'

const tags = ['children']
const params = fields({ ref: described(text, "The child's DID, or its name here.") })
const device = described(text, "The text that the child's device made when it was enrolled.")
const guardianShare = described(text, "A second guardian's share, as text. A secret where it is not sealed.")
const second = described(text, 'Who holds the second share: an identity here, or one whose card is known.')
const name = { type: 'string', minLength: 1, maxLength: 100 }
const days = { type: 'integer', minimum: 1, maximum: 7, description: 'How long it holds; 7 at most.' }
/** What carries a passphrase, or a share that may be in the clear. */
const config = { access: 'socket' } as const

type ByRef = { Params: { ref: string } }
type Renewing = { limits?: LimitsChange; days?: number }
type Recovering = { device: string; guardianShare: string; second?: string }

export function addGuardianRoutes(app: App, { operations: { identities } }: DoorContext): void {
  app.post<{ Body: NewChild }>('/api/v1/children', {
    config,
    schema: {
      operationId: 'createChild',
      summary: "Make a child's identity, with signed consent and limits, for the child's own device",
      tags,
      body: fields({
        name: text,
        birthMs: described(time, 'The day of birth: decides the age and when control passes over.'),
        device,
        'second?': second,
        'limits?': ref('LimitsChange'),
      }),
      response: answers(201, 'The child, and what is carried to others.', ref('MadeChild')),
    },
    handler: async ({ body }, reply) => reply.code(201).send(await identities.createChild(body)),
  })
  app.post<ByRef & { Body: Renewing }>('/api/v1/identities/:ref/renew', {
    schema: {
      operationId: 'renewChild',
      summary: "A delegation for the next days of a child's device, and other limits where they change",
      tags,
      params,
      body: fields({ 'limits?': ref('LimitsChange'), 'days?': days }),
      response: answers(200, 'The child, and what its device takes in with `join`.', ref('RenewedChild')),
    },
    handler: ({ params: { ref }, body }) => identities.renew(ref, body),
  })
  app.post<ByRef & { Body: Recovering }>('/api/v1/identities/:ref/recover', {
    config,
    schema: {
      operationId: 'recoverChild',
      summary: 'Another device for a child whose own is lost, with both guardians’ shares',
      tags,
      params,
      body: fields({ device, guardianShare, 'second?': second }),
      response: answers(200, 'The child, and what is carried to others.', ref('MadeChild')),
    },
    handler: ({ params: { ref }, body }) => identities.recover(ref, body),
  })
  app.post<ByRef>('/api/v1/identities/:ref/release', {
    schema: {
      operationId: 'releaseChild',
      summary: "From majority on: what the child's device takes its own key over with",
      tags,
      params,
      response: answers(200, 'The release, sealed to that device.', fields({ release: text })),
    },
    handler: ({ params: { ref } }) => identities.release(ref),
  })
}

/** Of second guardians. */
export function addShareRoutes(app: App, { operations: { identities } }: DoorContext): void {
  app.post<{ Body: { guardianShare: string; to?: string } }>('/api/v1/shares/lend', {
    config,
    schema: {
      operationId: 'lendShare',
      summary: 'Make a share that is yours as second guardian readable for the first one',
      tags,
      body: fields({ guardianShare, 'to?': described(text, 'Absent: the first guardian.') }),
      response: answers(200, 'The share, sealed to them.', fields({ guardianShare: text })),
    },
    handler: ({ body: { guardianShare, to } }) => identities.lendShare(guardianShare, { to }),
  })
  app.post<{ Body: { guardianShare: string } }>('/api/v1/shares/release', {
    config,
    schema: {
      operationId: 'releaseShare',
      summary: 'From majority on, as second guardian: the same as the release of the first',
      tags,
      body: fields({ guardianShare }),
      response: answers(200, "The release, sealed to the child's device.", fields({ release: text })),
    },
    handler: ({ body }) => identities.releaseShare(body.guardianShare),
  })
}

const enrolled = fields({
  name: text,
  device: described(text, 'No secret: it is carried to the guardian.'),
})

/** On the child's own device. */
export function addWardRoutes(app: App, { operations: { account } }: DoorContext): void {
  app.post<{ Body: { name: string; passphrase: string } }>('/api/v1/account/enrol', {
    config,
    schema: {
      operationId: 'enrolDevice',
      summary: "Make the keys of a child's device, for its guardian to see",
      tags: ['account'],
      body: fields({ name, passphrase }),
      response: answers(200, 'What the guardian needs.', enrolled),
    },
    handler: ({ body }) => account.enrol(body),
  })
  app.get('/api/v1/account/enrolment', {
    config,
    schema: {
      operationId: 'getEnrolment',
      summary: 'The same once more, while its guardian is waited for',
      tags: ['account'],
      response: answers(200, 'What the guardian needs.', enrolled),
    },
    handler: () => account.enrolment(),
  })
  app.post<{ Body: { file: string } }>('/api/v1/account/join', {
    config,
    schema: {
      operationId: 'joinGuardian',
      summary: 'Take in what a guardian made: the identity, a renewal, or the own key at majority',
      tags: ['account'],
      body: fields({ file: described(text, 'Its text.') }),
      response: answers(200, 'The child.', ref('Identity')),
    },
    handler: ({ body }) => account.join(body),
  })
}
