import { vaultPath } from '@anarq/files/home'
import { peekTwinFile } from '@anarq/files/twin-file'
import { beginStretch, type HeadStart } from '@anarq/kernel/head-start'

/**
 * For a command that need not wait for a passphrase: begins on its key, on another thread, and gives what `openNode` takes
 * as `stretch`. Undefined where there is no vault to begin with; what is wrong with it is said when the home is opened.
 */
export async function beginUnlock(home: string, passphrase: () => string): Promise<HeadStart | undefined> {
  const vault = await peekTwinFile(vaultPath(home)).catch(() => undefined)
  if (vault === undefined) return undefined
  const given = passphrase()
  try {
    return beginStretch(vault, given)
  } catch {
    return undefined
  }
}
