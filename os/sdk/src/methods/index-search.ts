import { systemFolder } from '@anarq/kernel'
import type { IndexSdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { fields, flag, int, optional, text } from '../shape.ts'

export const index: MethodsOf<IndexSdk> = {
  find: {
    summary: 'Search by words, tag, type and time',
    isChange: false,
    permission: () => 'drive.read',
    params: fields({
      text: optional(text({ max: 500 })),
      tag: optional(text({ max: 100 })),
      type: optional(text({ max: 256, about: 'Media type; image/* for all images.' })),
      fromMs: optional(int()),
      toMs: optional(int()),
      isTrashed: optional(flag),
      limit: optional(int({ min: 1, max: 10_000 })),
      offset: optional(int()),
    }),
    async run({ operations: { drive } }, input) {
      const query = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
      // Left out where it is looked for: a page of an answer is a full one.
      return drive.find({ ...query, outside: systemFolder })
    },
  },
}
