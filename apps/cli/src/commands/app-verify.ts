import { readPackage } from '@anarq/wxa'
import { openZipFile } from '@anarq/zip'
import type { Context, Values } from '../command.ts'
import { describePackage, factsOf } from './app-text.ts'

/** Whatever is wrong is thrown: one sentence, and exit code 1. */
export async function verifyPackage(
  { terminal, signal }: Context,
  args: readonly string[],
  values: Values,
): Promise<number> {
  const archive = await openZipFile(args[1] as string)
  try {
    const allowsUnsigned = values.unsigned === true
    const facts = factsOf(await readPackage(archive, { nowMs: Date.now(), allowsUnsigned, signal }))
    terminal.result(facts, describePackage(facts))
    return 0
  } finally {
    await archive.close()
  }
}
