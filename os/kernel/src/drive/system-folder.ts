/**
 * Where the system keeps what is its own and its apps' in the drive: sealed, versioned and backed up like everything else. For
 * apps and for tools with keys it does not exist.
 */
export const systemFolder = '/.anarq'

export function isSystemPath(path: string): boolean {
  return path === systemFolder || path.startsWith(`${systemFolder}/`)
}
