import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Fault } from '@anarq/fault'
import { createQuickjs } from '@anarq/quickjs'
import {
  type Backend,
  createRuntime,
  type Host,
  type Incident,
  type IncidentKind,
  type Runtime,
  type RuntimeLimits,
} from '@anarq/runtime'

/** What a hostile app tried, and what is left of it. */
export type Outcome = {
  readonly status?: number
  readonly text?: string
  readonly fault?: Fault
  /** What it found and tried to carry out, by a method that it was not given. */
  readonly loot: unknown
  readonly incidents: readonly Incident[]
  readonly backend?: Backend
}

export type Escape = {
  /** The body of its request handler. What it returns with `carry(loot)` is what it found. */
  readonly attempt?: string
  readonly modules?: Readonly<Record<string, string>>
  readonly limits?: Partial<RuntimeLimits>
  /** On record afterwards. */
  readonly incident: IncidentKind
  readonly check?: (outcome: Outcome) => void
}

/** Small, so that each end comes soon; what they are does not matter to what happens. */
const limits: Partial<RuntimeLimits> = { turnMsMax: 150, requestMsMax: 60_000, startMsMax: 60_000 }

let neighbour: Backend
let neighbours: Runtime

export function useNeighbour(): void {
  before(async () => {
    neighbours = createRuntime({ engine: createQuickjs(), onIncident: (one) => assert.fail(one.sentence) })
    const modules = new Map([
      ['main.js', "let n = 0; export default { request() { n += 1; return { body: 'here ' + n } } }"],
    ])
    const host: Host = { call: async () => null }
    neighbour = await neighbours.start({ app: 'neighbour', source: { entry: 'main.js', modules }, host })
  })
  after(() => neighbours.close())
}

const empty = { method: 'GET', path: '/', query: {}, headers: {}, body: new Uint8Array(0) }
let asked = 0

async function askNeighbour(): Promise<void> {
  asked += 1
  const { body } = await neighbour.request(empty)
  assert.equal(new TextDecoder().decode(body), `here ${asked}`)
}

export function testEscape(title: string, given: Escape): void {
  test(`[WX-LAY-14] ${title}: fails, is on record, and the app beside it goes on`, async () => {
    const [outcome] = await Promise.all([attempt(given), askNeighbour()])
    await askNeighbour()
    const kinds = outcome.incidents.map(({ kind }) => kind)
    assert.ok(
      kinds.includes(given.incident),
      `on record: ${kinds.join() || 'nothing'}, ${outcome.fault?.message}`,
    )
    given.check?.(outcome)
    // Whatever was tried: nothing of this process was touched.
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
    await outcome.backend?.stop()
  })
}

async function attempt({ attempt: body = '', modules, limits: given }: Escape): Promise<Outcome> {
  const incidents: Incident[] = []
  const runtime = createRuntime({
    engine: createQuickjs(),
    limits: { ...limits, ...given },
    onIncident: (incident) => incidents.push(incident),
  })
  let loot: unknown
  const host: Host = {
    async call(method, params) {
      if (method === 'given.echo') return params
      loot = params
      throw new Fault('refused.permission', `The app was not given ${method}.`)
    },
  }
  const main = `export default { async request(request, anarq) {
    const carry = (loot) => anarq.outside.carry(loot).then(() => ({ body: 'carried' }), (e) => ({ body: e.code }))
    ${body}
  } }`
  const source = { entry: 'main.js', modules: new Map(Object.entries(modules ?? { 'main.js': main })) }
  let backend: Backend | undefined
  try {
    backend = await runtime.start({ app: 'hostile', source, host })
    const answer = await backend.request(empty)
    return {
      status: answer.status,
      text: new TextDecoder().decode(answer.body),
      loot,
      incidents,
      backend,
    }
  } catch (error) {
    assert.ok(error instanceof Fault, String(error))
    return { fault: error, loot, incidents, ...(backend === undefined ? {} : { backend }) }
  }
}

/** It was told no, and had nothing worth carrying. */
export function foundOnly(expected: unknown): (outcome: Outcome) => void {
  return ({ text, loot, fault }) => {
    assert.equal(fault, undefined)
    assert.equal(text, 'refused.permission')
    assert.deepEqual(loot, expected)
  }
}

export function wasEnded({ fault, backend }: Outcome): void {
  assert.equal(fault?.code, 'unavailable.ended')
  assert.equal(backend?.stats().state, 'paused')
}
