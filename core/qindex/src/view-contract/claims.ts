import { testDigest } from '../fixtures.ts'
import type { IndexRecord } from '../record/record.ts'
import type { Entry, View } from '../view/view.ts'

/** A view to be tried, empty when it opens, gone when it closes. */
export type OpenView = () => Promise<{ readonly view: View; close(): Promise<void> }>

export async function use(open: OpenView, claim: (view: View) => void): Promise<void> {
  const { view, close } = await open()
  try {
    claim(view)
  } finally {
    await close()
  }
}

export function apply(view: View, ...records: IndexRecord[]): void {
  view.apply(records, testDigest('root'))
}

export function names(entries: readonly Entry[]): string[] {
  return entries.map((entry) => entry.name)
}
