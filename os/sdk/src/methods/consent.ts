import type { ConsentSdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { placeOf } from '../places.ts'
import { fields, int, list, oneOf, optional, text } from '../shape.ts'

export const consent: MethodsOf<ConsentSdk> = {
  grants: {
    summary: 'What was allowed to others, and by others',
    isChange: false,
    permission: () => 'consent.read',
    params: fields({ direction: optional(oneOf('in', 'out')) }),
    run: ({ operations: { sharing } }, input) => sharing.grants(input.direction),
  },
  share: {
    summary: 'Allow somebody to open a file or a folder',
    isChange: true,
    permission: () => 'consent.manage',
    params: fields({
      path: text(),
      with: text({ min: 1, max: 100_000, about: 'A DID, the name of an identity of this home, or a card.' }),
      rights: optional(list(oneOf('read', 'write', 'share'), 3)),
      untilMs: optional(int()),
      uses: optional(int({ min: 1, max: 1_000_000 })),
      purpose: optional(text({ max: 200 })),
    }),
    async run({ operations: { sharing, identities }, caller }, { path, ...options }) {
      const isCard = options.with.trimStart().startsWith('anarq-card-')
      const who = isCard ? (await identities.learn(options.with)).did : options.with
      return sharing.share(placeOf(path, caller), { ...options, with: who })
    },
  },
  revoke: {
    summary: 'Take it back',
    isChange: true,
    permission: () => 'consent.manage',
    params: fields({ grant: text({ min: 1, max: 200 }) }),
    run: ({ operations: { sharing } }, input) => sharing.revoke(input.grant),
  },
  revokeHard: {
    summary: 'Take it back, and seal what it named anew',
    isChange: true,
    permission: () => 'consent.manage',
    params: fields({ grant: text({ min: 1, max: 200 }) }),
    run: ({ operations: { sharing } }, input, signal) => sharing.revokeHard(input.grant, { signal }),
  },
}
