import type { ToolsSdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { placeOf } from '../places.ts'
import { fields, int, oneOf, optional, text } from '../shape.ts'

const manages = () => 'tools.manage' as const

export const tools: MethodsOf<ToolsSdk> = {
  list: {
    summary: 'Keys for tools, newest first',
    isChange: false,
    permission: manages,
    params: fields({}),
    run: ({ operations: { tools } }) => tools.list(),
  },
  create: {
    summary: 'Make a key for a tool: one door, one folder, to read or to write',
    isChange: true,
    permission: manages,
    params: fields({
      name: text({ min: 1, max: 100 }),
      door: oneOf('webdav', 'mcp'),
      folder: optional(text()),
      rights: oneOf('read', 'write'),
      untilMs: optional(int()),
    }),
    run: ({ operations: { tools }, caller }, { folder, ...input }) =>
      tools.create(folder === undefined ? input : { ...input, folder: placeOf(folder, caller) }),
  },
  revoke: {
    summary: 'Take a key back, at once and for good',
    isChange: true,
    permission: manages,
    params: fields({ id: text({ min: 1, max: 64 }) }),
    run: ({ operations: { tools } }, input) => tools.revoke(input.id),
  },
}
