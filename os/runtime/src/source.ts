import { Fault } from '@anarq/fault'
import type { Source } from './engine.ts'
import type { RuntimeLimits } from './limits.ts'

const pathPattern = /^[A-Za-z0-9_@+-][A-Za-z0-9_@+.-]*(?:\/[A-Za-z0-9_@+-][A-Za-z0-9_@+.-]*)*$/
const pathCharsMax = 256

/** A copy of a source whose paths are plain and whose texts fit, so that later changes of the caller's map change nothing. */
export function checkSource(source: Source, limits: RuntimeLimits): Source {
  const { modulesMax, moduleBytesMax, sourceBytesMax } = limits
  const { entry } = source
  const modules = new Map<string, string>()
  let total = 0
  for (const [path, text] of source.modules) {
    // A part that begins with a dot is refused too: "..", "." and hidden names have no meaning in here.
    if (typeof path !== 'string' || path.length > pathCharsMax || !pathPattern.test(path))
      throw new Fault(
        'invalid.source',
        `The module path ${quoted(path)} is not plain. Use names of letters, digits, "_", "-", "." and "@" with "/" between them.`,
      )
    if (typeof text !== 'string') throw new Fault('invalid.source', `The module ${path} is not text.`)
    total += text.length
    if (text.length > moduleBytesMax || total > sourceBytesMax || modules.size === modulesMax)
      throw new Fault(
        'limit.source',
        `The backend is too large at ${path}: at most ${modulesMax} modules of ${moduleBytesMax} characters, ${sourceBytesMax} together.`,
      )
    modules.set(path, text)
  }
  if (!modules.has(entry))
    throw new Fault('missing.entry', `The backend has no module ${quoted(entry)}. Name one of its modules.`)
  return { entry, modules }
}

function quoted(text: unknown): string {
  return JSON.stringify(String(text).slice(0, 80))
}
