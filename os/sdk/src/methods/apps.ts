import type { FeedFacts } from '../app-operations.ts'
import type { AppsSdk } from '../face.ts'
import type { Caller, MethodsOf } from '../method.ts'
import { placeOf, seenPath } from '../places.ts'
import { fields, flag, list, oneOf, optional, text } from '../shape.ts'

const id = text({ min: 3, max: 64 })
const path = text({ about: 'A package in the drive, or at the address that a feed names.' })
const did = text({ min: 3, max: 300 })
const permission = text({ min: 3, max: 300 })
const manages = () => 'apps.manage' as const

export const apps: MethodsOf<AppsSdk> = {
  list: {
    summary: 'Installed apps, and what each may do',
    isChange: false,
    permission: manages,
    params: fields({}),
    run: ({ apps }) => apps().list(),
  },
  inspect: {
    summary: 'Verify a package, and tell what installing it would do',
    isChange: false,
    permission: manages,
    params: fields({ path, isDevelopment: optional(flag), feed: optional(did) }),
    run: ({ apps, caller }, input) => apps().inspect({ ...input, path: packageOf(input, caller) }),
  },
  install: {
    summary: 'Install a package, or update the app with it',
    isChange: true,
    permission: manages,
    params: fields({
      path,
      granted: list(permission, 64),
      trust: optional(text({ max: 200 })),
      isDevelopment: optional(flag),
      feed: optional(did),
    }),
    run: ({ apps, caller }, input) => apps().install({ ...input, path: packageOf(input, caller) }),
  },
  uninstall: {
    summary: 'Take an app away, and keep, export or erase its data',
    isChange: true,
    permission: manages,
    params: fields({ id, data: oneOf('keep', 'export', 'erase') }),
    run: ({ apps }, input) => apps().uninstall(input),
  },
  rollBack: {
    summary: 'Back to the version before; its data stays',
    isChange: true,
    permission: manages,
    params: fields({ id }),
    run: ({ apps }, input) => apps().rollBack(input),
  },
  turn: {
    summary: 'Turn an app on or off',
    isChange: true,
    permission: manages,
    params: fields({ id, isOn: flag }),
    run: ({ apps }, input) => apps().turn(input),
  },
  grant: {
    summary: 'Grant an app one of the permissions that it asks for, or take it back',
    isChange: true,
    permission: manages,
    params: fields({ id, permission, isGranted: flag }),
    run: ({ apps }, input) => apps().grant(input),
  },
  launch: {
    summary: 'Where the files of an app can be loaded from now',
    isChange: false,
    permission: manages,
    params: fields({ id }),
    run: ({ apps }, input) => apps().launch(input),
  },
  report: {
    summary: 'Put on record that an app broke a rule of its screen, and whether it was cut off',
    isChange: false,
    permission: manages,
    params: fields({
      id,
      why: text({ pattern: /^[a-z][a-z.-]{0,39}$/, about: 'A code such as limit.rate.' }),
      isCutOff: optional(flag),
    }),
    run: ({ apps }, input) => apps().report(input),
  },
  feeds: {
    summary: "Publishers' feeds, and what is new in them",
    isChange: false,
    permission: manages,
    params: fields({}),
    run: async ({ apps, caller }) => (await apps().feeds()).map((feed) => seenFeed(feed, caller)),
  },
  addFeed: {
    summary: 'Show the apps of a feed: a folder of the drive or at an https address, signed by its publisher',
    isChange: true,
    permission: manages,
    params: fields({
      path: text({
        about: 'A folder with a feed.json: in the drive, or an address that begins with https://.',
      }),
      allowsPrivate: optional(flag),
    }),
    run: async ({ apps, caller }, { path: asked, allowsPrivate }) => {
      const at = isAtAddress(asked) ? asked : placeOf(asked, caller)
      return seenFeed(await apps().addFeed({ path: at, allowsPrivate }), caller)
    },
  },
  refreshFeed: {
    summary: 'Fetch a feed anew from its address, or read its folder again',
    isChange: true,
    permission: manages,
    params: fields({ did }),
    run: async ({ apps, caller }, input) => seenFeed(await apps().refreshFeed(input), caller),
  },
  removeFeed: {
    summary: 'Show the apps of a feed no more',
    isChange: true,
    permission: manages,
    params: fields({ did }),
    run: ({ apps }, input) => apps().removeFeed(input),
  },
}

function isAtAddress(path: string): boolean {
  return /^https?:\/\//i.test(path)
}

/** At an address only what a feed names; whether it does, the feed says. */
function packageOf(
  { path: asked, feed }: { readonly path: string; readonly feed?: string | undefined },
  caller: Caller,
): string {
  return feed !== undefined && isAtAddress(asked) ? asked : placeOf(asked, caller)
}

function seenFeed(feed: FeedFacts, caller: Caller): FeedFacts {
  return {
    ...feed,
    folder: seenPath(feed.folder, caller),
    apps: feed.apps.map((app) => ({ ...app, path: seenPath(app.path, caller) })),
  }
}
