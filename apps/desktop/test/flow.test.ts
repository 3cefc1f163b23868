import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FlowAct, nextStep, type Step, wordsIn } from '../src/first-run/flow.ts'

const words = Array.from({ length: 24 }, (_, index) => `word${index}`)
const acts: fc.Arbitrary<FlowAct> = fc.oneof(
  fc.constantFrom<FlowAct>(
    { do: 'begin' },
    { do: 'recover' },
    { do: 'restore' },
    { do: 'enrol' },
    { do: 'enrolled' },
    { do: 'joined', name: 'Ada' },
    { do: 'back' },
    { do: 'passed' },
    { do: 'confirmed', hasPasskeys: true },
    { do: 'confirmed', hasPasskeys: false },
    { do: 'recovered', hasPasskeys: true },
    { do: 'recovered', hasPasskeys: false },
    { do: 'made', words },
  ),
  fc.record({ do: fc.constant('named' as const), name: fc.string() }),
  fc.record({ do: fc.constant('remembered' as const), words: fc.constant(words.join(' ')) }),
  fc
    .double({ min: 0, max: 0.999, noNaN: true })
    .map((number): FlowAct => ({ do: 'written', random: () => number })),
)

test('nobody reaches the end of a new identity without having confirmed three different words', () => {
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 40 }), (all) => {
      let step: Step = { at: 'welcome' }
      let before: string = step.at
      for (const act of all) {
        before = step.at
        step = nextStep(step, act)
        if (step.at === 'confirm') assert.equal(new Set(step.asked).size, 3)
        if (['passkey', 'ready'].includes(step.at) && before !== step.at)
          assert.ok(['confirm', 'passphrase', 'passkey', 'join'].includes(before))
        if (before === 'words')
          assert.ok(['words', 'confirm'].includes(step.at), 'there is no way back before an identity')
      }
    }),
  )
})

test('words are read however they were written down', () => {
  assert.deepEqual(wordsIn('1. Abandon  2) ability\n3 ABLE,about'), ['abandon', 'ability', 'able', 'about'])
})
