import { asFault, Fault, kindOf } from '@anarq/fault'
import type { describeMethods, JsonSchema, Sdk } from '@anarq/sdk'
import type { Tool as ListedTool } from '@modelcontextprotocol/server'
import type { ToolAccess } from './access.ts'
import { checkBelow, checkInside } from './confine.ts'
import type { Answer } from './results.ts'
import { isListed, type Plan, table } from './table.ts'

/** What the SDK says of its methods. */
export type Methods = ReturnType<typeof describeMethods>

export type Tool = {
  readonly listed: ListedTool
  isFor(access: ToolAccess): boolean
  /** Throws `Fault`s, which `refusalOf` puts into words. */
  run(sdk: Sdk, input: Readonly<Record<string, unknown>>, access: ToolAccess): Promise<Answer>
}

/** The tools, by name, of the methods that an assistant may have at all. */
export function createTools(methods: Methods): ReadonlyMap<string, Tool> {
  const tools = methods.flatMap((method) => {
    const plan = Object.hasOwn(table, method.name) ? table[method.name] : undefined
    return plan === undefined ? [] : [toolOf(method, plan)]
  })
  return new Map(tools.map((tool) => [tool.listed.name, tool]))
}

function toolOf({ name, summary, isChange, params }: Methods[number], plan: Plan): Tool {
  const tool = name.replace('.', '_')
  const { paths, below = [], without = [] } = plan
  return {
    listed: {
      name: tool,
      title: plan.title,
      description: [`${plan.summary ?? summary}.`, plan.about].filter(Boolean).join(' '),
      inputSchema: inputOf(params, plan),
      ...(plan.output === undefined
        ? {}
        : { outputSchema: plan.output as ListedTool['outputSchema'] & object }),
      annotations: {
        title: plan.title,
        readOnlyHint: !isChange,
        ...(isChange ? { destructiveHint: plan.isDestructive === true } : {}),
        openWorldHint: false,
      },
    },
    isFor: (access) => isListed(plan, isChange, access),
    async run(sdk, input, access) {
      const strange = without.find((field) => Object.hasOwn(input, field))
      if (strange !== undefined) throw new Fault('invalid.params', `${tool} has no field "${strange}".`)
      for (const field of paths) checkInside(input[field], access)
      // To a key that may not change anything, the permission is what is said to be missing.
      if (access.rights === 'write') for (const field of below) checkBelow(input[field], access)
      return plan.run(sdk, input as never, access)
    },
  }
}

function inputOf(params: JsonSchema, { without = [], fields = {}, paths }: Plan): ListedTool['inputSchema'] {
  const {
    properties,
    required = [],
    ...rest
  } = params as {
    properties: Readonly<Record<string, JsonSchema>>
    required?: readonly string[]
  }
  const kept = Object.entries(properties).filter(([name]) => !without.includes(name))
  const needed = required.filter((name) => !without.includes(name))
  const described = kept.map(([name, schema]) => [
    name,
    paths.includes(name) ? { ...schema, ...aboutPath } : schema,
  ])
  return {
    ...rest,
    type: 'object',
    properties: { ...Object.fromEntries(described), ...fields },
    ...(needed.length === 0 ? {} : { required: needed }),
  }
}

const aboutPath = { description: 'A path of the drive, such as /folder/file.txt.' }

/** The refusal or failure as the assistant reads it, and the fault itself where it is a defect of ours. */
export function refusalOf(error: unknown, paths: readonly unknown[]): { answer: Answer; defect?: Fault } {
  const fault = asFault(error)
  const isDefect = kindOf(fault) === 'internal'
  return { answer: failure(fault.code, sentenceOf(fault, paths)), ...(isDefect ? { defect: fault } : {}) }
}

/** What does not exist and what the key does not open are told in the same words. */
function sentenceOf(fault: Fault, paths: readonly unknown[]): string {
  if (kindOf(fault) === 'internal')
    return 'Something went wrong inside AnarQ. Try again; if it happens again, tell the person to report it.'
  if (fault.code === 'missing.object') {
    const named = paths.filter((path) => typeof path === 'string').map((path) => `"${path.slice(0, 200)}"`)
    return `There is no ${named.join(', or no folder for ') || 'such thing'} here. See what there is with storage_list or index_find.`
  }
  if (fault.code === 'refused.permission')
    return `${fault.message} The person can make a key that allows it, in the settings.`
  return fault.message
}

function failure(code: string, sentence: string): Answer {
  return { isError: true, content: [{ type: 'text', text: sentence }], _meta: { 'org.anarq/code': code } }
}

/** The paths that a tool was called with. */
export function pathsIn(input: Readonly<Record<string, unknown>>): readonly unknown[] {
  return [input.path, input.to]
}
