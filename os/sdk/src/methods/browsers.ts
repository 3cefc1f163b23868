import type { BrowsersSdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { fields, flag, text } from '../shape.ts'

const id = text({ min: 1, max: 64 })
const manages = () => 'browsers.manage' as const

export const browsers: MethodsOf<BrowsersSdk> = {
  list: {
    summary: 'Browsers that are in',
    isChange: false,
    permission: manages,
    params: fields({}),
    run: ({ browsers }) => browsers().list(),
  },
  asks: {
    summary: 'Browsers that ask to be let in, each with the digits that it shows',
    isChange: false,
    permission: manages,
    params: fields({}),
    run: ({ browsers }) => browsers().asks(),
  },
  answer: {
    summary: 'Let a browser in, or not',
    isChange: true,
    permission: manages,
    params: fields({ id, isApproved: flag }),
    run: ({ browsers }, input) => browsers().answer(input),
  },
  end: {
    summary: 'Put a browser out',
    isChange: true,
    permission: manages,
    params: fields({ id }),
    run: ({ browsers }, input) => browsers().end(input),
  },
}
