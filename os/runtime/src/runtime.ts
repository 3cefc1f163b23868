import { type Clock, systemClock } from '@anarq/clock'
import { asFault, Fault } from '@anarq/fault'
import { type Random, systemRandom } from '@anarq/random'
import { type Backend, createBackend } from './backend.ts'
import type { Engine, Source } from './engine.ts'
import { type Host, withOwnMethods } from './host.ts'
import { createIncidentDesk, type Incident, type IncidentDesk } from './incident.ts'
import { limitsFrom, type RuntimeLimits } from './limits.ts'
import { checkSource } from './source.ts'
import { systemTimers, type Timers } from './timers.ts'

export type RuntimeOptions = {
  engine: Engine
  clock?: Clock
  timers?: Timers
  random?: Random
  limits?: Partial<RuntimeLimits>
  /** Goes to the guardian. What it throws is ignored. */
  onIncident(incident: Incident): void
}

export type StartOptions = { app: string; source: Source; host: Host }

export type Runtime = {
  /**
   * Starts a backend and resolves when its entry has loaded. Fails with `invalid.source`, `limit.source`, `missing.entry`, with
   * `invalid.backend` where it does not load, with `conflict.backend` where the app has one already.
   */
  start(options: StartOptions): Promise<Backend>
  /** Those that were not stopped. */
  backends(): readonly Backend[]
  /** Stops every backend. */
  close(): Promise<void>
}

const appPattern = /^[a-z0-9][a-z0-9._-]{0,127}$/

export function createRuntime({
  engine,
  clock = systemClock,
  timers = systemTimers,
  random = systemRandom,
  limits: given = {},
  onIncident,
}: RuntimeOptions): Runtime {
  const limits = limitsFrom(given)
  const backends = new Map<string, Backend>()

  return {
    async start({ app, source, host }) {
      if (!appPattern.test(app)) throw new Fault('invalid.app', 'The id of an app is not well formed.')
      if (backends.has(app))
        throw new Fault('conflict.backend', `${app} has a backend already. Stop it before you start another.`)
      const desk = createIncidentDesk(app, clock, onIncident)
      const backend = createBackend({
        app,
        source: checked(source, desk),
        host: withOwnMethods({ host, random, timers, limits }),
        engine,
        limits,
        clock,
        timers,
        desk,
        onStopped: () => {
          if (backends.get(app) === backend) backends.delete(app)
        },
      })
      backends.set(app, backend)
      try {
        await backend.wake()
      } catch (error) {
        await backend.stop()
        throw error
      }
      return backend
    },
    backends: () => [...backends.values()],
    async close() {
      await Promise.all([...backends.values()].map((backend) => backend.stop()))
    },
  }

  function checked(source: Source, desk: IncidentDesk): Source {
    try {
      return checkSource(source, limits)
    } catch (error) {
      const { code, message: detail } = asFault(error)
      const sentence = 'The modules of the app were refused before any of them ran.'
      desk.report({ kind: 'broken', outcome: 'refused', sentence, evidence: { code, detail } })
      throw error
    }
  }
}
