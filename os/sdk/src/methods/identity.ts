import { Fault } from '@anarq/fault'
import type { ChildTerms, IdentitySdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { fields, int, list, oneOf, optional, orNull, text } from '../shape.ts'

const ref = text({ min: 1, max: 300, about: 'A name or a DID.' })
const name = text({ min: 1, max: 200 })
/** What was carried from another device, as text. */
const file = text({ min: 1, max: 100_000 })
const minute = int({ max: 24 * 60 })
const hours = list(fields({ days: list(int({ max: 6 }), 7), fromMinute: minute, toMinute: minute }), 14)
const terms = fields<ChildTerms>({
  sharing: optional(oneOf('allow', 'ask', 'deny')),
  hours: optional(orNull(hours)),
  utcOffsetMinutes: optional(int({ min: -14 * 60, max: 14 * 60 })),
})
const manages = () => 'identity.manage' as const
const reads = () => 'identity.read' as const

export const identity: MethodsOf<IdentitySdk> = {
  current: {
    summary: 'The identity in use',
    isChange: false,
    permission: reads,
    params: fields({}),
    async run({ operations: { account } }) {
      const { current } = await account.status()
      if (current === undefined) throw new Fault('refused.locked', 'AnarQ is locked. Unlock it first.')
      return current
    },
  },
  list: {
    summary: 'All identities of this home',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { identities } }) => identities.list(),
  },
  show: {
    summary: 'One identity, with the card to give to others',
    isChange: false,
    permission: reads,
    params: fields({ ref }),
    run: ({ operations: { identities } }, input) => identities.show(input.ref),
  },
  create: {
    summary: 'Make another identity, which nothing links to the others',
    isChange: true,
    permission: manages,
    params: fields({ kind: oneOf('sub', 'anonymous', 'organisation'), name }),
    run: ({ operations: { identities } }, input) => identities.create(input),
  },
  use: {
    summary: 'Put an identity in use: everything acts for it from now on',
    isChange: true,
    permission: manages,
    params: fields({ ref }),
    run: ({ operations: { identities } }, input) => identities.use(input.ref),
  },
  rotate: {
    summary: 'Give an identity new keys',
    isChange: true,
    permission: manages,
    params: fields({ ref }),
    run: ({ operations: { identities } }, input) => identities.rotate(input.ref),
  },
  revoke: {
    summary: 'Take a device, or the whole identity, out of use for good',
    isChange: true,
    permission: manages,
    params: fields({ ref, device: optional(text({ max: 200 })) }),
    run: ({ operations: { identities } }, input) => identities.revoke(input.ref, input.device),
  },
  drill: {
    summary: 'The recovery drill: whether these words bring this home back',
    isChange: false,
    permission: manages,
    params: fields({ words: text({ max: 1000 }) }),
    run: ({ operations: { identities } }, input) => identities.drill(input.words),
  },
  createChild: {
    summary: "Make a child's identity, under limits, for the child's own device",
    isChange: true,
    permission: manages,
    params: fields({
      name: text({ min: 1, max: 100 }),
      birthMs: int({ min: -3_000_000_000_000 }),
      device: file,
      // Without one the second share would be in the clear, and this may come over a network.
      second: ref,
      limits: optional(terms),
    }),
    run: ({ operations: { identities } }, input) => identities.createChild(input),
  },
  renewChild: {
    summary: "Let a child's device act for the next days, with other limits where they change",
    isChange: true,
    permission: manages,
    params: fields({ ref, days: optional(int({ min: 1, max: 7 })), limits: optional(terms) }),
    run: ({ operations: { identities } }, { ref: child, ...options }) => identities.renew(child, options),
  },
  recoverChild: {
    summary: "Give a child whose device is lost another one, with the second guardian's share",
    isChange: true,
    permission: manages,
    params: fields({ ref, device: file, guardianShare: file, second: ref }),
    run: ({ operations: { identities } }, { ref: child, ...input }) => identities.recover(child, input),
  },
  releaseChild: {
    summary: 'Hand a child that is of age its own key',
    isChange: true,
    permission: manages,
    params: fields({ ref }),
    run: ({ operations: { identities } }, input) => identities.release(input.ref),
  },
  lendShare: {
    summary: 'As second guardian: make a share readable for the first one',
    isChange: true,
    permission: manages,
    params: fields({ guardianShare: file }),
    run: ({ operations: { identities } }, input) => identities.lendShare(input.guardianShare),
  },
  releaseShare: {
    summary: 'As second guardian: hand a child that is of age its own key',
    isChange: true,
    permission: manages,
    params: fields({ guardianShare: file }),
    run: ({ operations: { identities } }, input) => identities.releaseShare(input.guardianShare),
  },
  join: {
    summary: "On a child's own device: take in what its guardian made",
    isChange: true,
    permission: manages,
    params: fields({ file }),
    run: ({ operations: { account } }, input) => account.join(input),
  },
  recovery: {
    summary: 'Whether this home has words, and whether they were ever confirmed',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { identities } }) => identities.recovery(),
  },
  learn: {
    summary: "Take in somebody's card",
    isChange: true,
    permission: manages,
    params: fields({ card: text({ max: 100_000 }) }),
    run: ({ operations: { identities } }, input) => identities.learn(input.card),
  },
}
