import type { App, DoorContext } from '../context.ts'
import { answers, described, fields, passphrase, ref, text } from '../schema/parts.ts'
import { browserShape, keyShape } from './sessions.ts'

const tags = ['sessions']
const config = { access: 'page' } as const
const name = { type: 'string', minLength: 1, maxLength: 200 }
const enrolled = answers(
  200,
  'What the guardian needs.',
  fields({ name: text, device: described(text, 'No secret: it is carried to the guardian.') }),
)

/** How a child's own device begins, and goes on, in a browser. */
export function addWardSessionRoutes(
  app: App,
  { sessions, attempts, operations: { account } }: DoorContext,
): void {
  app.post<{ Body: { name: string; passphrase: string } }>('/api/v1/sessions/enrol', {
    config,
    schema: {
      operationId: 'enrolAtPage',
      summary: "In an empty home: make the keys of a child's device, for its guardian to see",
      tags,
      body: fields({ name, passphrase }),
      response: enrolled,
    },
    handler: ({ body }) => account.enrol(body),
  })
  app.post<{ Body: { passphrase: string } }>('/api/v1/sessions/enrolment', {
    config,
    schema: {
      operationId: 'getEnrolmentAtPage',
      summary: 'The same once more, while its guardian is waited for; the passphrase is asked for again',
      tags,
      body: fields({ passphrase }),
      response: enrolled,
    },
    async handler({ body }) {
      await attempts.make(() => account.unlock(body))
      return account.enrolment()
    },
  })
  app.post<{ Body: { passphrase: string; file: string; key: string; browser?: string } }>(
    '/api/v1/sessions/join',
    {
      config,
      schema: {
        operationId: 'joinAtPage',
        summary: 'Take in what a guardian made (an identity, a renewal, the own key), and begin a session',
        description: 'The passphrase of this device is asked for: the file alone lets nobody in.',
        tags,
        body: fields({
          passphrase,
          file: described({ ...text, maxLength: 200_000 }, 'Its text.'),
          key: keyShape,
          'browser?': browserShape,
        }),
        response: answers(200, 'The session.', ref('Session')),
      },
      async handler({ body: { passphrase: given, file, key, browser = 'A browser' } }) {
        await attempts.make(() => account.unlock({ passphrase: given }))
        await account.join({ file })
        return sessions.issue({ key, browser })
      },
    },
  )
}
