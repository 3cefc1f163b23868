import type { FeedFacts } from '@anarq/sdk'
import { type Context, UsageError, type Values } from '../command.ts'
import { shown, table } from '../terminal.ts'

/** Publishers' feeds: what is shown of whom, and what is new there. Nothing is fetched but by `add` and `refresh`. */
export async function feedOf(context: Context, args: readonly string[], values: Values): Promise<number> {
  const [, verb, what] = args
  const { apps } = await context.sdk()
  const { terminal } = context
  switch (verb) {
    case 'add': {
      const feed = await apps.addFeed({
        path: needed(what, 'an https address, or a folder of your drive'),
        allowsPrivate: values['allow-private'] === true,
      })
      terminal.result(feed, described(feed))
      return 0
    }
    case 'list': {
      const feeds = await apps.feeds({})
      const none = 'No feed is shown. Add one with: anarq app feed add https://…'
      terminal.result(feeds, feeds.length === 0 ? none : feeds.map(described).join('\n\n'))
      return 0
    }
    case 'refresh': {
      const all = await apps.feeds({})
      const asked = what === undefined ? all : [oneOf(all, what)]
      const feeds: FeedFacts[] = []
      for (const { did } of asked) feeds.push(await apps.refreshFeed({ did }))
      terminal.result(feeds, feeds.map(described).join('\n\n'))
      return 0
    }
    case 'remove': {
      const feed = oneOf(await apps.feeds({}), needed(what, 'the name or the address of a feed'))
      await apps.removeFeed({ did: feed.did })
      terminal.result(feed, `${shown(feed.name)} is not shown any more. What you installed from it stays.`)
      return 0
    }
    default:
      throw new UsageError('Say what: app feed add, list, refresh or remove.')
  }
}

/** By the publisher's name, by who they are, or by where it lies. */
function oneOf(feeds: readonly FeedFacts[], what: string): FeedFacts {
  const found = feeds.filter(({ did, name, folder }) =>
    [did, name, folder, `${folder}feed.json`].includes(what),
  )
  const [one] = found
  if (one !== undefined && found.length === 1) return one
  throw new UsageError(
    found.length === 0
      ? `No feed "${what}" is shown. See them with: anarq app feed list`
      : `Several feeds are called "${what}". Name the one you mean by its address.`,
  )
}

function needed(what: string | undefined, asked: string): string {
  if (what !== undefined) return what
  throw new UsageError(`Something is missing: ${asked}.`)
}

function described({ name, did, folder, sequence, apps, problem }: FeedFacts): string {
  const head = [`${shown(name)}, feed ${sequence}, ${folder}`, `  ${did}`]
  if (problem !== undefined) return [...head, `  ${problem.sentence}`].join('\n')
  const rows = apps.map(({ id, name: app, version, state, installed }) => [
    `  ${id}`,
    shown(app),
    version,
    state === 'update' ? `instead of ${installed}` : state,
  ])
  return [...head, rows.length === 0 ? '  It names no app.' : table(rows)].join('\n')
}
