import { hasCode } from '@anarq/fault'
import { type DiskFile, unseenFile } from '@anarq/flows'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { checkDiskFile, diskFileSchema } from '../disk.ts'
import { answers, count, described, fields, flag, passphrase, ref, text } from '../schema/parts.ts'

const tags = ['files']
const config = { access: 'socket' } as const

/** Commands of this machine's user name their large files, and the node reads and writes them where they lie. */
export function addDiskRoutes(app: App, { disk, operations: { drive } }: DoorContext): void {
  app.post<{ Body: DiskFile }>('/api/v1/disk/see', {
    config,
    schema: {
      operationId: 'seeFile',
      summary: 'Whether the node finds a file of this machine as it was seen, so that an import may name it',
      tags,
      body: diskFileSchema,
      response: answers(200, 'Whether it does.', fields({ isSeen: flag })),
    },
    async handler({ body }) {
      try {
        // Whether it changes meanwhile is for whoever reads it.
        await (await disk.read(checkDiskFile(body))).close().catch(() => {})
        return { isSeen: true }
      } catch (error) {
        if (hasCode(error, 'unavailable.unseen')) return { isSeen: false }
        throw error
      }
    },
  })
  app.post<{ Params: { ref: string }; Body: { into: DiskFile; version?: number; lock?: string } }>(
    '/api/v1/objects/:ref/save',
    {
      config,
      schema: {
        operationId: 'saveContent',
        summary: 'Write a file of the drive to a file of this machine, which is there already, and empty',
        tags,
        params: fields({ ref: text }),
        body: fields({
          into: diskFileSchema,
          'version?': { type: 'integer', minimum: 1 },
          'lock?': passphrase,
        }),
        response: answers(
          200,
          'What was written.',
          fields({ entry: ref('Entry'), bytes: count, type: text, etag: described(text, 'Of the content.') }),
        ),
      },
      async handler({ params: { ref }, body: { into, ...options } }, reply) {
        const target = await disk.target(checkDiskFile(into))
        if (target === undefined) throw unseenFile()
        try {
          const { stream, ...facts } = await drive.get(ref, { ...options, signal: signalOf(reply) })
          await target.write(stream)
          return facts
        } finally {
          await target.close()
        }
      },
    },
  )
}
