import {
  badField,
  type Fields,
  readInteger,
  readList,
  readMap,
  readOneOf,
  readPattern,
  readShown,
  requireDistinct,
} from './fields.ts'
import {
  descriptionCharactersMax,
  idCharactersMax,
  idCharactersMin,
  languagesMax,
  nameCharactersMax,
  permissionsMax,
  routeCharactersMax,
  routesMax,
  whyCharactersMax,
  windowSideMax,
  windowSideMin,
} from './limits.ts'
import { checkPath } from './path.ts'
import { type Permission, parsePermission } from './permission.ts'
import { parseVersion } from './version.ts'

export const categories = [
  'communication',
  'development',
  'education',
  'files',
  'finance',
  'games',
  'health',
  'media',
  'network',
  'productivity',
  'social',
  'tools',
] as const
export type Category = (typeof categories)[number]

/** `component`: a module that the shell loads. `frame`: a page of its own in a sandboxed frame. */
export type UiKind = 'component' | 'frame'

/** What a developer says of an app. */
export type AppFields = {
  readonly manifest: 1
  /** Reverse DNS: `org.example.notes`. */
  readonly id: string
  readonly name: string
  readonly version: string
  readonly category: Category
  readonly description: string
  readonly permissions: readonly Permission[]
  readonly ui?: { readonly kind: UiKind; readonly entry: string }
  readonly backend?: { readonly entry: string }
  readonly icon: string
  /** Below `/apps/ID`; a part that begins with `:` stands for any. Answered by the backend. */
  readonly routes?: readonly string[]
  /** Of its window, in CSS pixels. */
  readonly defaultSize?: { readonly width: number; readonly height: number }
  /** BCP 47. */
  readonly languages?: readonly string[]
  /** The earliest version of the system that it runs on. */
  readonly minimumSystem?: string
}

export const appFieldNames: { readonly required: readonly string[]; readonly optional: readonly string[] } = {
  required: ['manifest', 'id', 'name', 'version', 'category', 'description', 'permissions', 'icon'],
  optional: ['ui', 'backend', 'routes', 'defaultSize', 'languages', 'minimumSystem'],
}

