import { type Command, type Context, UsageError, type Values } from '../command.ts'

type AppVerb = (context: Context, args: readonly string[], values: Values) => Promise<number>

/** Each loads what it needs when it is called: `anarq help` reads none of it. */
const appVerbs: Readonly<Record<string, AppVerb>> = {
  new: async (...given) => (await import('./app-new.ts')).newApp(...given),
  dev: async (...given) => (await import('./app-dev.ts')).developApp(...given),
  pack: async (...given) => (await import('./app-pack.ts')).packApp(...given),
  sign: async (...given) => (await import('./app-pack.ts')).signPackage(...given),
  verify: async (...given) => (await import('./app-verify.ts')).verifyPackage(...given),
  submit: async (...given) => (await import('./app-submit.ts')).submitApp(...given),
  install: async (...given) => (await import('./app-install.ts')).installApp(...given),
  feed: async (...given) => (await import('./app-feed.ts')).feedOf(...given),
  list: async (context) => (await import('./app-install.ts')).listApps(context),
  uninstall: async (...given) => (await import('./app-install.ts')).uninstallApp(...given),
  rollback: async (context, args) => (await import('./app-install.ts')).rollBackApp(context, args),
}

export const app: Command = {
  usage: `app ${Object.keys(appVerbs).join('|')} [NAME|FOLDER|FILE.wxa|ID] [-o FILE.wxa]`,
  summary: 'Apps: begin one, pack and sign it, look at what somebody packed, install it, take it away.',
  details: [
    '  app new NAME [--kind frame|component] [--backend] [--id ID]',
    '                              a folder with an app that can be packed at once, and a README that goes on from there',
    '  app dev FOLDER [--grant all|none|ID,ID] [--trust NAME] [--data keep|erase]',
    '                              the folder as an app of the running node, seen anew whenever a file changes; it is taken',
    '                              away when the command ends. --data says what becomes of its data then: it is kept',
    '  app pack FOLDER [-o FILE.wxa] [--unsigned] [--force]',
    '                              checks the folder, packs it, and signs it as the identity in use. Types are taken out',
    '                              of .ts files, which become .js. Left out: names that begin with a dot, node_modules,',
    '                              packages, .d.ts files, and at the top README.md, package.json, package-lock.json and',
    '                              tsconfig.json. --unsigned is for development: most systems refuse such a package',
    '  app sign FILE.wxa [-o FILE.wxa] [--force]',
    '                              signs a package that nobody signed yet; without -o in its place',
    '  app verify FILE.wxa [--unsigned]',
    '                              what it is, who published it, what it wants, and whether all of it is as it was signed.',
    '                              Needs no home and no node. Exit code 1 where it is refused',
    '  app submit FILE.wxa --to FOLDER',
    '                              into a folder that people install from: its feed.json lists your apps, signed by you',
    '  app install FILE.wxa|ID [--grant all|none|ID,ID] [--trust NAME] [--unsigned]',
    '                              shows what it wants, asks, and installs or updates it; a running node goes on. An ID is',
    '                              looked for in the feeds that you added',
    '  app feed add https://…|/FOLDER [--allow-private]',
    '                              shows the apps of a publisher whose feed lies there, as they signed them. From a machine of a',
    '                              private network nothing is fetched without --allow-private, and nothing from where you added none',
    '  app feed list|refresh [NAME]|remove NAME',
    '                              what they offer; what they offer now; and not to be shown any more',
    '  app list                    what is installed',
    '  app rollback ID             back to the version before; its data stays',
    '  app uninstall ID --data keep|export|erase',
    '                              export makes a folder of your drive of what it kept',
  ].join('\n'),
  options: {
    kind: { type: 'string' },
    backend: { type: 'boolean' },
    id: { type: 'string' },
    unsigned: { type: 'boolean' },
    force: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
    grant: { type: 'string' },
    trust: { type: 'string' },
    data: { type: 'string' },
    to: { type: 'string' },
    'allow-private': { type: 'boolean' },
  },
  min: 1,
  max: 3,
  async run(context, args, values) {
    const verb = appVerbs[args[0] ?? '']
    if (verb === undefined)
      throw new UsageError(`"app ${args[0]}" is unknown: use ${Object.keys(appVerbs).join(', ')}.`)
    if (args[1] === undefined && args[0] !== 'list') throw new UsageError('Something is missing.')
    if (args.length > 2 && args[0] !== 'feed') throw new UsageError(`"${args[2]}" is too much.`)
    return verb(context, args, values)
  },
}
