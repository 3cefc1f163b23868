import type { World } from '../world.ts'

/** Something that is told the time once a period. */
export type Beating = { beat(): void }

const slots = 1024
/** The next slot is looked for no further ahead than this, so that where the wheel stands is known well enough. */
const reach = slots / 8

/**
 * One timer for the heartbeats of all links: a timer for each would cost a relay of a hundred thousand some of its memory, and beats at
 * one moment would hold up everything else. A wheel turns once a period; what is on it beats when its slot comes by.
 */
export class Beats {
  readonly #world: World
  readonly #tickMs: number
  readonly #slots = new Map<number, Set<Beating>>()
  #at = 0
  #isTurning = false

  constructor(world: World, periodMs: number) {
    this.#world = world
    this.#tickMs = periodMs / slots
  }

  /** First within a period, at a time that chance gives, so that what began together does not beat together; then every period. */
  add(one: Beating): number {
    const [high, low] = this.#world.random.bytes(2) as unknown as [number, number]
    const ahead = slots / 2 + (((high << 8) | low) % (slots / 2))
    const slot = (this.#at + ahead) % slots
    const there = this.#slots.get(slot)
    if (there === undefined) this.#slots.set(slot, new Set([one]))
    else there.add(one)
    if (!this.#isTurning) this.#turn()
    return slot
  }

  remove(one: Beating, slot: number): void {
    const there = this.#slots.get(slot)
    if (there?.delete(one) === true && there.size === 0) this.#slots.delete(slot)
  }

  #turn(): void {
    let steps = 1
    while (steps < reach && !this.#slots.has((this.#at + steps) % slots)) steps += 1
    this.#isTurning = true
    this.#world.after(steps * this.#tickMs, () => {
      this.#at = (this.#at + steps) % slots
      try {
        for (const one of this.#slots.get(this.#at) ?? []) one.beat()
      } finally {
        // A defect of one's host stops nobody else's.
        this.#isTurning = false
        if (this.#slots.size > 0) this.#turn()
      }
    })
  }
}

const wheels = new WeakMap<World, Map<number, Beats>>()

/** The one of this world and period. */
export function beatsOf(world: World, periodMs: number): Beats {
  const ofWorld = wheels.get(world) ?? new Map<number, Beats>()
  wheels.set(world, ofWorld)
  const beats = ofWorld.get(periodMs) ?? new Beats(world, periodMs)
  ofWorld.set(periodMs, beats)
  return beats
}