const idPattern = /^[a-z](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/
const deviceLabel = /^(con|prn|aux|nul|com\d|lpt\d)\./
const routePattern = /^(?:\/(?::?[A-Za-z0-9_-]|:?[A-Za-z0-9_-][A-Za-z0-9._-]*[A-Za-z0-9_-]))+$/
const languagePattern = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?$/

/** The fields of `appFieldNames`, each checked. A draft may name TypeScript, which packing turns into JavaScript. */
export function readAppFields(fields: Fields, { isDraft = false }: { isDraft?: boolean } = {}): AppFields {
  if (fields.manifest !== 1)
    throw badField('manifest', 'must be 1: this system knows version 1 of the format. Update the system.')
  const app = {
    manifest: 1,
    id: readAppId(fields.id),
    name: readShown(fields.name, 'name', nameCharactersMax),
    version: readVersion(fields.version, 'version'),
    category: readOneOf(fields.category, 'category', categories),
    description: readShown(fields.description, 'description', descriptionCharactersMax),
    permissions: readPermissions(fields.permissions),
    icon: readFileName(fields.icon, 'icon', /\.(svg|png|webp)$/, 'a .svg, .png or .webp file'),
    ...readUi(fields.ui, isDraft),
    ...readBackend(fields.backend, isDraft),
    ...readRoutes(fields),
    ...readDefaultSize(fields.defaultSize),
    ...readLanguages(fields.languages),
    ...(fields.minimumSystem === undefined
      ? {}
      : { minimumSystem: readVersion(fields.minimumSystem, 'minimumSystem') }),
  } as const
  if (app.ui === undefined && app.backend === undefined)
    throw badField('ui', 'is missing, and so is "backend": an app has one of them or both.')
  return app
}

/** An app's id, or `invalid.manifest`. */
export function readAppId(value: unknown): string {
  const rule = `a name in reverse DNS such as org.example.notes: ${idCharactersMin} to ${idCharactersMax} characters, two or more labels of a-z, 0-9 and - joined by dots`
  const id = readPattern(value, 'id', idPattern, rule)
  const isFit = id.length >= idCharactersMin && id.length <= idCharactersMax
  // A label of another script, written in ASCII, would be compared by what it is not read as.
  const isForeign = id.split('.').some((label) => label.startsWith('xn--'))
  if (!isFit || isForeign || deviceLabel.test(id)) throw badField('id', `must be ${rule}.`)
  return id
}

/** What the manifest names has to be in the package. */
export function checkEntryPoints(app: AppFields, files: readonly { readonly path: string }[]): void {
  const paths = new Set(files.map(({ path }) => path))
  for (const [field, path] of [
    ['icon', app.icon],
    ['ui.entry', app.ui?.entry],
    ['backend.entry', app.backend?.entry],
  ] as const) {
    if (path !== undefined && !paths.has(path))
      throw badField(
        field,
        `names ${JSON.stringify(path)}, which is not in the package. Add the file or correct the name.`,
      )
  }
}

function readUi(value: unknown, isDraft: boolean): Pick<AppFields, 'ui'> {
  if (value === undefined) return {}
  const fields = readMap(value, 'ui', ['kind', 'entry'])
  const kind = readOneOf(fields.kind, 'ui.kind', ['component', 'frame'])
  const entry =
    kind === 'frame'
      ? readFileName(fields.entry, 'ui.entry', /\.html$/, 'a .html file')
      : readScript(fields.entry, 'ui.entry', isDraft)
  return { ui: { kind, entry } }
}

function readBackend(value: unknown, isDraft: boolean): Pick<AppFields, 'backend'> {
  if (value === undefined) return {}
  const { entry } = readMap(value, 'backend', ['entry'])
  return { backend: { entry: readScript(entry, 'backend.entry', isDraft) } }
}

function readScript(value: unknown, field: string, isDraft: boolean): string {
  return isDraft
    ? readFileName(value, field, /\.(js|mjs|ts)$/, 'a .js, .mjs or .ts file')
    : readFileName(value, field, /\.(js|mjs)$/, 'a .js or .mjs file')
}

function readFileName(value: unknown, field: string, ending: RegExp, rule: string): string {
  return checkPath(readPattern(value, field, ending, rule))
}

export function readVersion(value: unknown, field: string): string {
  if (typeof value === 'string' && parseVersion(value) !== undefined) return value
  throw badField(field, 'must be a version such as 1.2.3 or 1.2.3-beta.1 (semver.org, without "+").')
}

function readPermissions(value: unknown): readonly Permission[] {
  const permissions = readList(value, 'permissions', { max: permissionsMax }).map((one, i) => {
    const field = `permissions.${i}`
    const { id, why } = readMap(one, field, ['id', 'why'])
    if (typeof id !== 'string' || parsePermission(id) === undefined)
      throw badField(
        `${field}.id`,
        'must be namespace.action or namespace.action:scope, such as drive.read or network:api.example.org.',
      )
    return { id, why: readShown(why, `${field}.why`, whyCharactersMax) }
  })
  requireDistinct(
    permissions.map(({ id }) => id),
    'permissions',
  )
  return permissions
}

function readRoutes({ routes: value, backend }: Fields): Pick<AppFields, 'routes'> {
  if (value === undefined) return {}
  if (backend === undefined) throw badField('routes', 'needs a "backend" that answers there.')
  const routes = readList(value, 'routes', { min: 1, max: routesMax }).map((one, i) => {
    const field = `routes.${i}`
    const rule = `a path such as /notes or /notes/:id, of at most ${routeCharactersMax} characters`
    const route = readPattern(one, field, routePattern, rule)
    if (route.length > routeCharactersMax) throw badField(field, `must be ${rule}.`)
    return route
  })
  requireDistinct(routes, 'routes')
  return { routes }
}

function readDefaultSize(value: unknown): Pick<AppFields, 'defaultSize'> {
  if (value === undefined) return {}
  const { width, height } = readMap(value, 'defaultSize', ['width', 'height'])
  const side = { min: windowSideMin, max: windowSideMax }
  return {
    defaultSize: {
      width: readInteger(width, 'defaultSize.width', side),
      height: readInteger(height, 'defaultSize.height', side),
    },
  }
}

function readLanguages(value: unknown): Pick<AppFields, 'languages'> {
  if (value === undefined) return {}
  const languages = readList(value, 'languages', { min: 1, max: languagesMax }).map((one, i) =>
    readPattern(one, `languages.${i}`, languagePattern, 'a language such as en, es or pt-BR'),
  )
  requireDistinct(languages, 'languages')
  return { languages }
}
